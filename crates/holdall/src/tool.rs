//! Tools: what a model may call.

use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{CallToolResult, Icon, ToolAnnotations};
use serde_json::{Value, json};

use crate::argument::Argument;
use crate::call::{Call, Handler};
use crate::contract::Contract;
use crate::error::CallResult;
use crate::interaction::CONFIRMATION;
use crate::pipeline::TIMEOUT;
use crate::protocol::JsonObject;
use crate::reply::IntoToolResult;
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
    title: Option<String>,
    description: Option<String>,
    arguments: Arguments,
    output_schema: Option<JsonObject>,
    annotations: ToolAnnotations,
    icons: Vec<Icon>,
    tags: Vec<String>,
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
            title: None,
            description: None,
            arguments: Arguments::Declared(Vec::new()),
            output_schema: None,
            annotations: ToolAnnotations::new(),
            icons: Vec::new(),
            tags: Vec::new(),
            timeout: TIMEOUT,
            result_bytes_max: RESULT_BYTES_MAX,
            without_context: false,
            confirmable: false,
            task: None,
            handler: None,
            states: Vec::new(),
        }
    }

    /// The name people see.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// What the tool does and when to use it: the model chooses by this.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Adds an argument.
    pub fn argument(mut self, argument: Argument) -> Self {
        match &mut self.arguments {
            Arguments::Declared(arguments) => arguments.push(argument),
            verbatim => *verbatim = Arguments::Declared(vec![argument]),
        }
        self
    }

    /// Takes a JSON Schema 2020-12 for the arguments, listed verbatim; replaces arguments added before.
    pub fn input_schema(mut self, schema: JsonObject) -> Self {
        self.arguments = Arguments::Verbatim(schema);
        self
    }

    /// The JSON Schema of the structured result; functions returning [`crate::Json`] have it already.
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

    /// Adds an icon.
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icons.push(icon);
        self
    }

    /// Adds a tag, listed in `_meta`.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// How long a call may take. Default: 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
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

    /// Requires a state: a server without it does not start.
    pub fn requires<T: Send + Sync + 'static>(mut self) -> Self {
        self.states.push(RequiredState::of::<T>());
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
        let contract = match self.arguments {
            Arguments::Declared(arguments) => Contract::of_arguments(&arguments),
            Arguments::Verbatim(schema) => Contract::of_schema(schema),
        };
        let wraps_output = self
            .output_schema
            .as_ref()
            .is_some_and(|schema| !describes_object(schema));
        let output_schema = self.output_schema.map(|schema| {
            let schema = if wraps_output { wrapped(schema) } else { schema };
            Arc::new(schema)
        });
        if self.handler.is_none() {
            problems.push("it has no handler: call `.handler(…)`".into());
        }
        match (contract, self.handler) {
            (Ok(contract), Some(handler)) if problems.is_empty() => {
                let in_headers = Value::Object((**contract.schema()).clone())
                    .to_string()
                    .contains("x-mcp-header");
                let mut listing = rmcp::model::Tool::default();
                listing.name = self.name.into();
                listing.title = self.title;
                listing.description = self.description.map(Into::into);
                listing.input_schema = Arc::clone(contract.schema());
                listing.output_schema = output_schema;
                listing.annotations =
                    (self.annotations != ToolAnnotations::new()).then_some(self.annotations);
                listing.icons = (!self.icons.is_empty()).then_some(self.icons);
                listing.meta = tags_meta(&self.tags);
                Ok(BuiltTool {
                    listing,
                    contract,
                    handler,
                    timeout: self.timeout,
                    result_bytes_max: self.result_bytes_max,
                    wraps_output,
                    without_context: self.without_context
                        && !in_headers
                        && !self.confirmable
                        && self.task.is_none(),
                    confirmable,
                    task: self.task,
                })
            }
            (contract, _) => {
                problems.extend(contract.err());
                Err(problems)
            }
        }
    }
}

/// A tool ready to be listed and called.
pub(crate) struct BuiltTool {
    pub(crate) listing: rmcp::model::Tool,
    pub(crate) contract: Contract,
    pub(crate) handler: Handler<CallToolResult>,
    pub(crate) timeout: Duration,
    pub(crate) result_bytes_max: usize,
    wraps_output: bool,
    pub(crate) without_context: bool,
    /// Whether the argument `confirmation` is ours.
    pub(crate) confirmable: bool,
    /// If a call can become a task, how.
    pub(crate) task: Option<Rules>,
}

impl BuiltTool {
    /// Protocol revisions before 2026-07-28 allow only objects as structured content, so anything else is
    /// carried as `{"result": …}`.
    pub(crate) fn finish(&self, mut result: CallToolResult) -> CallResult<CallToolResult> {
        if self.wraps_output
            && let Some(value) = result.structured_content.take()
        {
            result.structured_content = Some(json!({ "result": value }));
        }
        Ok(result)
    }
}

fn describes_object(schema: &JsonObject) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("object")
}

fn wrapped(mut schema: JsonObject) -> JsonObject {
    let definitions = schema.remove("$defs");
    let mut object = JsonObject::new();
    object.insert("type".into(), "object".into());
    object.insert("properties".into(), json!({ "result": schema }));
    object.insert("required".into(), json!(["result"]));
    if let Some(definitions) = definitions {
        object.insert("$defs".into(), definitions);
    }
    object
}

/// Names of tools and prompts are 1 to 128 characters of a small alphabet every host accepts.
pub(crate) fn wrong_name(name: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let right = (1..=128).contains(&name.len()) && name.chars().all(fits);
    (!right).then(|| format!("`{name}` is not a valid name: use 1 to 128 letters, digits, `_`, `-` and `.`"))
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
