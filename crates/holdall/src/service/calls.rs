//! Calling a tool, reading a resource, getting a prompt: each through the pipeline, and what is told of failures.

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ContentBlock, ErrorCode, GetPromptRequestParams, GetPromptResult,
    MetaObject, ReadResourceResult,
};
use serde_json::json;

use super::{Service, knows_hints};
use crate::context::Context;
use crate::error::{CallError, CallResult, ErrorKind};
use crate::pipeline::{self, Target};
use crate::protocol::ErrorData;
use crate::reply::{contents_bytes, result_bytes};

impl Service {
    pub(super) async fn call(
        &self,
        request: CallToolRequestParams,
        context: Context,
    ) -> Result<CallToolResult, ErrorData> {
        let tool = self
            .catalogue()
            .tools
            .find(&request.name, context.principal())
            .cloned()
            .map_err(|error| protocol_error(&error, None))?;
        let context = context.at(&tool.home);
        let target = Target {
            kind: "tool",
            name: &tool.listing.name,
            contract: &tool.contract,
            timeout: tool.timeout,
            handler: &tool.handler,
        };
        let outcome = pipeline::run(target, request.arguments.unwrap_or_default(), context).await;
        let outcome = outcome
            .and_then(|result| tool.finish(result))
            .and_then(|mut result| {
                tool.outward_contents(&mut result.content);
                within(
                    "result",
                    &tool.listing.name,
                    result_bytes(&result),
                    tool.result_bytes_max,
                )?;
                Ok(result)
            });
        Ok(outcome.unwrap_or_else(|error| tool_error(&error)))
    }

    pub(super) async fn read(&self, uri: &str, context: Context) -> CallResult<ReadResourceResult> {
        let (resource, variables) = {
            let catalogue = self.catalogue();
            let (resource, variables) = catalogue.resource(uri, context.principal())?;
            (resource.clone(), variables)
        };
        let context = context.at(&resource.home);
        let knows_hints = knows_hints(context.protocol_version());
        let target = Target {
            kind: "resource",
            name: &resource.uri,
            contract: &resource.contract,
            timeout: resource.timeout,
            handler: &resource.handler,
        };
        let body = pipeline::run(target, variables, context).await?;
        let mut contents = body.into_contents(uri, resource.mime_type());
        contents
            .iter_mut()
            .for_each(|contents| resource.outward_content(contents));
        let bytes = contents.iter().map(contents_bytes).sum();
        within("resource", uri, bytes, resource.contents_bytes_max)?;
        let mut result = ReadResourceResult::new(contents);
        if let Some(hint) = resource.cache.filter(|_| knows_hints) {
            (result.ttl_ms, result.cache_scope) = hint.told(!resource.labels.scopes.is_empty());
        }
        Ok(result)
    }

    pub(super) async fn prompt(
        &self,
        request: GetPromptRequestParams,
        context: Context,
    ) -> Result<GetPromptResult, ErrorData> {
        let prompt = self
            .catalogue()
            .prompts
            .find(&request.name, context.principal())
            .cloned()
            .map_err(|error| protocol_error(&error, None))?;
        let context = context.at(&prompt.home);
        let target = Target {
            kind: "prompt",
            name: &prompt.listing.name,
            contract: &prompt.contract,
            timeout: prompt.timeout,
            handler: &prompt.handler,
        };
        let arguments = request.arguments.unwrap_or_default();
        let outcome = pipeline::run(target, arguments, context).await;
        let mut result = outcome.map_err(|error| protocol_error(&error, None))?;
        for message in &mut result.messages {
            prompt.outward_contents(std::slice::from_mut(&mut message.content));
        }
        result.description = result.description.or_else(|| prompt.listing.description.clone());
        Ok(result)
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
