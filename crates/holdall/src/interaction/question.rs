//! What is asked, in the form every way takes: [`Question`]; and how it is [`put`].

use rmcp::model::{ClientCapabilities, ElicitRequestParams, InputRequest};
use serde_json::Value;

use super::asking::Way;
use super::peer;
use super::sealed::digest;
use crate::context::Context;
use crate::error::{CallError, CallResult, ErrorKind, Signal};
use crate::turn::Paused;

/// How often a person who waits in the same call is shown a form whose answer does not fit.
const ATTEMPTS_MAX: u32 = 3;

/// One thing a function asks.
pub(crate) struct Question {
    key: String,
    request: InputRequest,
    fingerprint: String,
    proof: bool,
    /// What was wrong with the answer before.
    complaint: Option<String>,
}

impl Question {
    /// A question. Its key tells its answer from those to other questions of the call.
    pub(crate) fn new(key: String, request: InputRequest) -> CallResult<Self> {
        let fingerprint = digest(&[&serde_json::to_vec(&request)?], 16);
        Ok(Self {
            key,
            request,
            fingerprint,
            proof: false,
            complaint: None,
        })
    }

    /// Only an answer counts that was given to this very question.
    pub(crate) fn with_proof(mut self) -> Self {
        self.proof = true;
        self
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Stands for the text and form of the question.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    pub(crate) fn needs_proof(&self) -> bool {
        self.proof
    }

    /// Whether it has been answered, but wrongly.
    pub(crate) fn is_repeated(&self) -> bool {
        self.complaint.is_some()
    }

    /// The request to the client. A person who is asked again reads what was wrong.
    pub(crate) fn request(&self) -> InputRequest {
        let mut request = self.request.clone();
        if let (Some(complaint), InputRequest::Elicitation(form)) = (&self.complaint, &mut request)
            && let ElicitRequestParams::FormElicitationParams { message, .. } = &mut form.params
        {
            message.push_str(&format!("\n\nThe last answer did not fit: {complaint}"));
        }
        request
    }
}

/// Asks, and reads the answer with `read`, which says what is wrong with one that does not fit.
pub(crate) async fn put<A>(
    context: &Context,
    mut question: Question,
    read: impl Fn(Value) -> Result<A, String>,
) -> CallResult<A> {
    let asking = context.asking();
    asking.claim(question.key())?;
    let mut attempt = 1;
    loop {
        let answer = match asking.way() {
            Way::Nowhere => return Err(nobody_to_ask()),
            // Asked a second time, this ends the function: the next round has the next answer.
            Way::Rounds(rounds) => rounds.ask(&question)?,
            Way::Peer => waiting(context, peer::ask(context, question.request())).await?,
            Way::Inbox { inbox, earlier } => match earlier.ask_unless_closed(&question)? {
                Some(answer) => answer,
                None => {
                    let answer = async { inbox.ask(question.key(), question.request()).await };
                    waiting(context, answer).await?
                }
            },
        };
        let complaint = match read(answer) {
            Ok(answer) => return Ok(answer),
            Err(complaint) => complaint,
        };
        let in_vain = !matches!(question.request, InputRequest::Elicitation(_)) || attempt == ATTEMPTS_MAX;
        if in_vain && !matches!(asking.way(), Way::Rounds(_)) {
            let message = format!(
                "the client's answer to `{}` does not fit: {complaint}",
                question.key()
            );
            return Err(CallError::failed(message));
        }
        question.complaint = Some(complaint);
        attempt += 1;
    }
}

/// Waits for somebody else: the clock of the call stands still, others have their turn, and a cancelled call stops
/// waiting.
async fn waiting(context: &Context, answer: impl Future<Output = CallResult<Value>>) -> CallResult<Value> {
    let pause = context.asking().patience.pause();
    let paused = Paused::new(context.turn())?;
    let answer = tokio::select! {
        // First, so that a call that is over asks nobody any more.
        biased;
        () = context.cancelled() => {
            return Err(CallError::new(ErrorKind::Cancelled, "the client cancelled the call"));
        }
        answer = answer => answer,
    };
    // Others may be ahead by now; that is time the call takes.
    drop(pause);
    paused.resume().await;
    answer
}

/// The client cannot be asked because it did not say that it can. The protocol has an error for it since 2026-07-28.
pub(crate) fn missing(capability: ClientCapabilities, what: &str) -> CallError {
    let names = serde_json::to_value(&capability).unwrap_or_default();
    let message = format!("this needs a client that {what}, and this one did not declare that capability");
    CallError::new(ErrorKind::UnsupportedByClient, message)
        .hint(format!("use a client that declares {names}"))
        .signalling(Signal::MissingCapability(capability))
}

fn nobody_to_ask() -> CallError {
    CallError::internal("listing and completing cannot ask the client anything")
}
