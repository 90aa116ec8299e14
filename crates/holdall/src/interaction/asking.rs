//! What a call has for asking: [`Asking`], a part of its context.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::model::{InputRequest, InputRequiredResult, InputResponses};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::confirm::CONFIRMATION;
use super::patience::Patience;
use super::rounds::Rounds;
use super::sealed::{Binding, Keys, Purpose};
use super::settings::Settings;
use crate::call::BoxFuture;
use crate::context::Context;
use crate::error::{CallError, CallResult, ErrorKind, Signal};
use crate::protocol::JsonObject;

/// Where the questions of a call go.
pub(crate) enum Way {
    /// Nowhere: listing and completing ask nothing, and neither does what promised not to.
    Nowhere,
    /// To the client at once, as requests of their own. The function waits.
    Peer,
    /// Into the reply. The function ends with an error that says so, and runs again with the answers.
    Rounds(Rounds),
    /// To whoever takes them once the call runs on after its reply, and the function waits; until then as with rounds.
    Inbox {
        inbox: Arc<dyn Inbox>,
        /// What was asked and answered before the call went on alone.
        earlier: Rounds,
    },
}

/// Takes the questions of a call that outlives its request: see [`Asking::outlive`].
pub(crate) trait Inbox: Send + Sync {
    /// Puts a question and resolves with the client's answer, which is the result of `request` as the protocol has
    /// it, unchecked. An answer that makes no sense is asked for again under the same key. Dropped when the call
    /// ends first; then nobody waits for the answer any more.
    fn ask(&self, key: &str, request: InputRequest) -> BoxFuture<CallResult<Value>>;
}

/// What came with a call that may ask.
pub(crate) struct Incoming {
    pub(crate) method: &'static str,
    pub(crate) answers: Option<InputResponses>,
    pub(crate) state: Option<String>,
    /// Whether the argument `confirmation` is ours.
    pub(crate) confirmable: bool,
}

/// What a call has for asking.
pub(crate) struct Asking {
    pub(crate) settings: Arc<Settings>,
    pub(crate) patience: Patience,
    way: Way,
    cancellation: Option<CancellationToken>,
    incoming: Option<Incoming>,
    call: Option<CallInfo>,
    asked: Mutex<Asked>,
}

/// The call as far as asking is concerned.
#[derive(Clone)]
pub(crate) struct CallInfo {
    pub(crate) binding: Binding,
    /// Whether the call can be confirmed by an argument, and what came as that argument.
    pub(crate) confirmable: bool,
    pub(crate) confirmation: Option<String>,
}

#[derive(Default)]
struct Asked {
    count: u32,
    keys: HashSet<String>,
}

impl Asking {
    /// Asks nothing, until [`begin`] says where to.
    pub(crate) fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            patience: Patience::default(),
            way: Way::Nowhere,
            cancellation: None,
            incoming: None,
            call: None,
            asked: Mutex::default(),
        }
    }

    /// Lets the call ask.
    pub(crate) fn receive(&mut self, incoming: Incoming) {
        self.incoming = Some(incoming);
    }

    /// Lets the call go on after its request was answered: from [`leave_reply`](Self::leave_reply) on its questions go
    /// to the inbox, and it ends when `cancellation` says so, no longer with the request. For contexts on their way
    /// into the pipeline.
    pub(crate) fn outlive(&mut self, inbox: Arc<dyn Inbox>, cancellation: CancellationToken) {
        let earlier = Rounds::new(None, InputResponses::new());
        self.way = Way::Inbox { inbox, earlier };
        self.cancellation = Some(cancellation);
    }

    /// Has the questions go to the inbox from now on, unless one is in the reply already. Whether they do.
    pub(crate) fn leave_reply(&self) -> bool {
        match &self.way {
            Way::Inbox { earlier, .. } => earlier.close(),
            _ => false,
        }
    }

    /// What ends the call, if not its request.
    pub(crate) fn cancellation(&self) -> Option<&CancellationToken> {
        self.cancellation.as_ref()
    }

    pub(crate) fn way(&self) -> &Way {
        &self.way
    }

    pub(crate) fn call(&self) -> Option<&CallInfo> {
        self.call.as_ref()
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.settings.keys
    }

    /// The next name for a question that has none: `confirm_2` is the second thing the function asks.
    pub(crate) fn next_key(&self, kind: &str) -> String {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.count += 1;
        format!("{kind}_{}", asked.count)
    }

    /// Takes a key for one question.
    pub(crate) fn claim(&self, key: &str) -> CallResult<()> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.keys.insert(key.to_owned()) {
            return Ok(());
        }
        Err(CallError::internal(format!(
            "two questions of one call have the key `{key}`: give each its own with `.key(…)`"
        )))
    }

    /// Turns the end of a function that has asked something into the reply that asks the client.
    ///
    /// Whatever error it ended with: while an answer is missing, every failure may be a consequence of that, and the
    /// function runs again anyway. A function that succeeds has decided to go on without the answer.
    pub(crate) fn settle<T>(&self, outcome: CallResult<T>) -> CallResult<T> {
        let (Err(error), Way::Rounds(rounds) | Way::Inbox { earlier: rounds, .. }, Some(call)) =
            (&outcome, &self.way, &self.call)
        else {
            return outcome;
        };
        // With what the client lacks, no answer will help.
        let hopeless = matches!(error.signal(), Some(Signal::MissingCapability(_)))
            || error.kind() == ErrorKind::ConfirmationRequired;
        if hopeless || !rounds.has_asked() {
            return outcome;
        }
        match rounds.reply(&self.settings.keys, &call.binding) {
            Ok(reply) => Err(input_required(reply)),
            Err(error) => Err(error),
        }
    }
}

