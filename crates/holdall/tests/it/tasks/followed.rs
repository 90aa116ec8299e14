//! Tasks a client is told of, on a `subscriptions/listen` stream.

use std::time::Duration;

use holdall::prelude::*;
use holdall::{Service, TaskOptions};
use serde_json::{Value, json};

use super::{Signals, begun, greet, is_ack, knows_tasks, result_text, server};
use crate::wire::{Wire, accept};

const NEWS: &str = "notifications/tasks";

fn service() -> Service {
    server(&Signals::default()).build().expect("the server is right")
}

fn client(service: &Service) -> Wire {
    Wire::over_stdio(service.clone(), knows_tasks())
}

impl Wire {
    /// Opens a stream: its id, and what it will hear of.
    async fn listen(&mut self, notifications: Value) -> (u64, Value) {
        let params = json!({"notifications": notifications});
        let id = self.start("subscriptions/listen", params).await;
        let mut acknowledged = self.expect("notifications/subscriptions/acknowledged").await;
        assert_eq!(stream_of(&acknowledged), id, "{acknowledged}");
        (id, acknowledged["params"]["notifications"].take())
    }

    /// The task the next notification tells of.
    async fn told(&mut self, stream: u64) -> Value {
        let mut news = self.expect(NEWS).await;
        assert_eq!(stream_of(&news), stream, "{news}");
        let mut task = news["params"].take();
        task.as_object_mut().expect("an object").shift_remove("_meta");
        task
    }

    /// What `tasks/get` says, without what belongs to its reply.
    async fn looked_up(&mut self, id: &str) -> Value {
        let mut task = self.task(id).await;
        let fields = task.as_object_mut().expect("an object");
        fields.shift_remove("_meta");
        fields.shift_remove("resultType");
        task
    }
}

fn stream_of(notification: &Value) -> Value {
    notification["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"].clone()
}

#[tokio::test(start_paused = true)]
async fn who_listens_is_told_of_the_task_up_to_its_end() {
    let mut client = client(&service());
    let arguments = json!({"seconds": 10, "label": "pi"});
    let id = begun(&client.call("slow_compute", arguments).await);
    let (stream, accepted) = client.listen(json!({"taskIds": [id]})).await;
    assert_eq!(accepted, json!({"taskIds": [id]}));
    // As it is, then its progress, then its end.
    let task = client.told(stream).await;
    assert_eq!(
        (&task["status"], &task["statusMessage"]),
        (&json!("working"), &json!("pi (1 of 2)"))
    );
    assert_eq!(task, client.looked_up(&id).await);
    let task = client.told(stream).await;
    assert_eq!(task["statusMessage"], "pi (2 of 2)");
    let task = client.told(stream).await;
    assert_eq!(
        (&task["taskId"], &task["status"]),
        (&json!(id), &json!("completed"))
    );
    assert_eq!(result_text(&task), "pi is computed");
    assert_eq!(task, client.looked_up(&id).await);
}

