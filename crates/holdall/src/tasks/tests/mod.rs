//! Tasks from inside, where time can be moved and the store be broken.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `time` | when tasks and results are forgotten |
//! | `trouble` | what happens when the store does not work |
//! | `sequences` | what holds whatever happens, in whatever order |

mod sequences;
mod time;
mod trouble;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CancelTaskParams, GetTaskParams, RequestId, UpdateTaskParams,
};
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;

use super::clock::Clock;
use super::{TaskOptions, TaskSupport};
use crate::argument::Argument;
use crate::call::Call;
use crate::context::Context;
use crate::error::{CallError, CallResult};
use crate::principal::Principal;
use crate::protocol::{ErrorData, RequestContext, RoleServer, RunningService, ServerHandler};
use crate::server::Server;
use crate::service::Service;
use crate::tool::Tool;

/// What a function is told to do.
#[derive(Clone, Debug)]
pub(super) enum Order {
    /// Ask something under this key, and go on.
    Ask(&'static str),
    Progress(u32),
    Succeed,
    Fail,
    /// With a JSON-RPC error.
    Refuse,
    Panic,
}

/// The functions under way: how to tell each what to do. One that is gone takes no orders.
type Orders = Arc<Mutex<HashMap<String, mpsc::UnboundedReceiver<Order>>>>;

/// A server with one tool, `obey`, whose calls do what they are told, and a client.
pub(super) struct Bench {
    pub(super) service: Service,
    connection: RunningService<RoleServer, Service>,
    _far: DuplexStream,
    orders: Orders,
}

impl Bench {
    /// The clock is that of tokio's timers.
    pub(super) fn new(change: impl FnOnce(&mut TaskOptions)) -> Self {
        let orders = Orders::default();
        let started = tokio::time::Instant::now();
        let mut options = TaskOptions {
            clock: Clock::Timers { started },
            ..TaskOptions::default()
        };
        change(&mut options);
        let taken = Arc::clone(&orders);
        let obey = Tool::new("obey")
            .argument(Argument::of::<String>("name"))
            .task(TaskSupport::Required)
            .handler(move |mut call: Call| {
                let taken = Arc::clone(&taken);
                async move {
                    let name: String = call.take("name")?;
                    let orders = taken.lock().unwrap().remove(&name);
                    obey(call.context(), orders.unwrap()).await
                }
            });
        let service = Server::new("bench").add(obey).tasks(options).build().unwrap();
        let service = service.identified_by(|extensions| match extensions.get::<&'static str>() {
            Some(name) => Principal::new(*name, [""; 0]),
            None => Principal::local(),
        });
        let (near, far) = tokio::io::duplex(64);
        let connection = rmcp::service::serve_directly(service.clone(), near, None);
        Self {
            service,
            connection,
            _far: far,
            orders,
        }
    }

    fn request(&self) -> RequestContext<RoleServer> {
        let mut request = RequestContext::new(RequestId::Number(1), self.connection.peer().clone());
        request.meta = serde_json::from_value(json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {
                "elicitation": {},
                "extensions": {"io.modelcontextprotocol/tasks": {}},
            },
        }))
        .unwrap();
        request
    }

    fn request_of(&self, principal: &'static str) -> RequestContext<RoleServer> {
        let mut request = self.request();
        request.extensions.insert(principal);
        request
    }

    /// Calls `obey`: how to give orders, and the reply.
    pub(super) async fn call(
        &self,
        name: &str,
    ) -> (mpsc::UnboundedSender<Order>, Result<CallToolResponse, ErrorData>) {
        let (orders, taken) = mpsc::unbounded_channel();
        self.orders.lock().unwrap().insert(name.to_owned(), taken);
        let arguments = json!({"name": name}).as_object().unwrap().clone();
        let params = CallToolRequestParams::new("obey").with_arguments(arguments);
        let reply = self.service.call_tool(params, self.request()).await;
        (orders, reply)
    }

    /// Begins a task: how to give orders, and its id.
    pub(super) async fn begin(&self, name: &str) -> (mpsc::UnboundedSender<Order>, String) {
        match self.call(name).await {
            (orders, Ok(CallToolResponse::Task(task))) => (orders, task.task.task_id),
            (_, other) => panic!("{other:?}"),
        }
    }

    pub(super) async fn get(&self, id: &str) -> Result<Value, ErrorData> {
        let result = self
            .service
            .get_task(GetTaskParams::new(id), self.request())
            .await;
        result.map(|task| serde_json::to_value(task).unwrap())
    }

    pub(super) async fn update(&self, id: &str, answers: Value) -> Result<(), ErrorData> {
        let params = UpdateTaskParams::new(id, serde_json::from_value(answers).unwrap());
        self.service.update_task(params, self.request()).await
    }

    pub(super) async fn cancel(&self, id: &str) -> Result<(), ErrorData> {
        self.service
            .cancel_task(CancelTaskParams::new(id), self.request())
            .await
    }

    /// What somebody else gets who knows the id: `tasks/get`, `tasks/update`, `tasks/cancel`.
    pub(super) async fn stranger(&self, id: &str) -> [Option<ErrorData>; 3] {
        let answers = serde_json::from_value(json!({"a": {"action": "decline"}})).unwrap();
        let (get, update) = (GetTaskParams::new(id), UpdateTaskParams::new(id, answers));
        let request = || self.request_of("stranger");
        [
            self.service.get_task(get, request()).await.err(),
            self.service.update_task(update, request()).await.err(),
            self.service
                .cancel_task(CancelTaskParams::new(id), request())
                .await
                .err(),
        ]
    }
}

async fn obey(context: &Context, mut orders: mpsc::UnboundedReceiver<Order>) -> CallResult<&'static str> {
    let mut asking = tokio::task::JoinSet::new();
    loop {
        let Some(order) = orders.recv().await else {
            return std::future::pending().await;
        };
        match order {
            Order::Ask(key) => {
                let question = context.elicit::<Value>(key).key(key).schema(form());
                asking.spawn(async move { question.await.is_ok() });
            }
            Order::Progress(n) => context.progress(n, 100, "obeying").await,
            Order::Succeed => return Ok("done"),
            Order::Fail => return Err(CallError::failed("told to fail")),
            Order::Refuse => return Err(context.roots().await.unwrap_err()),
            Order::Panic => panic!("told to panic"),
        }
    }
}

fn form() -> Value {
    json!({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]})
}

/// Lets everything happen that happens at once.
pub(super) async fn settle() {
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
}
