//! One request: [`Ask`] until it is sent, [`Asked`] until it is answered.

use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use holdall::protocol::JsonObject;
use holdall::protocol::model::{
    CancelledNotification, CancelledNotificationParam, ClientRequest, CustomRequest, MetaObject, RequestId,
    RequestMetaObject,
};
use rmcp::service::{PeerRequestOptions, RequestHandle};
use rmcp::{RoleClient, ServiceError};
use serde_json::{Value, json};
use tokio::time::error::Elapsed;

use super::{Client, Shared};
use crate::link::WITHOUT_PROGRESS;
use crate::reply::{Outcome, Reply};

/// How often the server may come back with questions before it answers.
const ROUNDS_MAX: usize = 10;

/// A request to be sent. Await it for the answer.
#[must_use = "a request is sent when it is awaited"]
pub struct Ask<'a, R> {
    client: &'a Client,
    method: String,
    params: Value,
    /// For people: what was asked, and where.
    asked: String,
    meta: JsonObject,
    patience: Duration,
    answers_questions: bool,
    reply: PhantomData<fn() -> R>,
}

impl<'a, R> Ask<'a, R> {
    pub(super) fn new(client: &'a Client, method: &str, params: Value, asked: String) -> Self {
        Self {
            client,
            method: method.to_owned(),
            params,
            asked,
            meta: client.meta.clone(),
            patience: client.patience,
            answers_questions: true,
            reply: PhantomData,
        }
    }

    /// Adds an entry to the `_meta` of the request.
    pub fn meta(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.meta.insert(name.into(), value.into());
        self
    }

    /// Asks not to be told about progress. Without this every request does.
    pub fn without_progress(self) -> Self {
        self.meta(WITHOUT_PROGRESS, true)
    }

    /// How long to wait for the answer. Default: that of the client.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Takes the first answer for the answer, even if it is a question (protocol 2026-07-28: `input_required`).
    pub fn once(mut self) -> Self {
        self.answers_questions = false;
        self
    }

    /// Sends the request without waiting for the answer.
    ///
    /// # Panics
    /// If the connection is closed.
    pub async fn start(self) -> Asked<R> {
        match self.send(self.params.clone()).await {
            Ok(handle) => self.asked(handle),
            Err(error) => panic!(
                "{}\n  could not be sent: {error}\n{}",
                self.asked,
                self.client.shared.circumstances()
            ),
        }
    }

    fn asked<T>(&self, handle: RequestHandle<RoleClient>) -> Asked<T> {
        Asked {
            asked: self.asked.clone(),
            shared: Arc::clone(&self.client.shared),
            peer: self.client.running.peer().clone(),
            id: handle.id.clone(),
            handle,
            ended: None,
            patience: self.patience,
            reply: PhantomData,
        }
    }

    async fn send(&self, params: Value) -> Result<RequestHandle<RoleClient>, ServiceError> {
        let mut options = PeerRequestOptions::no_options();
        if !self.meta.is_empty() {
            let mut meta = MetaObject::default();
            self.meta.iter().for_each(|(name, value)| {
                meta.insert(name.clone(), value.clone());
            });
            options.meta = Some(RequestMetaObject(meta));
        }
        let request = request(&self.method, params);
        self.client
            .running
            .peer()
            .send_request_with_option(request, options)
            .await
    }

    async fn run(self) -> Reply {
        let mut params = self.params.clone();
        let mut tokens = Vec::new();
        let mut outcome = Outcome::Nothing(format!(
            "the server still asked questions after {ROUNDS_MAX} rounds"
        ));
        for _ in 0..ROUNDS_MAX {
            let round = self.round(params.clone(), &mut tokens).await;
            let questions = match &round {
                Outcome::Result(result)
                    if self.answers_questions && result["resultType"] == "input_required" =>
                {
                    result
                }
                _ => {
                    outcome = round;
                    break;
                }
            };
            match self.answers_to(questions) {
                Ok(answers) => params["inputResponses"] = answers,
                Err(why) => {
                    outcome = Outcome::Nothing(why);
                    break;
                }
            }
            if let Some(state) = questions.get("requestState") {
                params["requestState"] = state.clone();
            }
        }
        Reply {
            asked: self.asked,
            outcome,
            shared: Arc::clone(&self.client.shared),
            tokens,
        }
    }

    async fn round(&self, params: Value, tokens: &mut Vec<Value>) -> Outcome {
        match self.send(params).await {
            Ok(handle) => {
                let reply: Reply = self.asked(handle).reply().await;
                tokens.extend(reply.tokens);
                reply.outcome
            }
            Err(error) => Outcome::Nothing(error.to_string()),
        }
    }