#[tokio::test(start_paused = true)]
async fn questions_are_told_and_their_answers_too() {
    let mut client = client(&service());
    let id = begun(&client.call("confirm_delete", json!({"filename": "a.txt"})).await);
    client.task_when(&id, "input_required").await;
    let (stream, _) = client.listen(json!({"taskIds": [id]})).await;
    let task = client.told(stream).await;
    assert_eq!(task["status"], "input_required");
    assert_eq!(task["inputRequests"]["sure"]["method"], "elicitation/create");
    let ack = client
        .update(&id, json!({"sure": accept(json!({"confirm": true}))}))
        .await;
    assert!(is_ack(&ack), "{ack}");
    loop {
        let task = client.told(stream).await;
        if task["status"] == "completed" {
            assert_eq!(result_text(&task), "a.txt is deleted");
            break;
        }
        assert_eq!(task["status"], "working", "{task}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_already_is_told_at_once() {
    let mut client = client(&service());
    let id = begun(&client.call("failing_job", json!({})).await);
    let ended = client.task_when(&id, "completed").await;
    let (stream, _) = client.listen(json!({"taskIds": [id]})).await;
    assert_eq!(client.told(stream).await["result"], ended["result"]);
}

#[tokio::test(start_paused = true)]
async fn one_stream_follows_several_tasks_and_lists() {
    let service = service();
    let mut client = client(&service);
    let slow = async |client: &mut Wire, seconds: u64| {
        let arguments = json!({"seconds": seconds, "label": "pi"});
        begun(&client.call("slow_compute", arguments).await)
    };
    let (first, second) = (slow(&mut client, 4).await, slow(&mut client, 8).await);
    let wanted = json!({"toolsListChanged": true, "taskIds": [first, second, first]});
    let (stream, accepted) = client.listen(wanted).await;
    assert_eq!(
        accepted,
        json!({"toolsListChanged": true, "taskIds": [first, second]})
    );
    let added = Tool::new("more").handler(async |_| Ok("more"));
    service.handle().add(added).expect("the name is free");
    let changed = client.expect("notifications/tools/list_changed").await;
    assert_eq!(stream_of(&changed), stream);
    let mut ended = Vec::new();
    while ended.len() < 2 {
        let task = client.told(stream).await;
        if task["status"] == "completed" {
            ended.push(task["taskId"].clone());
        }
    }
    assert_eq!(ended, [json!(first), json!(second)]);
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_no_more_often_than_clients_are_asked_to_look() {
    #[tool(task = "required", task_after = "0s")]
    async fn chatty(ctx: Context) -> String {
        for step in 1..=1000 {
            ctx.progress(step, 1000, "").await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        "done".into()
    }
    let server = Server::new("test").add(tools![chatty]).build().expect("right");
    let mut client = client(&server);
    let id = begun(&client.call("chatty", json!({})).await);
    let (stream, _) = client.listen(json!({"taskIds": [id]})).await;
    let mut told = 1;
    while client.told(stream).await["status"] == "working" {
        told += 1;
    }
    // It takes ten seconds and is to be looked at each second.
    assert!((9..=13).contains(&told), "told {told} times");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_given_up_is_told_nothing_more() {
    let service = service();
    let mut client = client(&service);
    let id = begun(&client.call("confirm_delete", json!({"filename": "a.txt"})).await);
    client.task_when(&id, "input_required").await;
    let (stream, _) = client.listen(json!({"taskIds": [id]})).await;
    client.told(stream).await;
    assert_eq!(service.handle().listeners().streams, 1);
    let params = json!({"requestId": stream});
    client
        .send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}))
        .await;
    while service.handle().listeners().streams > 0 {
        tokio::task::yield_now().await;
    }
    client.cancel_task(&id).await;
    assert_eq!(client.task(&id).await["status"], "cancelled");
    assert!(
        client.others.iter().all(|message| message["method"] != NEWS),
        "{:?}",
        client.others
    );
}

#[tokio::test(start_paused = true)]
async fn the_tasks_of_others_and_those_there_never_were_are_left_out() {
    let service = service();
    let of = |name: &'static str| {
        let service = service.clone();
        let service = service.identified_by(move |_| Principal::new(name, ["everything"]));
        Wire::over_stdio(service, knows_tasks())
    };
    let (mut ada, mut eve) = (of("ada"), of("eve"));
    let ask = json!({"filename": "a.txt"});
    let hers = begun(&ada.call("confirm_delete", ask.clone()).await);
    let mine = begun(&eve.call("confirm_delete", ask).await);
    let (stream, accepted) = eve.listen(json!({"taskIds": [hers, "never", mine]})).await;
    assert_eq!(accepted, json!({"taskIds": [mine]}));
    assert_eq!(eve.told(stream).await["taskId"], json!(mine));

    let wanted = json!({"notifications": {"taskIds": [hers]}});
    let reply = eve.request("subscriptions/listen", wanted).await;
    assert_eq!(reply["error"]["code"], -32602, "{reply}");
    let message = reply["error"]["message"].to_string();
    assert!(message.contains("there is no task"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn listening_to_tasks_needs_the_extension_on_both_sides() {
    let service = service();
    let wanted = json!({"notifications": {"taskIds": ["x"]}});
    let mut without = Wire::over_stdio(service.clone(), json!({}));
    let reply = without.request("subscriptions/listen", wanted.clone()).await;
    assert_eq!(reply["error"]["code"], -32021, "{reply}");
    assert_eq!(
        reply["error"]["data"]["requiredCapabilities"]["extensions"],
        json!({"io.modelcontextprotocol/tasks": {}})
    );

    let plain = Server::new("plain").add(tools![greet]).build().expect("right");
    let mut client = client(&plain);
    let reply = client.request("subscriptions/listen", wanted).await;
    let message = reply["error"]["message"].to_string();
    assert!(message.contains("this server has no tasks"), "{reply}");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_refused() {
    let mut client = client(&service());
    for (wrong, part) in [
        (json!({"taskIds": "x"}), "sequence"),
        (json!({"taskIds": [7]}), "string"),
        (json!({"taskIds": ["x"], "toolsListChanged": 1}), "boolean"),
        (json!([{"taskIds": ["x"]}]), "do not fit"),
    ] {
        let reply = client
            .request("subscriptions/listen", json!({"notifications": wrong}))
            .await;
        assert_eq!(reply["error"]["code"], -32602, "{wrong}: {reply}");
        let message = reply["error"]["message"].to_string();
        assert!(message.contains(part), "{part}: {message}");
    }
    // None at all is a stream like any other.
    let (_, accepted) = client
        .listen(json!({"taskIds": [], "toolsListChanged": true}))
        .await;
    assert_eq!(accepted, json!({"toolsListChanged": true}));
    let many: Vec<String> = (0..65).map(|n| format!("t{n}")).collect();
    let reply = client
        .request(
            "subscriptions/listen",
            json!({"notifications": {"taskIds": many}}),
        )
        .await;
    assert_eq!(reply["error"]["code"], -32602, "{reply}");
}

#[tokio::test(start_paused = true)]
async fn one_stream_follows_no_more_tasks_than_there_may_be() {
    let mut options = TaskOptions::default();
    options.running_per_principal_max = 70;
    options.running_max = 70;
    let service = server(&Signals::default()).tasks(options).build().expect("right");
    let mut client = client(&service);
    let mut ids = Vec::new();
    for _ in 0..65 {
        ids.push(begun(
            &client.call("confirm_delete", json!({"filename": "a.txt"})).await,
        ));
    }
    let (_, accepted) = client.listen(json!({"taskIds": ids})).await;
    assert_eq!(accepted["taskIds"].as_array().map(Vec::len), Some(64));
}
