//! Asking a person: [`Context::elicit`] with a form, [`Context::elicit_url`] with a page.

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{self, Poll};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rmcp::model::{
    ClientCapabilities, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction,
    ElicitationCapability, InputRequest, ProtocolVersion, UrlElicitationCapability,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::asking::Way;
use super::form::Form;
use super::question::{Question, missing, put};
use crate::argument::schema_of;
use crate::call::BoxFuture;
use crate::context::Context;
use crate::error::{CallError, CallResult, ErrorKind};
use crate::protocol::JsonObject;

/// What a person did with a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// Answered it.
    Accepted(T),
    /// Said no.
    Declined,
    /// Closed it without a choice.
    Cancelled,
}

impl<T> Answer<T> {
    /// What was answered, if it was.
    pub fn accepted(self) -> Option<T> {
        match self {
            Self::Accepted(value) => Some(value),
            Self::Declined | Self::Cancelled => None,
        }
    }

    /// What was answered, for functions that cannot go on without.
    ///
    /// # Errors
    /// Of kind [`ErrorKind::Declined`] if the person said no or closed the question.
    pub fn required(self) -> CallResult<T> {
        match self {
            Self::Accepted(value) => Ok(value),
            Self::Declined => Err(CallError::new(ErrorKind::Declined, "the user declined to answer")),
            Self::Cancelled => Err(CallError::new(
                ErrorKind::Declined,
                "the user closed the question without an answer",
            )),
        }
    }

    fn try_map<U, E>(self, with: impl FnOnce(T) -> Result<U, E>) -> Result<Answer<U>, E> {
        Ok(match self {
            Self::Accepted(value) => Answer::Accepted(with(value)?),
            Self::Declined => Answer::Declined,
            Self::Cancelled => Answer::Cancelled,
        })
    }
}

impl Context {
    /// Asks a person to fill in a form with the fields of `T`.
    ///
    /// ```
    /// use holdall::prelude::*;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Booking {
    ///     /// Name for the table.
    ///     name: String,
    ///     #[schemars(range(min = 1, max = 12))]
    ///     people: u8,
    ///     #[serde(default)]
    ///     seat: Seat,
    /// }
    ///
    /// #[derive(Default, Deserialize, JsonSchema, serde::Serialize)]
    /// enum Seat {
    ///     #[default]
    ///     Inside,
    ///     /// On the terrace.
    ///     Outside,
    /// }
    ///
    /// /// Book a table.
    /// #[tool]
    /// async fn book(ctx: Context) -> CallResult<String> {
    ///     let Booking { name, people, .. } = ctx.elicit("Which table?").await?.required()?;
    ///     Ok(format!("a table for {people}, {name}"))
    /// }
    /// ```
    ///
    /// A form is flat, as the protocol has it: texts, numbers, yes and no, choices (enums without data) and lists of
    /// choices, each optional or with a default. An answer is checked against it, and asked for again if it does not
    /// fit. Never ask for secrets in a form; that is what [`Context::elicit_url`] is for.
    ///
    /// Several questions joined with `tokio::join!` are shown together where the client can do that.
    ///
    /// With clients that speak 2026-07-28 the function is run again from its start when the answer is there: what it
    /// did before the question happens twice, unless it is done in [`Context::remember`]. Questions must come out the
    /// same in every run, or they are asked again.
    ///
    /// # Errors
    /// When first awaited, one of kind [`ErrorKind::InputRequired`] that has to be passed on with `?`, unless the
    /// answer is there. [`ErrorKind::UnsupportedByClient`] if the client cannot show forms, [`ErrorKind::TimedOut`]
    /// if nobody answers ([`Server::answer_within`](crate::Server::answer_within)), [`ErrorKind::Internal`] if `T` is
    /// no form; the log says why.
    pub fn elicit<T: DeserializeOwned + JsonSchema + 'static>(
        &self,
        message: impl Into<String>,
    ) -> Elicit<T> {
        Elicit::new(self, message.into(), Mode::Form(schema_of::<T>()))
    }

    /// Asks a person to visit a page, for what must not pass through the client: signing in, paying, keys.
    ///
    /// Accepted means that the person agreed to open the page, not that they are done there. The page has to find out
    /// for itself who its visitor is, and its address must not let anybody in.
    ///
    /// # Errors
    /// As [`Context::elicit`].
    pub fn elicit_url(&self, message: impl Into<String>, url: impl Into<String>) -> Elicit<()> {
        Elicit::new(self, message.into(), Mode::Url(url.into()))
    }

    /// Whether the client can show a form to a person: [`Context::elicit`], [`Context::confirm`].
    pub fn can_elicit(&self) -> bool {
        // A client that names no mode means forms.
        self.can_ask()
            && self
                .elicitation()
                .is_some_and(|modes| modes.form.is_some() || modes.url.is_none())
    }

    /// Whether the client can have a person visit a page: [`Context::elicit_url`].
    pub fn can_elicit_url(&self) -> bool {
        self.can_ask() && self.elicitation().is_some_and(|modes| modes.url.is_some())
    }

    fn elicitation(&self) -> Option<ElicitationCapability> {
        self.request().client_capabilities()?.elicitation
    }

    pub(super) fn can_ask(&self) -> bool {
        !matches!(self.asking().way(), Way::Nowhere)
    }
}

