//! Tools: what a model may call.

use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{CallToolResult, ToolAnnotations};
use serde_json::json;

use crate::about::{About, common_methods};
use crate::argument::Argument;
use crate::call::{Call, Handler};
use crate::contract::Contract;
use crate::contract::output::OutputContract;
use crate::error::CallResult;
use crate::interaction::CONFIRMATION;
use crate::pipeline::TIMEOUT;
use crate::protocol::JsonObject;
use crate::provider::labels::Labels;
use crate::reply::IntoToolResult;
use crate::schema::header;
use crate::state::RequiredState;
use crate::tasks::Rules;

/// The largest result of a tool unless its author says otherwise: 4 MiB.
const RESULT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A tool: name, contract and handler.
///
/// `#[tool]` makes these from functions. Made by hand, they serve what is known only at run time:
///
/// ```
/// use holdall::prelude::*;
///
/// let shout = Tool::new("shout")
///     .description("Repeat a text, loudly.")
///     .argument(Argument::of::<String>("text").description("What to shout."))
///     .read_only(true)
///     .handler(async |mut call: Call| Ok(call.take::<String>("text")?.to_uppercase()));
///
/// let server = Server::new("shouter").add(shout);
/// server.build()?;
/// # Ok::<(), holdall::Error>(())
/// ```
#[derive(Clone)]
pub struct Tool {
    pub(crate) name: String,
    about: About,
    arguments: Arguments,
    output_schema: Option<JsonObject>,
    pub(crate) annotations: ToolAnnotations,
    labels: Labels,
    timeout: Duration,
    result_bytes_max: usize,
    without_context: bool,
    confirmable: bool,
    pub(crate) task: Option<Rules>,
    handler: Option<Handler<CallToolResult>>,
    pub(crate) states: Vec<RequiredState>,
}

#[derive(Clone)]
enum Arguments {
    Declared(Vec<Argument>),
    Verbatim(JsonObject),
}

impl Arguments {
    fn contract(self) -> Result<Contract, Vec<String>> {
        match self {
            Self::Declared(arguments) => {
                let problems: Vec<String> = arguments
                    .iter()
                    .filter_map(|argument| wrong_argument_name(argument.name()))
                    .collect();
                if problems.is_empty() {
                    Contract::of_arguments(&arguments)
                } else {
                    Err(problems)
                }
            }
            Self::Verbatim(schema) => Contract::of_object(schema).map_err(|problem| vec![problem]),
        }
    }

    /// Adds an optional argument, unless there is one of that name.
    fn add(&mut self, argument: Argument) -> bool {
        match self {
            Self::Declared(arguments) => {
                let free = arguments.iter().all(|known| known.name() != argument.name());
                if free {
                    arguments.push(argument);
                }
                free
            }
            Self::Verbatim(schema) => {
                let properties = schema.entry("properties").or_insert_with(|| json!({}));
                let Some(properties) = properties.as_object_mut() else {
                    return false;
                };
                let free = !properties.contains_key(argument.name());
                if free {
                    properties.insert(argument.name().to_owned(), argument.schema().clone().into());
                }
                free
            }
        }
    }
}

fn confirmation() -> Argument {
    Argument::of::<String>(CONFIRMATION)
        .description("Leave this out. If the call is refused until the user agrees, the refusal says what to put here.")
        .optional()
}

