//! Calling a tool, reading a resource, getting a prompt: each through the pipeline, and what is told of failures.

use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorCode, GetPromptRequestParams,
    GetPromptResponse, GetPromptResult, InputRequiredResult, MetaObject, ReadResourceRequestParams,
    ReadResourceResponse, ReadResourceResult,
};
use serde_json::json;
use tracing::Instrument;

use super::Service;
use crate::call::BoxFuture;
use crate::context::Context;
use crate::error::{CallError, CallResult, ErrorKind, Signal};
use crate::interaction::Incoming;
use crate::observe::{Addressed, CallKind, Guard};
use crate::pipeline::{self, Target};
use crate::prompt::BuiltPrompt;
use crate::protocol::{ErrorData, JsonObject};
use crate::provider::catalogue::Offered;
use crate::reply::{content_bytes, contents_bytes, result_bytes};
use crate::resource::BuiltResource;
use crate::tasks::{self, Outcome, Start};
use crate::tool::BuiltTool;

impl Service {
    pub(super) async fn call(
        &self,
        request: CallToolRequestParams,
        mut context: Context,
    ) -> Result<CallToolResponse, ErrorData> {
        let (tool, entry) = {
            let tools = &self.catalogue().tools;
            let addressed = Addressed {
                kind: CallKind::Tool,
                requested: &request.name,
                registered: tools.get(&request.name).map(|tool| tool.listing.name.as_ref()),
                arguments: request.arguments.as_ref(),
            };
            let entry = self.enter(&addressed, &mut context);
            let tool = tools.find(&request.name, context.principal()).cloned();
            (tool.inspect_err(|error| context.watch().fail(error)), entry)
        };
        let tool = tool.map_err(|error| protocol_error(&error, None))?;
        let home = Arc::clone(&tool.home);
        let calling = self.call_found(request, tool, context.at(&home), entry.guard);
        calling.instrument(entry.span).await
    }

    async fn call_found(
        &self,
        request: CallToolRequestParams,
        tool: Offered<BuiltTool>,
        mut context: Context,
        guard: Guard,
    ) -> Result<CallToolResponse, ErrorData> {
        // What never looks at its context asks nothing, but whoever brings a state that is not ours must learn it.
        if !tool.without_context || request.request_state.is_some() {
            context.receive(Incoming {
                method: "tools/call",
                answers: request.input_responses,
                state: request.request_state,
                confirmable: tool.confirmable,
            });
        }
        let arguments = request.arguments.unwrap_or_default();
        let stateless = context.is_stateless();
        let rules = match tasks::course(&request.name, tool.task.as_ref(), &context) {
            Ok(rules) => rules,
            Err(error) => {
                context.watch().fail(&error);
                return told(&error, stateless);
            }
        };
        let (Some(rules), Some(board)) = (rules, &self.inner.settings.tasks) else {
            return run(&tool, arguments, tool.timeout, context, guard).await;
        };
        let work = tool.clone();
        let start = Start {
            tool: &request.name,
            rules,
            timeout: tool.timeout,
            work: move |context, timeout| -> BoxFuture<Outcome> {
                Box::pin(async move { run(&work, arguments, timeout, context, guard).await })
            },
            tell: |error| told(error, true),
        };
        let started = tasks::start(board, start, context).await;
        started.unwrap_or_else(|error| {
            tracing::warn!(
                source = error.source(),
                "tool `{}` was refused: {error}",
                request.name
            );
            told(&error, stateless)
        })
    }