/// A question to a person, asked when awaited. Made by [`Context::elicit`] and [`Context::elicit_url`].
#[must_use = "nothing is asked until this is awaited"]
pub struct Elicit<T> {
    context: Context,
    message: String,
    mode: Mode,
    key: String,
    running: Option<BoxFuture<CallResult<Answer<T>>>>,
    answer: PhantomData<fn() -> T>,
}

#[derive(Clone)]
enum Mode {
    Form(JsonObject),
    Url(String),
}

impl<T> Elicit<T> {
    fn new(context: &Context, message: String, mode: Mode) -> Self {
        Self {
            context: context.clone(),
            message,
            mode,
            key: context.asking().next_key("elicit"),
            running: None,
            answer: PhantomData,
        }
    }

    /// The key of the question in `inputRequests`. Default: what it is and its place in the order of asking; functions
    /// that ask in no fixed order name their questions.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    /// The JSON Schema of the form instead of the one derived from `T`, for titles of choices and what else the type
    /// does not say: `ctx.elicit::<serde_json::Value>("…").schema(json!({…}))`.
    ///
    /// It has no effect on [`Context::elicit_url`].
    pub fn schema(mut self, schema: Value) -> Self {
        if let Mode::Form(form) = &mut self.mode {
            // What is no object is no form either, which is said when it is asked.
            *form = match schema {
                Value::Object(schema) => schema,
                other => JsonObject::from_iter([("type".to_owned(), other)]),
            };
        }
        self
    }
}

impl<T: DeserializeOwned + 'static> Future for Elicit<T> {
    type Output = CallResult<Answer<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let running = this.running.get_or_insert_with(|| {
            let context = this.context.clone();
            let (key, message) = (this.key.clone(), this.message.clone());
            match this.mode.clone() {
                Mode::Form(schema) => Box::pin(fill_in(context, key, message, schema)),
                Mode::Url(url) => Box::pin(visit(context, key, message, url)),
            }
        });
        running.as_mut().poll(cx)
    }
}

async fn fill_in<T: DeserializeOwned>(
    context: Context,
    key: String,
    message: String,
    schema: JsonObject,
) -> CallResult<Answer<T>> {
    let form = Form::new(schema).map_err(|problems| no_form::<T>(&problems))?;
    if !context.can_elicit() {
        return Err(cannot_show_forms());
    }
    // What titles of choices looked like before they were settled.
    let old = context
        .protocol_version()
        .is_some_and(|version| version < ProtocolVersion::V_2025_11_25);
    let request = form_request(
        message,
        form.schema(old).map_err(|problem| no_form::<T>(&[problem]))?,
    );
    put(&context, Question::new(key, request)?, |answer| {
        read_answer(answer)?.try_map(|content| form.read(content))
    })
    .await
}

async fn visit<T: DeserializeOwned>(
    context: Context,
    key: String,
    message: String,
    url: String,
) -> CallResult<Answer<T>> {
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return Err(CallError::internal(format!(
            "`{url}` is not the address of a page"
        )));
    }
    if !context.can_elicit_url() {
        let mut capability = ClientCapabilities::default();
        let modes = ElicitationCapability::new().with_url(UrlElicitationCapability::new());
        capability.elicitation = Some(modes);
        return Err(missing(capability, "can send its user to a page"));
    }
    let elicitation_id = elicitation_id(&context)?;
    let request = InputRequest::Elicitation(ElicitRequest::new(ElicitRequestParams::UrlElicitationParams {
        meta: None,
        message,
        url,
        elicitation_id,
    }));
    put(&context, Question::new(key, request)?, |answer| {
        // There is no content, so the type is that of nothing.
        let nothing = |_| serde_json::from_value(Value::Null).map_err(|error| error.to_string());
        read_answer(answer)?.try_map(nothing)
    })
    .await
}

/// Up to 2025-11-25 each visit has a name of its own; later ones have none, and would be a new question in each round.
fn elicitation_id(context: &Context) -> CallResult<String> {
    if context.is_stateless() {
        return Ok(String::new());
    }
    let mut id = [0; 16];
    getrandom::fill(&mut id)?;
    Ok(URL_SAFE_NO_PAD.encode(id))
}

pub(super) fn form_request(
    message: String,
    requested_schema: rmcp::model::ElicitationSchema,
) -> InputRequest {
    InputRequest::Elicitation(ElicitRequest::new(ElicitRequestParams::FormElicitationParams {
        meta: None,
        message,
        requested_schema,
    }))
}

/// What a client sent as the result of `elicitation/create`.
pub(super) fn read_answer(answer: Value) -> Result<Answer<Value>, String> {
    let result: ElicitResult = serde_json::from_value(answer)
        .map_err(|error| format!("it is no result of `elicitation/create`: {error}"))?;
    match result.action {
        ElicitationAction::Accept => Ok(Answer::Accepted(result.content.unwrap_or_default())),
        ElicitationAction::Decline => Ok(Answer::Declined),
        ElicitationAction::Cancel => Ok(Answer::Cancelled),
        other => Err(format!("`{other:?}` is none of accept, decline and cancel")),
    }
}

pub(super) fn cannot_show_forms() -> CallError {
    let mut capability = ClientCapabilities::default();
    capability.elicitation = Some(ElicitationCapability::new());
    missing(capability, "can show a form to its user")
}

fn no_form<T>(problems: &[String]) -> CallError {
    let name = std::any::type_name::<T>();
    CallError::internal(format!("`{name}` is no form: {}", problems.join("; ")))
}