impl Tool {
    /// A tool with this name, without arguments. Names are 1 to 128 letters, digits, `_`, `-` and `.`.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            about: About::default(),
            arguments: Arguments::Declared(Vec::new()),
            output_schema: None,
            annotations: ToolAnnotations::new(),
            labels: Labels::default(),
            timeout: TIMEOUT,
            result_bytes_max: RESULT_BYTES_MAX,
            without_context: false,
            confirmable: false,
            task: None,
            handler: None,
            states: Vec::new(),
        }
    }

    common_methods!();

    /// What the tool does and when to use it: the model chooses by this.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.about.description = Some(text.into());
        self
    }

    /// Adds an argument; replaces a schema given with [`Tool::input_schema`].
    pub fn argument(mut self, argument: Argument) -> Self {
        match &mut self.arguments {
            Arguments::Declared(arguments) => arguments.push(argument),
            verbatim => *verbatim = Arguments::Declared(vec![argument]),
        }
        self
    }

    /// Adds several arguments, such as [`Argument::fields_of`] a struct.
    pub fn arguments(self, arguments: impl IntoIterator<Item = Argument>) -> Self {
        arguments.into_iter().fold(self, Self::argument)
    }

    /// Takes a JSON Schema for the arguments, listed verbatim; replaces arguments added before.
    ///
    /// It describes an object, in the dialect 2020-12 unless its `$schema` names 2019-09 or draft 7, 6 or 4. References
    /// stay within it, patterns do without look-around, known formats are enforced. A schema that is not valid keeps
    /// the server from starting.
    ///
    /// ```
    /// use holdall::prelude::*;
    /// use holdall::protocol::JsonObject;
    ///
    /// let schema: JsonObject = serde_json::from_str(
    ///     r#"{
    ///         "type": "object",
    ///         "properties": {"phone": {"type": "string"}, "email": {"type": "string", "format": "email"}},
    ///         "anyOf": [{"required": ["phone"]}, {"required": ["email"]}]
    ///     }"#,
    /// )?;
    /// let reach = Tool::new("reach").input_schema(schema).handler(async |call: Call| {
    ///     Ok(format!("by {}", call.arguments().keys().cloned().collect::<Vec<_>>().join(" or ")))
    /// });
    /// Server::new("phone book").add(reach).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn input_schema(mut self, schema: JsonObject) -> Self {
        self.arguments = Arguments::Verbatim(schema);
        self
    }

    /// The JSON Schema of the structured result; functions returning [`crate::Json`] have it already.
    ///
    /// Every result is checked against it. One that does not fit is a fault of the server: the caller gets an error of
    /// kind `internal`, the log says what does not fit. A schema of something else than an object is listed, and its
    /// results are sent, as the field `result` of one, because older clients accept only objects.
    pub fn output_schema(mut self, schema: JsonObject) -> Self {
        self.output_schema = Some(schema);
        self
    }

    /// Derives the schema of the structured result from the type a function returns.
    pub fn returns<R: IntoToolResult<M>, M>(mut self) -> Self {
        self.output_schema = R::output_schema();
        self
    }

    /// Says that the tool changes nothing. Default: unsaid, which clients read as `false`.
    pub fn read_only(mut self, yes: bool) -> Self {
        self.annotations.read_only_hint = Some(yes);
        self
    }

    /// Says whether the tool may destroy something. Default: unsaid, which clients read as `true`.
    pub fn destructive(mut self, yes: bool) -> Self {
        self.annotations.destructive_hint = Some(yes);
        self
    }

    /// Says that a second, equal call changes nothing more. Default: unsaid, read as `false`.
    pub fn idempotent(mut self, yes: bool) -> Self {
        self.annotations.idempotent_hint = Some(yes);
        self
    }

    /// Says whether the tool deals with the world outside, as a web search does. Default: unsaid, read as `true`.
    pub fn open_world(mut self, yes: bool) -> Self {
        self.annotations.open_world_hint = Some(yes);
        self
    }

    /// The largest result in bytes; larger ones become an error that says so. Default: 4 MiB.
    pub fn max_result_bytes(mut self, bytes: usize) -> Self {
        self.result_bytes_max = bytes;
        self
    }

    /// Promises that the handler never looks at the context of its call: it reports no progress, asks the client
    /// nothing, and does not care who calls. Such calls take a shorter way over HTTP. `#[tool]` finds out by itself.
    pub fn without_context(mut self) -> Self {
        self.without_context = true;
        self
    }

    /// Lets a call be confirmed by calling again where the client cannot ask anybody: adds an optional argument
    /// `confirmation`, unless the tool has one of that name, for the code that a refused
    /// [`Context::confirm`](crate::Context::confirm) gives out.
    pub fn confirmable(mut self) -> Self {
        self.confirmable = true;
        self
    }

    /// The asynchronous function that serves the calls.
    pub fn handler<F, Fut, R, M>(mut self, function: F) -> Self
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = CallResult<R>> + Send + 'static,
        R: IntoToolResult<M>,
    {
        self.output_schema = self.output_schema.or_else(R::output_schema);
        self.handler = Some(Handler::from_async(move |call| {
            let reply = function(call);
            async move { reply.await?.into_tool_result() }
        }));
        self
    }

    /// The blocking function that serves the calls, on a thread where it may block.
    pub fn blocking_handler<F, R, M>(mut self, function: F) -> Self
    where
        F: Fn(Call) -> CallResult<R> + Send + Sync + 'static,
        R: IntoToolResult<M>,
    {
        self.output_schema = self.output_schema.or_else(R::output_schema);
        self.handler = Some(Handler::from_blocking(move |call| {
            function(call)?.into_tool_result()
        }));
        self
    }

    /// Compiles schema and listing once, or says what is wrong.
    pub(crate) fn build(mut self) -> Result<BuiltTool, Vec<String>> {
        let mut problems = Vec::new();
        let confirmable = self.confirmable && self.arguments.add(confirmation());
        if let Some(problem) = wrong_name(&self.name) {
            problems.push(problem);
        }
        problems.extend(self.labels.problems());
        problems.extend(self.about.problems());
        let contract = self
            .arguments
            .contract()
            .map_err(|found| problems.extend(found))
            .ok();
        if let Some(contract) = &contract {
            problems.extend(header::problems(contract.schema()));
        }
        let output = self.output_schema.map(OutputContract::of_schema).transpose();
        let output = output.map_err(|problem| problems.push(problem)).ok().flatten();
        if self.handler.is_none() {
            problems.push("it has no handler: call `.handler(…)`".into());
        }
        let (Some(contract), Some(handler), true) = (contract, self.handler, problems.is_empty()) else {
            return Err(problems);
        };
        if self.about.description.is_none() {
            tracing::warn!(
                "tool `{}` has no description, by which a model would choose it",
                self.name
            );
        }
        let mut listing = rmcp::model::Tool::default();
        listing.input_schema = Arc::clone(contract.schema());
        listing.output_schema = output.as_ref().map(|output| Arc::new(output.listed()));
        listing.annotations = (self.annotations != ToolAnnotations::new()).then_some(self.annotations);
        listing.icons = self.about.icons();
        listing.meta = tags_meta(&self.labels.tags);
        self.about.complete_meta(&mut listing.meta);
        listing.title = self.about.title;
        listing.description = self.about.description.map(Into::into);
        let in_headers = header::any(contract.schema());
        let handler = match output {
            Some(output) => {
                let name = self.name.clone();
                handler.checked(move |result| output.apply(&name, result))
            }
            None => handler,
        };
        listing.name = self.name.into();
        Ok(BuiltTool {
            listing,
            labels: self.labels,
            contract: Arc::new(contract),
            handler,
            timeout: self.timeout,
            result_bytes_max: self.result_bytes_max,
            without_context: self.without_context && !in_headers && !self.confirmable && self.task.is_none(),
            confirmable,
            task: self.task,
        })
    }
}

