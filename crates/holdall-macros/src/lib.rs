//! The attributes of Holdall. Each goes three steps: *parse* the attribute and the function into a model, *validate*
//! it, collecting every mistake, *generate* calls to the public builder of the `holdall` crate. No behaviour lives here.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `options` | what may stand in the parentheses of an attribute, and of `#[arg]` |
//! | `function` | what a signature says: names, types, doc comments |
//! | `uri` | which variables the URI of a resource has |
//! | `rules` | what names, headers, scopes, icons must look like |
//! | `mistakes` | how all mistakes come out at once, each with its fix |
//! | `generate`, `toolset` | which calls of the builder come out |

mod function;
mod generate;
mod mistakes;
mod options;
mod rules;
#[cfg(test)]
mod tests;
mod toolset;
mod uri;

use options::Kind;
use proc_macro::TokenStream;

/// Makes a tool of a function: something a model may call.
///
/// The function stays an ordinary function. Beside it, its name becomes something `tools![…]` understands:
/// the doc comment is the description, the parameters are the input schema, the return type is the result.
///
/// ```
/// use holdall::prelude::*;
///
/// /// Find books by a word in the title.
/// #[tool(read_only, timeout = "5s")]
/// async fn find_books(
///     /// The word.
///     word: String,
///     /// How many to return.
///     #[arg(default = 10, range = 1..=50)]
///     limit: u32,
///     /// Only books of this language.
///     language: Option<String>,
/// ) -> Result<Json<Vec<String>>, CallError> {
///     if word.is_empty() {
///         return Err(CallError::invalid_arguments("`word` is empty").hint("give at least one letter"));
///     }
///     Ok(Json(vec![format!("{word} ({limit}, {language:?})")]))
/// }
///
/// let server = Server::new("library").add(tools![find_books]);
/// # server.build()?;
/// # Ok::<(), holdall::Error>(())
/// ```
///
/// # Options
/// | option | meaning | unit and form | default |
/// | --- | --- | --- | --- |
/// | `name = "…"` | the name in the protocol | 1 to 128 letters, digits, `_`, `-`, `.` | the function's name |
/// | `title = "…"` | the name people see | text | none |
/// | `description = "…"` | what the tool does and when to use it | text | the doc comment; a tool without either is logged when the server is built |
/// | `read_only` | it changes nothing | flag; `= false` denies | unsaid, read as `false` |
/// | `destructive` | it may destroy something | flag; `= false` denies | unsaid, read as `true` |
/// | `idempotent` | a second, equal call changes nothing more | flag; `= false` denies | unsaid, read as `false` |
/// | `open_world` | it deals with the world outside | flag; `= false` denies | unsaid, read as `true` |
/// | `confirm` | a refused `ctx.confirm(…)` can be answered by calling again with a code | flag | off |
/// | `icons("…", icon("…", …))` | pictures clients may show | `https:` or `data:`; in `icon(…)` also `mime_type = "…"`, `sizes("48x48", "any")`, `theme = "light"` or `"dark"` | none |
/// | `version = "…"` | the version, as `_meta["holdall/version"]` | text | none |
/// | `tags("…", "…")` | words to sort tools by, as `_meta["holdall/tags"]` | texts | none |
/// | `scopes("…", "…")` | who calls must have all of them | visible ASCII without spaces | none: everybody may |
/// | `timeout = "30s"` | how long a call may take | whole number and `ms`, `s`, `m` or `h` | 30 s |
/// | `max_result_bytes = 1_000_000` | larger results become an error | bytes | 4 MiB |
/// | `task = "optional"` | a call that takes long becomes a task, which the client asks about until it is done | `"optional"`: clients that know no tasks wait for the result; `"required"`: they cannot call it | never a task, or `"optional"` if one of the next three is given |
/// | `task_after = "500ms"` | how long a call may take before it becomes a task | as `timeout`; `"0s"` makes every call a task | `TaskOptions::grace` of the server: 100 ms |
/// | `task_timeout = "2h"` | how long a task may run, the waiting for answers not counted; `timeout` is for calls that are none | as `timeout` | `TaskOptions::timeout` of the server: 1 hour |
/// | `task_ttl = "24h"` | how long a task lives from its creation, whether it runs or has ended | as `timeout`; not less than `task_timeout` | `TaskOptions::ttl` of the server: 2 hours, or the timeout of the task if that is longer |
/// | `meta("com.example/a" = value)` | further entries of `_meta` | any value that is `Serialize` | none |
/// | `crate = path` | where `holdall` is found, if it is renamed or inside another crate | path | `::holdall` |
///
/// ```
/// use holdall::prelude::*;
///
/// /// Delete a book. Ask the user first.
/// #[tool(
///     name = "library.delete",
///     title = "Delete book",
///     destructive,
///     idempotent,
///     open_world = false,
///     confirm,
///     icons(
///         "https://example.com/bin.png",
///         icon("https://example.com/bin.svg", mime_type = "image/svg+xml", sizes("any"), theme = "dark")
///     ),
///     version = "2.0.0",
///     tags("books"),
///     scopes("books:write"),
///     timeout = "2m",
///     max_result_bytes = 64 * 1024,
///     meta("com.example/owner" = "library team", "com.example/cost" = 3)
/// )]
/// async fn delete(ctx: Context, isbn: String) -> CallResult<String> {
///     ctx.confirm(format!("Delete {isbn}?")).await?;
///     Ok(format!("deleted {isbn}"))
/// }
/// # Server::new("library").add(tools![delete]).build()?;
/// # Ok::<(), holdall::Error>(())
/// ```
///
/// A call that takes longer than anybody waits becomes a task; the function need not know:
///
/// ```
/// use holdall::prelude::*;
///
/// /// Count the books on all shelves.
/// #[tool(read_only, task = "optional", task_after = "2s", task_timeout = "30m")]
/// fn take_stock(ctx: Context) -> CallResult<u64> {
///     let mut books = 0;
///     for shelf in 0..1000 {
///         // Nobody can stop a blocking function from outside: where the work is long, it looks.
///         if ctx.is_cancelled() {
///             return Err(CallError::new(ErrorKind::Cancelled, "the stocktaking was called off"));
///         }
///         books += shelf % 40;
///     }
///     Ok(books)
/// }
/// # Server::new("library").add(tools![take_stock]).build()?;
/// # Ok::<(), holdall::Error>(())
/// ```
///
/// # Parameters
/// | parameter | where its value comes from |
/// | --- | --- |
/// | `name: T` with `T: Deserialize + JsonSchema` | the caller, who must give it |
/// | `name: &str` | the same, as text |
/// | `name: Option<T>`, `name: Option<&str>` | the caller, who may leave it out or send `null` |
/// | `#[arg(flatten)] name: T` with a struct `T` | the caller: each field is an argument; a pattern may take it apart |
/// | `ctx: Context`, `ctx: &Context` | the call itself: progress, questions, who calls |
/// | `db: State<Db>`, `db: &State<Db>` | the server, which got it with `Server::state` |
///
/// `Option`, `Context` and `State` are known by these names; a type of yours that is called `Context` becomes an
/// argument with `#[arg]` in front of it. A leading `_` is no part of the name. A doc comment on a parameter is its
/// description; without one that of its type is.
///
/// | `#[arg(…)]` | meaning | form | default |
/// | --- | --- | --- | --- |
/// | `name = "…"` | the name in the protocol | 1 to 64 letters, digits, `_`, `-`, `.` | the parameter's |
/// | `title = "…"` | the name people see, of arguments of prompts | text | none |
/// | `description = "…"` | what it is for | text | the doc comment |
/// | `default = …` | the value taken when it is left out | a value of the type, or the text it is read from | none: it is required |
/// | `range = 1..=50` | numbers allowed | `a..=b`, `a..b`, `a..`, `..=b`, `..b` | those of the type |
/// | `length = 1..=100` | characters of a text, items of a list | `a..=b`, `a..`, `..=b` | any |
/// | `unique` | no item of a list may come twice | flag | they may |
/// | `pattern = "^a+$"` | a regular expression the text matches somewhere | without look-around and back-references: it takes linear time | none |
/// | `format = "date"` | the form of the text, enforced | `date`, `date-time`, `time`, `duration`, `email`, `hostname`, `ipv4`, `ipv6`, `uri`, `uri-reference`, `uri-template`, `uuid`, `regex`, `json-pointer` | none |
/// | `one_of = ["a", "b"]` | the only values allowed | values of the type | any |
/// | `examples = ["a"]` | values that show what is meant | values of the type | none |
/// | `header = "Region"` | clients repeat it in the HTTP header `Mcp-Param-Region` (`x-mcp-header`) | the name of a header; texts, integers, booleans; nothing secret | it does not travel in a header |
/// | `flatten` | each field of the struct is an argument | flag, alone | one argument |
///
/// What is promised is enforced, and what is enforced is promised: the schema a model sees is the one its arguments
/// are checked against, and all that is wrong with them is said in one reply. Options that make no sense for a type are
/// compile errors where the type's name tells, and keep the server from starting where it does not.
///
/// Types of your own derive `Deserialize` and `JsonSchema`. `serde` has to be among your dependencies, with its feature
/// `derive`; `schemars` comes with the prelude. Fields take `#[serde(…)]`, `#[schemars(range(min = 1), regex(pattern = "…"))]`
/// and doc comments; documented variants of an `enum` are shown with their documentation; fields that are not known are
/// refused at any depth; nested types are written out, and only recursive ones are referred to.
///
/// ```
/// use holdall::prelude::*;
/// use serde::Deserialize;
///
/// #[derive(Deserialize, JsonSchema)]
/// #[serde(rename_all = "lowercase")]
/// enum Order {
///     /// Newest first.
///     Newest,
///     /// Oldest first.
///     Oldest,
/// }
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Search {
///     /// What to look for.
///     query: String,
///     /// How many.
///     #[serde(default = "ten")]
///     #[schemars(range(min = 1, max = 50))]
///     limit: u32,
/// }
///
/// fn ten() -> u32 {
///     10
/// }
///
/// /// Search the catalogue.
/// #[tool(read_only)]
/// fn search(
///     #[arg(flatten)] Search { query, limit }: Search,
///     #[arg(default = "newest")] order: Order,
///     #[arg(format = "date")] since: Option<&str>,
///     #[arg(length = 1..=5, unique, default = ["books"])] kinds: Vec<String>,
///     #[arg(header = "Region", one_of = ["eu", "us"])] region: Option<String>,
/// ) -> String {
///     let order = matches!(order, Order::Newest);
///     format!("{query} {limit} {order} {since:?} {kinds:?} {region:?}")
/// }
/// # Server::new("library").add(tools![search]).build()?;
/// # Ok::<(), holdall::Error>(())
/// ```
///
/// # Results and errors
/// [`IntoToolResult`](https://docs.rs/holdall/latest/holdall/trait.IntoToolResult.html) lists what may be returned, and
/// [`IntoCallError`](https://docs.rs/holdall/latest/holdall/trait.IntoCallError.html) what becomes of errors.
///
/// # Threads
/// An `async fn` runs on the asynchronous workers, any other function on threads where it may block.
#[proc_macro_attribute]
pub fn tool(options: TokenStream, item: TokenStream) -> TokenStream {
    free(Kind::Tool, options, item)
}

/// Makes a resource of a function, something a host may read: `#[resource("config://app")]`, or with variables a
/// template, `#[resource("user://{user_id}/profile")]`, whose variables are the function's parameters.
///
/// ```
/// use holdall::prelude::*;
///
/// /// The profile of a user.
/// #[resource("user://{user_id}/profile", mime_type = "application/json")]
/// fn profile(user_id: u64) -> CallResult<Json<u64>> {
///     if user_id == 0 {
///         return Err(CallError::not_found("there is no user 0"));
///     }
///     Ok(Json(user_id))
/// }
///
/// let server = Server::new("users").add(resources![profile]);
/// # server.build()?;
/// # Ok::<(), holdall::Error>(())
/// ```
///
/// # The URI
/// A template is one of RFC 6570, levels 1 to 3: `{name}` is one segment of a path, `{+path}` and `{/path*}` may be
/// several, `{?text,page}` stand in the query and may be left out, so their parameters are `Option`s or have defaults.
/// Variables are read as their parameters' types, percent-decoded, and refused if they lead upwards (`..`) or to a root.
///
/// # Options
/// `name`, `title`, `description`, `icons`, `version`, `tags`, `scopes`, `timeout`, `meta` and `crate` are as those of
/// [`#[tool]`](macro@tool), parameters and `#[arg(…)]` too, without `header` and `flatten`. And:
///
/// | option | meaning | unit and form | default |
/// | --- | --- | --- | --- |
/// | `mime_type = "…"` | what the contents are | a MIME type | `text/plain` for text, `application/json` for `Json`, `application/octet-stream` for bytes |
/// | `size = 120` | how large it is, for listing | bytes | unsaid |
/// | `audience("user", "assistant")` | who it is meant for | one or both | unsaid |
/// | `priority = 0.5` | how much it matters | 0 to 1 | unsaid |
/// | `last_modified = "…"` | when it last changed | ISO 8601 | unsaid |
/// | `ttl = "5m"` | how long a client may take what it has read for fresh | whole number and `ms`, `s`, `m` or `h` | not at all |
/// | `cache = "public"` | who may share it from a cache | `"private"`: who read it; `"public"`: all | `"private"` |
/// | `max_result_bytes = 1_000_000` | larger contents become an error | bytes | 16 MiB |
/// | `list = function` | the concrete resources of a template, page by page | a function beside it, from `Option<&str>`, the cursor, to `CallResult<Page>` | none are listed |
/// | `complete(variable = function)` | values for what is being typed | a function beside it, from `&str` to `Vec<String>` or a `Result` of it | none |
///
/// ```
/// use holdall::prelude::*;
/// use holdall::{Entry, Page};
///
/// /// A note.
/// #[resource(
///     "note://{+path}",
///     mime_type = "text/markdown",
///     audience("user", "assistant"),
///     priority = 0.8,
///     ttl = "30s",
///     cache = "private",
///     list = list_notes,
///     complete(path = complete_path)
/// )]
/// fn note(path: &str) -> Option<String> {
///     (path == "ideas.md").then(|| "# Ideas".to_owned())
/// }
///
/// fn list_notes(_cursor: Option<&str>) -> CallResult<Page> {
///     Ok(Page::new(vec![Entry::new("note://ideas.md", "ideas.md")], None))
/// }
///
/// fn complete_path(typed: &str) -> Vec<String> {
///     ["ideas.md"].iter().filter(|path| path.starts_with(typed)).map(ToString::to_string).collect()
/// }
/// # Server::new("notes").add(resources![note]).build()?;
/// # Ok::<(), holdall::Error>(())
/// ```
#[proc_macro_attribute]
pub fn resource(options: TokenStream, item: TokenStream) -> TokenStream {
    free(Kind::Resource, options, item)
}

/// Makes a prompt of a function, something a person may ask for by name: it returns text, a message, or a conversation.
///
/// ```
/// use holdall::prelude::*;
///
/// /// Review a piece of code.
/// #[prompt]
/// fn review_code(
///     /// The code.
///     code: String,
///     /// Its language.
///     #[arg(default = "rust")]
///     language: String,
/// ) -> String {
///     format!("Review this {language} code:\n\n{code}")
/// }
///
/// let server = Server::new("reviewer").add(prompts![review_code]);
/// # server.build()?;
/// # Ok::<(), holdall::Error>(())
/// ```
///
/// # Options
/// `name`, `title`, `description`, `icons`, `version`, `tags`, `scopes`, `timeout`, `meta` and `crate` are as those of
/// [`#[tool]`](macro@tool), parameters and `#[arg(…)]` too, without `header`. And:
///
/// | option | meaning | form | default |
/// | --- | --- | --- | --- |
/// | `complete(argument = function)` | values for what is being typed | a function beside it, from `&str` to `Vec<String>` or a `Result` of it | none |
///
/// Clients send the arguments of prompts as texts. Other types are read from them (`"3"`, `"true"`, `"[1, 2]"`), and since
/// clients see no schema, the description says what is expected: `How strict. (integer from 1 to 5)`.
///
/// ```
/// use holdall::prelude::*;
///
/// /// Practise an interview.
/// #[prompt(title = "Interview", complete(job = jobs))]
/// fn interview(
///     /// The job.
///     job: &str,
///     /// How strict.
///     #[arg(title = "Strictness", default = 3, range = 1..=5)]
///     strictness: u8,
/// ) -> Conversation {
///     Conversation::new()
///         .description(format!("An interview for a {job}"))
///         .user(format!("Interview me for the job of a {job}, strictness {strictness}."))
///         .assistant("Gladly. What made you apply?")
/// }
///
/// fn jobs(typed: &str) -> Vec<&'static str> {
///     ["baker", "gardener"].into_iter().filter(|job| job.starts_with(typed)).collect()
/// }
/// # Server::new("interviews").add(prompts![interview]).build()?;
/// # Ok::<(), holdall::Error>(())
/// ```
#[proc_macro_attribute]
pub fn prompt(options: TokenStream, item: TokenStream) -> TokenStream {
    free(Kind::Prompt, options, item)
}

/// Bundles methods: `#[tool]`, `#[resource]` and `#[prompt]` inside the `impl` block become one value to add, all with
/// the options they have on functions. The methods take `&self`: calls run at the same time and share the value.
///
/// ```
/// use holdall::prelude::*;
///
/// struct Counter(std::sync::atomic::AtomicU64);
///
/// #[toolset]
/// impl Counter {
///     /// Count one more.
///     #[tool(destructive = false, timeout = "1s")]
///     async fn count(&self) -> u64 {
///         self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1
///     }
///
///     /// How many there are.
///     #[resource("counter://now")]
///     fn now(&self) -> String {
///         self.0.load(std::sync::atomic::Ordering::Relaxed).to_string()
///     }
/// }
///
/// let server = Server::new("counter").add(Counter(Default::default()));
/// # server.build()?;
/// # Ok::<(), holdall::Error>(())
/// ```
///
/// # Options
/// | option | meaning | default |
/// | --- | --- | --- |
/// | `on_start = method` | a method that is given a `ServerHandle` when the server is built, to begin work in the background: see `Components::on_start` | none |
/// | `crate = path` | where `holdall` is found, for all methods | `::holdall` |
///
/// `list` and `complete` name methods of the same block. `#[cfg(…)]` on a method goes for what is made of it, too.
#[proc_macro_attribute]
pub fn toolset(options: TokenStream, item: TokenStream) -> TokenStream {
    toolset::expand(options.into(), item.into())
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

fn free(kind: Kind, options: TokenStream, item: TokenStream) -> TokenStream {
    generate::free_function(kind, options.into(), item.into())
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
