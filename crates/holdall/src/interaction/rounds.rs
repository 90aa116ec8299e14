//! The way into the reply: what a function has been told so far travels with the client, sealed, and the function
//! runs from its start in every round.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rmcp::model::{InputRequest, InputRequiredResult, InputResponses};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::question::Question;
use super::sealed::{Binding, Keys, Purpose};
use crate::error::{CallError, CallResult, ErrorKind, Signal};

/// How long a client may take from one round to the next: a person reads, thinks, looks something up.
const STATE_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// The longest state that is given out, in bytes: it is sent twice in every round, and some proxies are narrow.
const STATE_BYTES_MAX: usize = 256 * 1024;
/// More questions in one round than any client will show.
const QUESTIONS_MAX: usize = 32;
/// A function that still asks after this many rounds asks something new each time it runs.
const ROUNDS_MAX: u32 = 32;

/// The questions and answers of a call that is made in rounds.
pub(crate) struct Rounds(Mutex<Progress>);

struct Progress {
    /// Rounds that are over.
    number: u32,
    /// What came with this round and has not been looked at.
    fresh: BTreeMap<String, Fresh>,
    /// What is known from earlier rounds and what was taken from this one.
    answers: BTreeMap<String, Answered>,
    kept: BTreeMap<String, Value>,
    /// What has to be asked.
    pending: BTreeMap<String, (String, InputRequest)>,
    /// Whether nothing more can be asked in the reply.
    closed: bool,
}

/// An answer as it came; `question` is the fingerprint of what had been asked under its key, if we know.
struct Fresh {
    question: Option<String>,
    answer: Value,
}

/// What travels with the client between two rounds.
#[derive(Serialize, Deserialize)]
pub(crate) struct State {
    #[serde(rename = "n")]
    number: u32,
    /// The questions the client has to answer now: key and fingerprint.
    #[serde(rename = "q", default, skip_serializing_if = "BTreeMap::is_empty")]
    asked: BTreeMap<String, String>,
    #[serde(rename = "a", default, skip_serializing_if = "BTreeMap::is_empty")]
    answers: BTreeMap<String, Answered>,
    #[serde(rename = "k", default, skip_serializing_if = "BTreeMap::is_empty")]
    kept: BTreeMap<String, Value>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Answered {
    #[serde(rename = "q")]
    question: String,
    #[serde(rename = "a")]
    answer: Value,
}

impl Rounds {
    /// Reads an opened state.
    pub(crate) fn read(payload: &[u8]) -> Option<State> {
        serde_json::from_slice(payload).ok()
    }

    /// The round that comes after `state`, or the first one, with the answers the client sent.
    ///
    /// Answers to what was not asked are dropped. Without a state nobody knows what was asked.
    pub(crate) fn new(state: Option<State>, responses: InputResponses) -> Self {
        let asked = state.as_ref().map(|state| &state.asked);
        let fresh = responses
            .into_iter()
            .filter_map(|(key, answer)| {
                let question = match asked {
                    Some(asked) => Some(asked.get(&key)?.clone()),
                    None => None,
                };
                Some((key, Fresh { question, answer }))
            })
            .collect();
        let (number, answers, kept) = match state {
            Some(state) => (state.number, state.answers, state.kept),
            None => Default::default(),
        };
        Self(Mutex::new(Progress {
            number,
            fresh,
            answers,
            kept,
            pending: BTreeMap::new(),
            closed: false,
        }))
    }

    /// The answer if it is there. Otherwise the question goes into the reply, and the error ends the function.
    pub(crate) fn ask(&self, question: &Question) -> CallResult<Value> {
        if let Some(answer) = self.answer(question) {
            return Ok(answer);
        }
        Err(self.progress().put_off(question))
    }

    /// As [`ask`](Self::ask), or `None` if the reply takes no questions any more.
    pub(crate) fn ask_unless_closed(&self, question: &Question) -> CallResult<Option<Value>> {
        if let Some(answer) = self.answer(question) {
            return Ok(Some(answer));
        }
        let mut progress = self.progress();
        if progress.closed {
            return Ok(None);
        }
        Err(progress.put_off(question))
    }