fn input_required(reply: InputRequiredResult) -> CallError {
    CallError::new(ErrorKind::InputRequired, "waits for the answer of the client")
        .signalling(Signal::InputRequired(reply))
}

/// Opens what came with a call, now that its arguments have been checked: `checked` is the outcome of that.
///
/// Whatever is wrong with a state is said before anything else, and nothing else is said.
pub(crate) fn begin(
    mut context: Context,
    name: &str,
    checked: CallResult<JsonObject>,
) -> CallResult<(JsonObject, Context)> {
    // Shared with anybody, a context cannot be opened any more, and a state that is not looked at must not pass.
    let asking = context
        .asking_mut()
        .ok_or_else(|| CallError::internal("the context of a call was shared before the call began"))?;
    let Some(incoming) = asking.incoming.take() else {
        return Ok((checked?, context));
    };
    let mut arguments = match checked {
        Ok(arguments) => arguments,
        // A state is only given out for arguments that are right.
        Err(_) if incoming.state.is_some() => return Err(wrong_state()),
        Err(error) => return Err(error),
    };
    let confirmation = if incoming.confirmable {
        arguments.remove(CONFIRMATION)
    } else {
        None
    };
    let binding = Binding {
        server: context.asking().settings.server.clone(),
        principal: context.principal().name().to_owned(),
        method: incoming.method,
        name: name.to_owned(),
        arguments: arguments.clone(),
    };
    let keys = context.asking().keys();
    let rounds = match &incoming.state {
        Some(sealed) => {
            let opened = keys.open(Purpose::State, &binding, sealed);
            let state = opened.as_deref().and_then(Rounds::read);
            Some(state.ok_or_else(wrong_state)?)
        }
        None => None,
    };
    context.check_log_level()?;
    let rounds = Rounds::new(rounds, incoming.answers.unwrap_or_default());
    let stateless = context.is_stateless();
    if let Some(asking) = context.asking_mut() {
        match &mut asking.way {
            Way::Inbox { earlier, .. } => *earlier = rounds,
            way if stateless => *way = Way::Rounds(rounds),
            way => *way = Way::Peer,
        }
        asking.call = Some(CallInfo {
            binding,
            confirmable: incoming.confirmable,
            confirmation: confirmation.and_then(|code| code.as_str().map(str::to_owned)),
        });
    }
    Ok((arguments, context))
}

/// One text for everything that can be wrong, so that nobody learns which it was.
fn wrong_state() -> CallError {
    CallError::invalid_arguments(
        "the `requestState` does not belong to this call: it was changed, has expired, or was given out for other \
         arguments or to somebody else",
    )
    .hint("send the call again without `requestState` and `inputResponses` to start over")
    .signalling(Signal::InvalidRequest)
}
