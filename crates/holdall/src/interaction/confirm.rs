//! Having a person agree: [`Context::confirm`], also with clients that cannot ask anybody.

use std::pin::Pin;
use std::task::{self, Poll};
use std::time::Duration;

use rmcp::model::ElicitationSchema;
use serde_json::Value;

use super::elicit::{Answer, form_request, read_answer};
use super::question::{Question, put};
use super::sealed::Purpose;
use crate::call::BoxFuture;
use crate::context::Context;
use crate::error::{CallError, CallResult, ErrorKind};

/// The argument by which a call is confirmed where nobody can be asked.
pub(crate) const CONFIRMATION: &str = "confirmation";
/// How long the code of a refused call is good: a model asks its user and calls again.
const CODE_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// Longer ones were never given out: a fingerprint for each question of a call.
const CODE_BYTES_MAX: usize = 2048;

impl Context {
    /// Has a person agree to something: `true` if they do, `false` if they decline or close the question.
    ///
    /// ```
    /// use holdall::prelude::*;
    ///
    /// /// Delete tasks.
    /// #[tool(destructive)]
    /// async fn delete(ctx: Context, ids: Vec<u32>) -> CallResult<String> {
    ///     if !ctx.confirm(format!("Delete {} tasks?", ids.len())).await? {
    ///         return Ok("nothing was deleted".into());
    ///     }
    ///     // …
    ///     Ok(format!("deleted {} tasks", ids.len()))
    /// }
    /// ```
    ///
    /// Where the client cannot ask anybody, the call is refused with an error of kind
    /// [`ErrorKind::ConfirmationRequired`]. If the tool is [`confirmable`](crate::Tool::confirmable), the error carries
    /// a code; calling again with the same arguments and the code as `confirmation` counts as `true`. The code is good
    /// for ten minutes, for this caller, tool, arguments and question. It makes a model stop and ask; it cannot prove
    /// that a person was asked.
    ///
    /// # Errors
    /// As [`Context::elicit`], except for clients that cannot show a form.
    pub fn confirm(&self, question: impl Into<String>) -> Confirm {
        Confirm {
            context: self.clone(),
            question: question.into(),
            key: self.asking().next_key("confirm"),
            running: None,
        }
    }
}

/// A question a person agrees to or not, asked when awaited. Made by [`Context::confirm`].
#[must_use = "nothing is asked until this is awaited"]
pub struct Confirm {
    context: Context,
    question: String,
    key: String,
    running: Option<BoxFuture<CallResult<bool>>>,
}

impl Confirm {
    /// The key of the question in `inputRequests`. Default: what it is and its place in the order of asking.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }
}

impl Future for Confirm {
    type Output = CallResult<bool>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let running = this.running.get_or_insert_with(|| {
            let (context, question) = (this.context.clone(), this.question.clone());
            Box::pin(confirm(context, this.key.clone(), question))
        });
        running.as_mut().poll(cx)
    }
}

async fn confirm(context: Context, key: String, text: String) -> CallResult<bool> {
    // There is nothing to fill in: accepting is agreeing.
    let request = form_request(text.clone(), ElicitationSchema::new(Default::default()));
    let question = Question::new(key, request)?.with_proof();
    let mut confirmed = confirmed(&context);
    if confirmed.iter().any(|known| known == question.fingerprint()) {
        return Ok(true);
    }
    if !context.can_elicit() {
        confirmed.push(question.fingerprint().to_owned());
        return Err(refused(&context, &text, &confirmed));
    }
    put(&context, question, |answer| match read_answer(answer)? {
        // Some clients send a field nobody asked for.
        Answer::Accepted(content) => Ok(content.get("confirm") != Some(&Value::Bool(false))),
        Answer::Declined | Answer::Cancelled => Ok(false),
    })
    .await
}

/// The questions of this call that the code it came with confirms.
fn confirmed(context: &Context) -> Vec<String> {
    let read = || {
        let call = context.asking().call()?;
        let code = call
            .confirmation
            .as_deref()
            .filter(|code| code.len() <= CODE_BYTES_MAX)?;
        let keys = context.asking().keys();
        let payload = keys.open(Purpose::Confirmation, &call.binding, code.trim())?;
        let text = String::from_utf8(payload).ok()?;
        Some(text.split(' ').map(str::to_owned).collect())
    };
    read().unwrap_or_default()
}

fn refused(context: &Context, question: &str, confirmed: &[String]) -> CallError {
    let message = format!("a person has to agree first, and this client cannot ask: {question}");
    let error = CallError::new(ErrorKind::ConfirmationRequired, message);
    let Some(call) = context.asking().call().filter(|call| call.confirmable) else {
        return error.hint("use a client that can show a form to its user (capability `elicitation`)");
    };
    let payload = confirmed.join(" ");
    let keys = context.asking().keys();
    let code = keys.seal(
        Purpose::Confirmation,
        &call.binding,
        payload.as_bytes(),
        CODE_LIFETIME,
    );
    let invalid = match call.confirmation {
        Some(_) => "the `confirmation` that was sent is not valid for this call; ",
        None => "",
    };
    let minutes = CODE_LIFETIME.as_secs() / 60;
    error.hint(format!(
        "{invalid}ask the user; if they agree, call `{}` again within {minutes} minutes with the same arguments and \
         `{CONFIRMATION}` set to \"{code}\"",
        call.binding.name
    ))
}