    /// The answers to the questions in an `input_required` result.
    fn answers_to(&self, result: &Value) -> Result<Value, String> {
        let host = self.client.running.service();
        let mut answers = json!({});
        for (key, question) in result["inputRequests"].as_object().into_iter().flatten() {
            let method = question["method"].as_str().unwrap_or_default();
            let params = question.get("params").cloned().unwrap_or_default();
            let answer = host
                .answer(method, params)
                .map_err(|error| error.message.into_owned())?;
            answers[key] = answer;
        }
        Ok(answers)
    }
}

impl<'a, R: From<Reply> + 'a> IntoFuture for Ask<'a, R> {
    type Output = R;
    type IntoFuture = Pin<Box<dyn Future<Output = R> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.run().await.into() })
    }
}

/// A request under way.
#[must_use = "it is answered whether anybody waits or not"]
pub struct Asked<R> {
    asked: String,
    shared: Arc<Shared>,
    peer: rmcp::Peer<RoleClient>,
    id: RequestId,
    handle: RequestHandle<RoleClient>,
    /// How it ended, once it has.
    ended: Option<Result<(), ServiceError>>,
    patience: Duration,
    reply: PhantomData<fn() -> R>,
}

impl<R: From<Reply>> Asked<R> {
    /// The id of the request.
    pub fn id(&self) -> Value {
        self.id.clone().into_json_value()
    }

    /// Tells the server that the answer is no longer wanted.
    ///
    /// The client gives the request up itself, at once and whatever the server does, so [`reply`](Self::reply) then says
    /// nothing of the server. That a function stopped is shown by what it leaves behind: have a value that it holds
    /// tell when it is dropped, or count what is still running.
    pub async fn cancel(&self, reason: &str) {
        let params = CancelledNotificationParam::new(Some(self.id.clone()), Some(reason.to_owned()));
        // On a closed connection there is nothing to cancel.
        let _ = self
            .peer
            .send_notification(CancelledNotification::new(params).into())
            .await;
    }

    /// Resolves when the answer is there, or can no longer come.
    pub(super) async fn ended(&mut self) {
        if self.ended.is_none() {
            let answered = (&mut self.handle.rx).await;
            self.ended = Some(answered.unwrap_or(Err(ServiceError::TransportClosed)).map(drop));
        }
    }

    /// Waits for the answer. A request that was [cancelled](Self::cancel) has none, and ends without waiting for the server.
    pub async fn reply(mut self) -> R {
        let tokens = vec![token_of(&self.handle)];
        let answered = tokio::time::timeout(self.patience, self.ended()).await;
        let answered = answered.map(|()| self.ended.take().expect("it has just ended"));
        let outcome = outcome(answered, &self.id, self.patience, &self.shared);
        R::from(Reply {
            asked: self.asked,
            outcome,
            shared: self.shared,
            tokens,
        })
    }
}

/// The request as the SDK knows it, if nothing of it is lost that way.
fn request(method: &str, params: Value) -> ClientRequest {
    let params = (!params.is_null()).then_some(params);
    let message = match &params {
        Some(params) => json!({ "method": method, "params": params }),
        None => json!({ "method": method }),
    };
    let known: Option<ClientRequest> = serde_json::from_value(message.clone()).ok();
    let lossless = |known: &ClientRequest| serde_json::to_value(known).is_ok_and(|known| known == message);
    known
        .filter(lossless)
        .unwrap_or_else(|| ClientRequest::CustomRequest(CustomRequest::new(method, params)))
}

fn token_of(handle: &RequestHandle<RoleClient>) -> Value {
    handle.progress_token.0.clone().into_json_value()
}

/// What a request came to: the SDK knows that it ended, the journal knows what exactly came.
fn outcome(
    answered: Result<Result<(), ServiceError>, Elapsed>,
    id: &RequestId,
    patience: Duration,
    shared: &Shared,
) -> Outcome {
    let response = shared.journal.take_response(&id.clone().into_json_value());
    let nothing = |why: &str| Outcome::Nothing(why.to_owned());
    match (answered, response) {
        (Err(_), _) => nothing(&format!("nothing came within {patience:?}")),
        (Ok(Ok(()) | Err(ServiceError::McpError(_))), Some(response)) => match response.get("result") {
            Some(result) => Outcome::Result(result.clone()),
            None => Outcome::Error(response["error"].clone()),
        },
        (Ok(Err(ServiceError::Cancelled { .. })), _) => nothing("the request was cancelled"),
        (Ok(Err(ServiceError::TransportClosed)), _) => nothing("the server closed the connection"),
        (Ok(Err(ServiceError::TransportSend(error))), _) => {
            nothing(&format!("it could not be sent: {}", error.error))
        }
        (Ok(Err(error)), _) => nothing(&error.to_string()),
        (Ok(Ok(())), None) => nothing("the answer got lost"),
    }
}