    /// Lets no more questions into the reply, unless one is there already. Whether it is closed.
    pub(crate) fn close(&self) -> bool {
        let mut progress = self.progress();
        progress.closed = progress.pending.is_empty();
        progress.closed
    }

    /// The answer if it is there.
    pub(crate) fn answer(&self, question: &Question) -> Option<Value> {
        let mut progress = self.progress();
        if question.is_repeated() {
            progress.answers.remove(question.key());
            return None;
        }
        progress.answer(question)
    }

    /// Whether something has to be asked.
    pub(crate) fn has_asked(&self) -> bool {
        !self.progress().pending.is_empty()
    }

    /// What was kept under `key` in an earlier run.
    pub(crate) fn kept(&self, key: &str) -> Option<Value> {
        self.progress().kept.get(key).cloned()
    }

    /// Keeps a value for the runs to come.
    pub(crate) fn keep(&self, key: &str, value: Value) {
        self.progress().kept.insert(key.to_owned(), value);
    }

    /// The reply that asks everything that has to be asked, and its state.
    pub(crate) fn reply(&self, keys: &Keys, binding: &Binding) -> CallResult<InputRequiredResult> {
        let mut progress = self.progress();
        if progress.number >= ROUNDS_MAX {
            let keys: Vec<&str> = progress.pending.keys().map(String::as_str).collect();
            return Err(too_much(format!(
                "more than {ROUNDS_MAX} rounds of questions, the last one asks {}",
                keys.join(", ")
            )));
        }
        let pending = std::mem::take(&mut progress.pending);
        let asked = pending
            .iter()
            .map(|(key, (fingerprint, _))| (key.clone(), fingerprint.clone()));
        let state = State {
            number: progress.number + 1,
            asked: asked.collect(),
            answers: progress.answers.clone(),
            kept: progress.kept.clone(),
        };
        let payload = serde_json::to_vec(&state)?;
        let sealed = keys.seal(Purpose::State, binding, &payload, STATE_LIFETIME);
        if sealed.len() > STATE_BYTES_MAX {
            let bytes = sealed.len();
            return Err(too_much(format!(
                "what was answered and remembered so far takes {bytes} bytes, more than the {STATE_BYTES_MAX} allowed"
            )));
        }
        let requests = pending
            .into_iter()
            .map(|(key, (_, request))| (key, request))
            .collect();
        Ok(InputRequiredResult::new(Some(requests), Some(sealed)))
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    /// Puts the question into the reply; the error ends the function.
    fn put_off(&mut self, question: &Question) -> CallError {
        // What does not go into this reply is asked in the next round.
        if self.pending.len() < QUESTIONS_MAX {
            let pending = (question.fingerprint().to_owned(), question.request());
            self.pending.insert(question.key().to_owned(), pending);
        }
        let message = "a question waits for the answer of the client";
        CallError::new(ErrorKind::InputRequired, message).signalling(Signal::Asked)
    }

    /// The answer to exactly this question: another text under the same key is another question.
    fn answer(&mut self, question: &Question) -> Option<Value> {
        if let Some(known) = self.answers.get(question.key())
            && known.question == question.fingerprint()
        {
            return Some(known.answer.clone());
        }
        let fresh = self.fresh.remove(question.key())?;
        let fits = match &fresh.question {
            Some(asked) => asked == question.fingerprint(),
            // Clients may answer what they expect to be asked, but nobody agrees to what was never put to them.
            None => !question.needs_proof(),
        };
        if !fits {
            return None;
        }
        let answered = Answered {
            question: question.fingerprint().to_owned(),
            answer: fresh.answer.clone(),
        };
        self.answers.insert(question.key().to_owned(), answered);
        Some(fresh.answer)
    }
}

fn too_much(what: String) -> CallError {
    CallError::internal(format!("the function asks too much: {what}"))
}