    pub(super) async fn read(
        &self,
        request: ReadResourceRequestParams,
        mut context: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        context.receive(Incoming {
            method: "resources/read",
            answers: request.input_responses,
            state: request.request_state,
            confirmable: false,
        });
        let stateless = context.is_stateless();
        let (found, entry) = {
            let catalogue = self.catalogue();
            let found = catalogue.resource(&request.uri, context.principal());
            let addressed = Addressed {
                kind: CallKind::Resource,
                requested: &request.uri,
                registered: found.as_ref().ok().map(|(resource, _)| resource.uri.as_str()),
                arguments: None,
            };
            let entry = self.enter(&addressed, &mut context);
            (
                found.map(|(resource, variables)| (resource.clone(), variables)),
                entry,
            )
        };
        let watch = context.watch().clone();
        let reading = async {
            let _guard = entry.guard;
            let (resource, variables) = found.inspect_err(|error| watch.fail(error))?;
            contents(&resource, &request.uri, variables, context.at(&resource.home)).await
        };
        match reading.instrument(entry.span).await {
            Ok(result) => Ok(result.into()),
            Err(error) => match signalled(&error, stateless) {
                Some(reply) => reply.map(Into::into),
                None => Err(protocol_error(&error, Some(&request.uri))),
            },
        }
    }

    pub(super) async fn prompt(
        &self,
        request: GetPromptRequestParams,
        mut context: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        let (prompt, entry) = {
            let prompts = &self.catalogue().prompts;
            let addressed = Addressed {
                kind: CallKind::Prompt,
                requested: &request.name,
                registered: prompts
                    .get(&request.name)
                    .map(|prompt| prompt.listing.name.as_str()),
                arguments: request.arguments.as_ref(),
            };
            let entry = self.enter(&addressed, &mut context);
            (prompts.find(&request.name, context.principal()).cloned(), entry)
        };
        context.receive(Incoming {
            method: "prompts/get",
            answers: request.input_responses,
            state: request.request_state,
            confirmable: false,
        });
        let stateless = context.is_stateless();
        let watch = context.watch().clone();
        let getting = async {
            let _guard = entry.guard;
            let prompt = prompt.inspect_err(|error| watch.fail(error))?;
            let arguments = request.arguments.unwrap_or_default();
            messages(&prompt, arguments, context.at(&prompt.home)).await
        };
        match getting.instrument(entry.span).await {
            Ok(result) => Ok(result.into()),
            Err(error) => match signalled(&error, stateless) {
                Some(reply) => reply.map(Into::into),
                None => Err(protocol_error(&error, None)),
            },
        }
    }
}

/// Sends the reading of a resource through the pipeline.
async fn contents(
    resource: &Offered<BuiltResource>,
    uri: &str,
    variables: JsonObject,
    context: Context,
) -> CallResult<ReadResourceResult> {
    let knows_hints = context.is_stateless();
    let watch = context.watch().clone();
    let target = Target {
        kind: "resource",
        name: &resource.uri,
        contract: &resource.contract,
        timeout: resource.timeout,
        handler: &resource.handler,
    };
    let body = pipeline::run(target, variables, context).await;
    let read = body.and_then(|body| {
        let mut contents = body.into_contents(uri, resource.mime_type());
        contents
            .iter_mut()
            .for_each(|contents| resource.outward_content(contents));
        let bytes = contents.iter().map(contents_bytes).sum();
        within("resource", uri, bytes, resource.contents_bytes_max)?;
        Ok((contents, bytes))
    });
    let (contents, bytes) = read.inspect_err(|error| watch.fail(error))?;
    watch.succeed(bytes);
    let result = ReadResourceResult::new(contents);
    Ok(if knows_hints {
        resource.hinted(result)
    } else {
        result
    })
}

/// Sends the making of a prompt through the pipeline.
async fn messages(
    prompt: &Offered<BuiltPrompt>,
    arguments: JsonObject,
    context: Context,
) -> CallResult<GetPromptResult> {
    let watch = context.watch().clone();
    let target = Target {
        kind: "prompt",
        name: &prompt.listing.name,
        contract: &prompt.contract,
        timeout: prompt.timeout,
        handler: &prompt.handler,
    };
    let made = pipeline::run(target, arguments, context).await;
    let mut result = made.inspect_err(|error| watch.fail(error))?;
    for message in &mut result.messages {
        prompt.outward_contents(std::slice::from_mut(&mut message.content));
    }
    result.description = result.description.or_else(|| prompt.listing.description.clone());
    let bytes = || {
        let contents = result
            .messages
            .iter()
            .map(|message| content_bytes(&message.content));
        contents.sum()
    };
    watch.succeed(if watch.wants_sizes() { bytes() } else { 0 });
    Ok(result)
}

