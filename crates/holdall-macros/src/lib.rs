//! The attributes of Holdall. Each goes three steps: *parse* the attribute and the function into a model
//! (`options`, `function`), *validate* it, collecting every mistake (`mistakes`), *generate* calls to the public
//! builder of the `holdall` crate (`generate`, `toolset`). No behaviour lives here.

mod function;
mod generate;
mod mistakes;
mod options;
mod rules;
mod toolset;
mod uri;

use options::Kind;
use proc_macro::TokenStream;

/// Makes a tool of a function.
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
/// | option | meaning | default |
/// | --- | --- | --- |
/// | `name = "…"` | the name in the protocol | the function's name |
/// | `title = "…"` | the name people see | none |
/// | `read_only`, `destructive`, `idempotent`, `open_world` | hints to the host; `= false` denies | unsaid |
/// | `timeout = "30s"` | how long a call may take: `ms`, `s`, `m` | 30 s |
/// | `max_result_bytes = 1_000_000` | larger results become an error | 4 MiB |
/// | `tags("a", "b")` | listed in `_meta` | none |
///
/// # Parameters
/// Any type that is `Deserialize + JsonSchema`; `&str`; `Option<T>` for what may be left out; `Context` or
/// `&Context` for the call itself; `State<T>` for what the server owns. A doc comment on a parameter is its
/// description. `#[arg(…)]` adds `default = …`, `range = 1..=50`, `length = 1..=100`, `pattern = "…"`,
/// `one_of = [...]`, `examples = [...]`, `name = "…"`.
///
/// Asynchronous functions run on the asynchronous workers, others on threads where they may block.
#[proc_macro_attribute]
pub fn tool(options: TokenStream, item: TokenStream) -> TokenStream {
    free(Kind::Tool, options, item)
}

/// Makes a resource of a function: `#[resource("config://app")]`, or with variables a template,
/// `#[resource("user://{user_id}/profile")]`, whose variables are the function's parameters.
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
/// # Options
/// `name`, `title`, `mime_type = "…"`, `timeout`, `max_result_bytes`, `tags(…)`; for templates also
/// `list = function` (from `Option<&str>`, the cursor, to `CallResult<Page>`) and
/// `complete(variable = function)` (from `&str`, what was typed, to `Vec<String>`).
#[proc_macro_attribute]
pub fn resource(options: TokenStream, item: TokenStream) -> TokenStream {
    free(Kind::Resource, options, item)
}

/// Makes a prompt of a function that returns text, a message, or a conversation.
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
/// `name`, `title`, `timeout`, `tags(…)`, `complete(argument = function)`.
#[proc_macro_attribute]
pub fn prompt(options: TokenStream, item: TokenStream) -> TokenStream {
    free(Kind::Prompt, options, item)
}

/// Bundles methods: `#[tool]`, `#[resource]` and `#[prompt]` inside the `impl` block become one value to add.
///
/// ```
/// use holdall::prelude::*;
///
/// struct Counter(std::sync::atomic::AtomicU64);
///
/// #[toolset]
/// impl Counter {
///     /// Count one more.
///     #[tool]
///     async fn count(&self) -> u64 {
///         self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1
///     }
/// }
///
/// let server = Server::new("counter").add(Counter(Default::default()));
/// # server.build()?;
/// # Ok::<(), holdall::Error>(())
/// ```
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
