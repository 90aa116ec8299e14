//! Who sees which task.

use holdall::{Principal, Service};
use serde_json::json;

use super::{Signals, begun, is_ack, knows_tasks, server};
use crate::wire::{Wire, accept};

fn client_of(service: &Service, name: &'static str) -> Wire {
    let service = service
        .clone()
        .identified_by(move |_| Principal::new(name, ["everything"]));
    Wire::modern_to(service, knows_tasks())
}

#[tokio::test(start_paused = true)]
async fn the_task_of_somebody_else_is_as_unknown_as_one_that_never_was() {
    let service = server(&Signals::default()).build().expect("the server is right");
    let (mut ada, mut eve) = (client_of(&service, "ada"), client_of(&service, "eve"));
    let id = begun(&ada.call("confirm_delete", json!({"filename": "a.txt"})).await);
    ada.task_when(&id, "input_required").await;
    let never = "x".repeat(id.len());

    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let answers = json!({"sure": accept(json!({"confirm": true}))});
        let mut of_ada = eve
            .request(method, json!({"taskId": id, "inputResponses": answers}))
            .await;
        let mut of_nobody = eve
            .request(method, json!({"taskId": never, "inputResponses": answers}))
            .await;
        assert_eq!(of_ada["error"]["code"], -32602, "{method}: {of_ada}");
        for (reply, id) in [(&mut of_ada, &id), (&mut of_nobody, &never)] {
            let text = reply["error"].take().to_string();
            *reply = json!(text.replace(id.as_str(), "ID"));
        }
        assert_eq!(of_ada, of_nobody, "{method}");
    }
    // Nothing of it had any effect, and ada's other connections are ada.
    let mut elsewhere = client_of(&service, "ada");
    assert_eq!(elsewhere.task(&id).await["status"], "input_required");
    assert!(is_ack(&elsewhere.cancel_task(&id).await));
    assert_eq!(ada.task(&id).await["status"], "cancelled");
    // Also of what has ended.
    let reply = eve.request("tasks/get", json!({"taskId": id})).await;
    assert_eq!(reply["error"]["code"], -32602, "{reply}");
}

#[tokio::test(start_paused = true)]
async fn ids_are_long_random_and_fit_into_a_header() {
    let service = server(&Signals::default()).build().expect("the server is right");
    let mut ada = client_of(&service, "ada");
    let mut ids = std::collections::HashSet::new();
    for _ in 0..10 {
        let id = begun(
            &ada.call("slow_compute", json!({"seconds": 1, "label": "pi"}))
                .await,
        );
        assert_eq!(id.len(), 32, "192 bits");
        assert!(
            id.chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'),
            "{id}"
        );
        ids.insert(id);
    }
    assert_eq!(ids.len(), 10);
}