/// Sends a call through the pipeline.
async fn run(
    tool: &Offered<BuiltTool>,
    arguments: JsonObject,
    timeout: Duration,
    context: Context,
    guard: Guard,
) -> Outcome {
    let _guard = guard;
    let watch = context.watch().clone();
    let stateless = context.is_stateless();
    let name = &tool.listing.name;
    let target = Target {
        kind: "tool",
        name,
        contract: &tool.contract,
        timeout,
        handler: &tool.handler,
    };
    let outcome = pipeline::run(target, arguments, context).await;
    let outcome = outcome.and_then(|mut result| {
        tool.outward_contents(&mut result.content);
        let bytes = result_bytes(&result);
        within("result", name, bytes, tool.result_bytes_max)?;
        Ok((result, bytes))
    });
    match outcome {
        Ok((result, bytes)) => {
            // A function that reports failure as a result of its own has failed all the same.
            match result.is_error {
                Some(true) => watch.fail(&CallError::failed("the result says that it is an error")),
                _ => watch.succeed(bytes),
            }
            Ok(result.into())
        }
        Err(error) => {
            watch.fail(&error);
            told(&error, stateless)
        }
    }
}

/// What is answered to a call that failed.
fn told(error: &CallError, stateless: bool) -> Outcome {
    match signalled(error, stateless) {
        Some(reply) => reply.map(Into::into),
        None => Ok(tool_error(error).into()),
    }
}

/// What is answered to an error that is more than a failure: a reply that asks the client, or a refusal of the
/// request itself.
fn signalled(error: &CallError, stateless: bool) -> Option<Result<InputRequiredResult, ErrorData>> {
    match error.signal()? {
        Signal::InputRequired(reply) => Some(Ok(reply.clone())),
        Signal::InvalidRequest => Some(Err(protocol_error(error, None))),
        // Clients before 2026-07-28 do not know the code.
        Signal::MissingCapability(capability) if stateless => {
            let mut refusal = ErrorData::missing_required_client_capability(capability.clone());
            refusal.message = error.to_string().into();
            Some(Err(refusal))
        }
        Signal::MissingCapability(_) | Signal::Asked => None,
    }
}

/// A failed tool is a result the model can read, not a protocol error: it carries the text for the model and,
/// for programs, kind, message, hint and problems in `_meta["holdall/error"]`.
fn tool_error(error: &CallError) -> CallToolResult {
    let mut meta = MetaObject::default();
    meta.insert("holdall/error".into(), error.to_json());
    CallToolResult::error(vec![ContentBlock::text(error.to_string())]).with_meta(Some(meta))
}

/// What cannot be a result is a JSON-RPC error with the code the specification gives it.
pub(super) fn protocol_error(error: &CallError, uri: Option<&str>) -> ErrorData {
    let code = match error.kind() {
        ErrorKind::NotFound if uri.is_some() => ErrorCode::RESOURCE_NOT_FOUND,
        ErrorKind::NotFound | ErrorKind::InvalidArguments | ErrorKind::Ambiguous => ErrorCode::INVALID_PARAMS,
        ErrorKind::InsufficientScope => ErrorCode::INVALID_REQUEST,
        _ => ErrorCode::INTERNAL_ERROR,
    };
    let mut data = json!({ "error": error.to_json() });
    if let Some(uri) = uri {
        data["uri"] = uri.into();
    }
    ErrorData::new(code, error.to_string(), Some(data))
}

fn within(what: &str, name: &str, bytes: usize, bytes_max: usize) -> CallResult<()> {
    if bytes <= bytes_max {
        return Ok(());
    }
    let message = format!("the {what} of `{name}` has {bytes} bytes, more than the {bytes_max} allowed");
    Err(CallError::new(ErrorKind::TooLarge, message)
        .hint("ask for less: a smaller limit, a range, a narrower question"))
}