/// A tool ready to be listed and called.
#[derive(Clone)]
pub(crate) struct BuiltTool {
    pub(crate) listing: rmcp::model::Tool,
    pub(crate) labels: Labels,
    pub(crate) contract: Arc<Contract>,
    pub(crate) handler: Handler<CallToolResult>,
    pub(crate) timeout: Duration,
    pub(crate) result_bytes_max: usize,
    pub(crate) without_context: bool,
    /// Whether the argument `confirmation` is ours.
    pub(crate) confirmable: bool,
    /// If a call can become a task, how.
    pub(crate) task: Option<Rules>,
}

impl BuiltTool {
    /// The same tool under another name.
    pub(crate) fn renamed(&self, name: String) -> Result<Self, String> {
        match wrong_name(&name) {
            Some(problem) => Err(problem),
            None => {
                let mut renamed = self.clone();
                renamed.listing.name = name.into();
                Ok(renamed)
            }
        }
    }
}

/// Names of tools and prompts are 1 to 128 characters of a small alphabet every host accepts.
pub(crate) fn wrong_name(name: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let right = (1..=128).contains(&name.len()) && name.chars().all(fits);
    (!right).then(|| format!("`{name}` is not a valid name: use 1 to 128 letters, digits, `_`, `-` and `.`"))
}

/// Names of a tool's arguments are 1 to 64 characters of the alphabet every model's interface accepts.
fn wrong_argument_name(name: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let right = (1..=64).contains(&name.len()) && name.chars().all(fits);
    (!right).then(|| {
        format!("`{name}` is not a valid name of an argument: use 1 to 64 letters, digits, `_`, `-` and `.`")
    })
}

/// Where the tags of a component are listed: `_meta["holdall/tags"]`.
pub(crate) fn tags_meta(tags: &[String]) -> Option<rmcp::model::MetaObject> {
    if tags.is_empty() {
        return None;
    }
    let mut meta = rmcp::model::MetaObject::default();
    meta.insert("holdall/tags".into(), json!(tags));
    Some(meta)
}
