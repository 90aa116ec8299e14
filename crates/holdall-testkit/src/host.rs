//! What the test answers when the server asks: [`Answer`] and [`Question`].

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holdall::protocol::ErrorData;
use holdall::protocol::model::{ClientResult, CustomResult, ErrorCode, ServerNotification, ServerRequest};
use rmcp::RoleClient;
use rmcp::model::ClientConfig;
use rmcp::service::{NotificationContext, RequestContext};
use serde_json::{Value, json};

use crate::journal::Journal;

const ELICITATION: &str = "elicitation/create";
const SAMPLING: &str = "sampling/createMessage";
const ROOTS: &str = "roots/list";

/// What the server asked.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Question {
    /// `elicitation/create`, `sampling/createMessage` or `roots/list`.
    pub method: String,
    /// As they came.
    pub params: Value,
}

impl Question {
    /// What a person is to be asked, or the last message a model is to answer.
    pub fn text(&self) -> &str {
        let messages = self.params["messages"].as_array();
        let said = match messages.and_then(|messages| messages.last()) {
            Some(message) => &message["content"]["text"],
            None => &self.params["message"],
        };
        said.as_str().unwrap_or_default()
    }
}

/// An answer to something the server asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    method: Option<&'static str>,
    content: Result<Value, (i32, String)>,
}

impl Answer {
    /// To an elicitation: a person fills in the form.
    pub fn accept(content: Value) -> Self {
        Self::to(ELICITATION, json!({ "action": "accept", "content": content }))
    }

    /// To an elicitation: a person says no.
    pub fn decline() -> Self {
        Self::to(ELICITATION, json!({ "action": "decline" }))
    }

    /// To an elicitation: a person closes the form.
    pub fn cancel() -> Self {
        Self::to(ELICITATION, json!({ "action": "cancel" }))
    }

    /// To a sampling request: a model says this.
    pub fn says(text: impl Into<String>) -> Self {
        let content = json!({ "type": "text", "text": text.into() });
        let message =
            json!({ "role": "assistant", "content": content, "model": "a-test", "stopReason": "endTurn" });
        Self::to(SAMPLING, message)
    }

    /// To anything: this result, as it is.
    pub fn raw(result: Value) -> Self {
        Self {
            method: None,
            content: Ok(result),
        }
    }

    /// To anything: a JSON-RPC error.
    pub fn error(code: i32, message: impl Into<String>) -> Self {
        Self {
            method: None,
            content: Err((code, message.into())),
        }
    }

    fn to(method: &'static str, content: Value) -> Self {
        Self {
            method: Some(method),
            content: Ok(content),
        }
    }

    /// The capability a client must have declared to be asked for this.
    pub(crate) fn capability(&self) -> Option<&'static str> {
        match self.method? {
            ELICITATION => Some("elicitation"),
            _ => Some("sampling"),
        }
    }
}

/// A function that answers.
pub(crate) type Respond = Arc<dyn Fn(&Question) -> Answer + Send + Sync>;

/// The client's side of what a server can ask for. Clones are one host.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) info: ClientConfig,
    pub(crate) journal: Arc<Journal>,
    pub(crate) given: Arc<Given>,
}

/// The answers a test has prepared, and the questions that came.
#[derive(Default)]
pub(crate) struct Given {
    pub(crate) queue: Mutex<VecDeque<Answer>>,
    pub(crate) on_elicitation: Option<Respond>,
    pub(crate) on_sampling: Option<Respond>,
    pub(crate) roots: Option<Vec<String>>,
    asked: Mutex<Vec<Question>>,
}

impl Given {
    pub(crate) fn push(&self, answer: Answer) {
        locked(&self.queue).push_back(answer);
    }

    pub(crate) fn asked(&self) -> Vec<Question> {
        locked(&self.asked).clone()
    }
}

impl Host {
    /// Answers a question.
    pub(crate) fn answer(&self, method: &str, params: Value) -> Result<Value, ErrorData> {
        let question = Question {
            method: method.to_owned(),
            params,
        };
        let answer = self.find(&question);
        locked(&self.given.asked).push(question);
        answer.content.map_err(|(code, message)| {
            self.journal.remark(&format!(
                "the question was answered with the error {code}: {message}"
            ));
            ErrorData::new(ErrorCode(code), message, None)
        })
    }

    fn find(&self, question: &Question) -> Answer {
        let respond = match question.method.as_str() {
            ELICITATION => &self.given.on_elicitation,
            SAMPLING => &self.given.on_sampling,
            ROOTS => {
                if let Some(roots) = &self.given.roots {
                    let roots: Vec<Value> = roots.iter().map(|uri| json!({ "uri": uri })).collect();
                    return Answer::to(ROOTS, json!({ "roots": roots }));
                }
                &None
            }
            _ => &None,
        };
        if let Some(respond) = respond {
            return respond(question);
        }
        let method = &question.method;
        let next = locked(&self.given.queue).pop_front();
        let problem = match next {
            Some(answer) if answer.method.is_none_or(|meant| meant == method) => return answer,
            Some(answer) => format!(
                "the server asked `{method}`, but the next answer is to `{}`",
                answer.method.unwrap_or_default()
            ),
            None => format!(
                "the test has no answer to `{method}` ({:?}): prepare one with `.answer(…)`",
                question.text()
            ),
        };
        Answer::error(ErrorCode::INTERNAL_ERROR.0, problem)
    }
}

impl rmcp::Service<RoleClient> for Host {
    async fn handle_request(
        &self,
        request: ServerRequest,
        _: RequestContext<RoleClient>,
    ) -> Result<ClientResult, ErrorData> {
        if let ServerRequest::PingRequest(_) = request {
            return Ok(ClientResult::empty(()));
        }
        let message = serde_json::to_value(&request).unwrap_or_default();
        let method = message["method"].as_str().unwrap_or_default();
        let params = message.get("params").cloned().unwrap_or_default();
        let answer = self.answer(method, params)?;
        Ok(ClientResult::CustomResult(CustomResult::new(answer)))
    }

    async fn handle_notification(
        &self,
        _: ServerNotification,
        _: NotificationContext<RoleClient>,
    ) -> Result<(), ErrorData> {
        // The journal has it already.
        Ok(())
    }

    fn get_info(&self) -> ClientConfig {
        self.info.clone()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
