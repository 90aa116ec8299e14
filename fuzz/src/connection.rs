//! [`Connection`]: a client of protocol 2026-07-28 that speaks with a service message by message, without bytes between.

use std::time::Duration;

use holdall::Service;
use holdall::wire::{Bounds, Inlet, Outlet, Wire, decode, serve};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

/// Longer than anything takes: a server that no longer answers is a finding.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection that lasts as long as the process, so that what one input leaves behind meets the next.
pub struct Connection {
    runtime: Runtime,
    inlet: Inlet,
    outlet: Outlet,
    id: u64,
}

impl Connection {
    pub fn to(service: Service) -> Self {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let (wire, inlet, outlet) = Wire::new(Bounds::default());
        runtime.spawn(serve(service, wire, Default::default()));
        Self {
            runtime,
            inlet,
            outlet,
            id: 0,
        }
    }

    /// Sends a request and returns its answer.
    pub fn ask(&mut self, method: &str, mut params: Value) -> Value {
        self.id += 1;
        let id = self.id;
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "fuzz", "version": "0"},
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string();
        let Self {
            runtime,
            inlet,
            outlet,
            ..
        } = self;
        runtime.block_on(async {
            inlet
                .take(decode(request.as_bytes()), |_| ())
                .await
                .expect("the service reads");
            let answer = async {
                loop {
                    let frame = outlet.next().await.expect("the service answers");
                    let answer: Value = serde_json::from_slice(frame.text()).expect("answers are JSON");
                    if answer["id"] == id {
                        return answer;
                    }
                }
            };
            tokio::time::timeout(PATIENCE, answer)
                .await
                .expect("the service answers in time")
        })
    }
}
