//! Asking the client's model: [`Context::sample`]. Deprecated by protocol 2026-07-28, and served for as long as
//! clients offer it.
#![expect(
    deprecated,
    reason = "the protocol's types for it are marked as the protocol is"
)]

use std::pin::Pin;
use std::task::{self, Poll};

use rmcp::model::{
    ClientCapabilities, CreateMessageRequest, CreateMessageRequestParams, CreateMessageResult, InputRequest,
    SamplingCapability, SamplingMessage,
};

use super::question::{Question, missing, put};
use crate::call::BoxFuture;
use crate::context::Context;
use crate::error::{CallError, CallResult};
use crate::protocol::JsonObject;

/// The longest answer of a model unless the function says otherwise, in tokens.
const TOKENS_MAX: u32 = 1000;

impl Context {
    /// Asks the model of the client.
    ///
    /// ```
    /// use holdall::prelude::*;
    ///
    /// /// Summarise a text.
    /// #[tool]
    /// async fn summarise(ctx: Context, text: String) -> CallResult<String> {
    ///     let answer = ctx.sample(format!("Summarise in one sentence:\n{text}")).max_tokens(100).await?;
    ///     Ok(answer.text())
    /// }
    /// ```
    ///
    /// Protocol 2026-07-28 deprecates this: new servers call a model themselves.
    ///
    /// # Errors
    /// As [`Context::elicit`]; [`ErrorKind::Declined`](crate::ErrorKind::Declined) if the user does not allow it.
    pub fn sample(&self, prompt: impl Into<String>) -> Sample {
        let messages = vec![SamplingMessage::user_text(prompt)];
        Sample {
            context: self.clone(),
            params: CreateMessageRequestParams::new(messages, TOKENS_MAX),
            key: self.asking().next_key("sample"),
            running: None,
        }
    }

    /// Whether the client lets its model be asked: [`Context::sample`].
    pub fn can_sample(&self) -> bool {
        self.can_ask() && self.sampling().is_some()
    }

    fn sampling(&self) -> Option<SamplingCapability> {
        self.request().client_capabilities()?.sampling
    }
}

/// A question to the client's model, asked when awaited. Made by [`Context::sample`].
#[must_use = "nothing is asked until this is awaited"]
pub struct Sample {
    context: Context,
    params: CreateMessageRequestParams,
    key: String,
    running: Option<BoxFuture<CallResult<Sampled>>>,
}

impl Sample {
    /// The key of the question in `inputRequests`. Default: what it is and its place in the order of asking.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    /// The longest answer, in tokens. Default: 1000.
    pub fn max_tokens(mut self, tokens: u32) -> Self {
        self.params.max_tokens = tokens;
        self
    }

    /// What the model should be told before everything else.
    pub fn system(mut self, prompt: impl Into<String>) -> Self {
        self.params.system_prompt = Some(prompt.into());
        self
    }

    /// Changes whatever else the protocol lets a server say: more messages, the temperature, tools.
    pub fn with(mut self, change: impl FnOnce(&mut CreateMessageRequestParams)) -> Self {
        change(&mut self.params);
        self
    }
}

impl Future for Sample {
    type Output = CallResult<Sampled>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let running = this.running.get_or_insert_with(|| {
            let (context, params) = (this.context.clone(), this.params.clone());
            Box::pin(sample(context, this.key.clone(), params))
        });
        running.as_mut().poll(cx)
    }
}

async fn sample(context: Context, key: String, params: CreateMessageRequestParams) -> CallResult<Sampled> {
    params
        .validate()
        .map_err(|problem| CallError::internal(format!("these messages are no conversation: {problem}")))?;
    let with_tools = params.tools.is_some() || params.tool_choice.is_some();
    let offered = context.sampling().filter(|_| context.can_ask());
    if offered.is_none_or(|sampling| with_tools && sampling.tools.is_none()) {
        let mut capability = ClientCapabilities::default();
        let sampling = capability.sampling.insert(SamplingCapability::default());
        sampling.tools = with_tools.then(JsonObject::new);
        return Err(missing(capability, "lets its model be asked"));
    }
    let request = InputRequest::CreateMessage(CreateMessageRequest::new(params));
    put(&context, Question::new(key, request)?, |answer| {
        serde_json::from_value(answer)
            .map(Sampled)
            .map_err(|error| format!("it is no result of `sampling/createMessage`: {error}"))
    })
    .await
}

/// What the client's model answered.
#[derive(Clone, Debug)]
pub struct Sampled(CreateMessageResult);

impl Sampled {
    /// The text of the answer; empty if it has none.
    pub fn text(&self) -> String {
        let contents = self.0.message.content.iter();
        let texts = contents.filter_map(|content| Some(content.as_text()?.text.as_str()));
        texts.collect::<Vec<_>>().join("\n")
    }

    /// The model that answered, as the client calls it.
    pub fn model(&self) -> &str {
        &self.0.model
    }

    /// Why the answer ends where it does, such as `endTurn` or `maxTokens`, if the client says so.
    pub fn stop_reason(&self) -> Option<&str> {
        self.0.stop_reason.as_deref()
    }

    /// Everything the client sent.
    pub fn result(&self) -> &CreateMessageResult {
        &self.0
    }
}
