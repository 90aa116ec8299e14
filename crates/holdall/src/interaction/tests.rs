//! Calls that go on after their request was answered, and ask an inbox.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};

use rmcp::model::{InputRequest, RequestId, RequestMetaObject};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio_util::sync::CancellationToken;

use super::asking::{Inbox, Incoming, begin};
use super::{Asking, Choices, SessionLog};
use crate::call::BoxFuture;
use crate::context::Context;
use crate::error::{CallResult, ErrorKind};
use crate::live::ServerHandle;
use crate::principal::Principal;
use crate::protocol::{JsonObject, RequestContext, RoleServer, RunningService};
use crate::provider::catalogue::Home;
use crate::server::Server;
use crate::service::Service;
use crate::state::States;

/// Answers by heart, and writes down what it was asked.
#[derive(Default)]
struct ByHeart {
    answers: Mutex<VecDeque<Value>>,
    asked: Mutex<Vec<(String, Value)>>,
}

impl Inbox for ByHeart {
    fn ask(&self, key: &str, request: InputRequest) -> BoxFuture<CallResult<Value>> {
        let request = serde_json::to_value(request).unwrap();
        self.asked.lock().unwrap().push((key.to_owned(), request));
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async move {
            match answer {
                Some(answer) => Ok(answer),
                None => std::future::pending().await,
            }
        })
    }
}

type Connection = (RunningService<RoleServer, Service>, DuplexStream);

/// A call of a client of 2026-07-28 that can show forms; what keeps its peer alive.
fn call() -> (Context, Connection) {
    let service = Server::new("tasks").build().unwrap();
    let (near, far) = tokio::io::duplex(64);
    let running = rmcp::service::serve_directly(service, near, None);
    let mut request = RequestContext::new(RequestId::Number(1), running.peer().clone());
    request.meta = serde_json::from_value::<RequestMetaObject>(json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
    }))
    .unwrap();
    let settings = Choices::default().settle("tasks", &mut Vec::new());
    let asking = Asking::new(Arc::new(settings.unwrap()));
    let home = Arc::new(Home {
        states: States::default(),
        server: ServerHandle::new(Weak::new(), 0),
    });
    let context = Context::new(request, Principal::local(), home, asking, SessionLog::default());
    (context, (running, far))
}

fn incoming(answers: Value) -> Incoming {
    Incoming {
        method: "tools/call",
        answers: serde_json::from_value(answers).unwrap(),
        state: None,
        confirmable: false,
    }
}

#[derive(Deserialize, schemars::JsonSchema)]
struct Name {
    name: String,
}

fn outliving(answers: Value, inbox: &Arc<ByHeart>, ended: &CancellationToken) -> (Context, Connection) {
    let (mut context, peer) = call();
    context.receive(incoming(answers));
    let inbox = Arc::clone(inbox);
    context.asking_mut().unwrap().outlive(inbox, ended.clone());
    let (_, context) = begin(context, "delete", Ok(JsonObject::new())).unwrap();
    assert!(context.asking().leave_reply());
    (context, peer)
}

#[tokio::test]
async fn a_call_that_goes_on_alone_asks_its_inbox() {
    let inbox = Arc::new(ByHeart::default());
    inbox.answers.lock().unwrap().extend([
        json!({"action": "accept", "content": {"nome": "Ada"}}),
        json!({"action": "accept", "content": {"name": "Ada"}}),
        json!({"action": "decline"}),
    ]);
    let (context, _peer) = outliving(json!(null), &inbox, &CancellationToken::new());
    let name = context.elicit::<Name>("Who?").key("who").await.unwrap();
    assert_eq!(name.accepted().unwrap().name, "Ada");
    assert!(!context.confirm("Sure?").await.unwrap());
    let asked = inbox.asked.lock().unwrap();
    let keys: Vec<&str> = asked.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["who", "who", "confirm_2"]);
    assert_eq!(asked[0].1["method"], "elicitation/create");
    let again = asked[1].1["params"]["message"].as_str().unwrap();
    assert!(again.contains("/name: is required"), "{again}");
}

#[tokio::test]
async fn what_was_answered_before_it_went_on_alone_is_not_asked_again() {
    let inbox = Arc::new(ByHeart::default());
    let answers = json!({"who": {"action": "accept", "content": {"name": "Ada"}}});
    let (context, _peer) = outliving(answers, &inbox, &CancellationToken::new());
    let name = context.elicit::<Name>("Who?").key("who").await.unwrap();
    assert_eq!(name.accepted().unwrap().name, "Ada");
    assert!(inbox.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn it_ends_with_its_own_cancellation() {
    let (inbox, ended) = (Arc::new(ByHeart::default()), CancellationToken::new());
    let (context, _peer) = outliving(json!(null), &inbox, &ended);
    let ends = async { ended.cancel() };
    let (answer, ()) = tokio::join!(context.confirm("Sure?"), ends);
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(context.is_cancelled());
    // Nobody is asked by a call that is over.
    let before = inbox.asked.lock().unwrap().len();
    assert!(context.confirm("Still sure?").await.is_err());
    assert_eq!(inbox.asked.lock().unwrap().len(), before);
}

#[tokio::test]
async fn what_is_kept_outside_of_rounds_is_done_when_it_is_asked_for() {
    let (context, _peer) = outliving(
        json!(null),
        &Arc::new(ByHeart::default()),
        &CancellationToken::new(),
    );
    let mut times = 0;
    for _ in 0..2 {
        let done: CallResult<u32> = context
            .remember("once", async {
                times += 1;
                Ok(times)
            })
            .await;
        assert_eq!(done.unwrap(), 1);
    }
}
