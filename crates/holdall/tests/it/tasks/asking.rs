//! How tasks ask, and calls before they are tasks.

use holdall::prelude::*;
use holdall::{TaskSupport, ToolFunction};
use serde_json::{Value, json};

use super::{Name, Signals, begun, client, is_ack, knows_tasks, looked_at_often, result_text};
use crate::wire::{Wire, accept, asked, refusal};

#[tokio::test(start_paused = true)]
async fn a_task_that_asks_goes_on_with_the_answer() {
    let mut client = client(&Signals::default());
    let reply = client.call("confirm_delete", json!({"filename": "a.txt"})).await;
    let id = begun(&reply);
    for absent in ["inputRequests", "requestState"] {
        assert!(reply["result"].get(absent).is_none(), "{reply}");
    }
    let task = client.task_when(&id, "input_required").await;
    insta::assert_json_snapshot!(task["inputRequests"]);
    assert!(task.get("requestState").is_none(), "{task}");

    // What was not asked is not answered.
    let ack = client
        .update(&id, json!({"other": accept(json!({"confirm": true}))}))
        .await;
    assert!(is_ack(&ack), "{ack}");
    assert_eq!(client.task(&id).await["inputRequests"], task["inputRequests"]);

    let ack = client
        .update(&id, json!({"sure": accept(json!({"confirm": true}))}))
        .await;
    assert!(is_ack(&ack), "{ack}");
    let task = client.task_when(&id, "completed").await;
    assert_eq!(result_text(&task), "a.txt is deleted");
    assert!(task.get("inputRequests").is_none(), "{task}");
    // Afterwards answers are acknowledged and change nothing.
    let ack = client
        .update(&id, json!({"sure": accept(json!({"confirm": false}))}))
        .await;
    assert!(is_ack(&ack), "{ack}");
    assert_eq!(client.task(&id).await, task);
}

#[tokio::test(start_paused = true)]
async fn several_questions_are_answered_one_by_one() {
    let mut client = client(&Signals::default());
    let id = begun(&client.call("multi_input", json!({})).await);
    let task = client.task_when(&id, "input_required").await;
    assert_eq!(keys(&task), ["first", "second"]);
    client
        .update(&id, json!({"second": accept(json!({"name": "Bo"}))}))
        .await;
    let task = client.task(&id).await;
    assert_eq!(
        (&task["status"], keys(&task)),
        (&json!("input_required"), vec!["first"])
    );
    client
        .update(&id, json!({"first": accept(json!({"name": "Al"}))}))
        .await;
    let task = client.task_when(&id, "completed").await;
    assert_eq!(result_text(&task), "Al before Bo");
}

fn keys(task: &Value) -> Vec<&str> {
    let requests = task["inputRequests"].as_object().expect("questions");
    requests.keys().map(String::as_str).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_before_the_call_is_a_task_is_asked_in_the_reply() {
    let mut client = client(&Signals::default());
    let reply = client.call("test_tool_with_task", json!({})).await;
    assert_eq!(asked(&reply), ["user_name"]);
    assert!(reply["result"].get("taskId").is_none(), "{reply}");

    let answers = json!({"user_name": accept(json!({"name": "Alice"}))});
    let reply = client.again("test_tool_with_task", &reply, answers).await;
    let id = begun(&reply);
    for absent in ["inputRequests", "requestState"] {
        assert!(reply["result"].get(absent).is_none(), "{reply}");
    }
    let task = client.task_when(&id, "completed").await;
    assert_eq!(result_text(&task), "done, Alice");
}

#[tokio::test(start_paused = true)]
async fn an_answer_from_before_is_known_in_the_task_and_new_questions_go_to_it() {
    #[tool]
    async fn both(ctx: Context) -> CallResult<String> {
        let before: Name = ctx.elicit("Before?").key("before").await?.required()?;
        assert!(ctx.become_task().await?);
        let after: Name = ctx.elicit("After?").key("after").await?.required()?;
        Ok(format!("{}, then {}", before.name, after.name))
    }
    let tool = <both as ToolFunction>::tool().task(TaskSupport::Optional);
    let mut client = Wire::modern(Server::new("test").add(tool), knows_tasks());
    let reply = client.call("both", json!({})).await;
    let answers = json!({"before": accept(json!({"name": "Al"}))});
    let id = begun(&client.again("both", &reply, answers).await);
    let task = client.task_when(&id, "input_required").await;
    assert_eq!(keys(&task), ["after"]);
    client
        .update(&id, json!({"after": accept(json!({"name": "Bo"}))}))
        .await;
    assert_eq!(
        result_text(&client.task_when(&id, "completed").await),
        "Al, then Bo"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_has_asked_in_its_reply_does_not_become_a_task() {
    /// Goes on although its question has no answer.
    #[tool]
    async fn stubborn(ctx: Context) -> CallResult<String> {
        let answer = ctx.elicit::<Name>("Who?").await;
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        let task = ctx.become_task().await?;
        assert!(!task);
        Ok(answer?.required()?.name)
    }
    let tool = <stubborn as ToolFunction>::tool().task(TaskSupport::Required);
    let mut client = Wire::modern(Server::new("test").add(tool), knows_tasks());
    asked(&client.call("stubborn", json!({})).await);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_has_asked_still_has_its_timeout() {
    #[tool]
    async fn endless(ctx: Context) -> CallResult<String> {
        let _ = ctx.elicit::<Name>("Who?").await;
        std::future::pending().await
    }
    let tool = <endless as ToolFunction>::tool().task(TaskSupport::Required);
    let mut client = Wire::modern(Server::new("test").add(tool), knows_tasks());
    let started = tokio::time::Instant::now();
    let reply = client.call("endless", json!({})).await;
    assert_eq!(refusal(&reply)["kind"], "timed_out");
    assert_eq!(started.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_fit_is_asked_for_again_under_another_key() {
    let mut client = client(&Signals::default());
    let id = begun(&client.call("confirm_delete", json!({"filename": "a.txt"})).await);
    client.task_when(&id, "input_required").await;
    for (key, wrong) in [
        ("sure", json!(12345)),
        ("sure_2", accept(json!({"confirm": "perhaps"}))),
    ] {
        client.update(&id, json!({ key: wrong })).await;
        let task = client.task_when(&id, "input_required").await;
        assert!(!keys(&task).contains(&key), "{task}");
    }
    let task = client.task(&id).await;
    let message = &task["inputRequests"]["sure_3"]["params"]["message"];
    assert!(
        message.as_str().expect("a message").contains("did not fit"),
        "{task}"
    );
    client
        .update(&id, json!({"sure_3": accept(json!({"confirm": true}))}))
        .await;
    assert_eq!(
        result_text(&client.task_when(&id, "completed").await),
        "a.txt is deleted"
    );
}

#[tokio::test(start_paused = true)]
async fn waiting_for_an_answer_does_not_count_towards_the_timeout() {
    let mut client = client(&Signals::default());
    let id = begun(&client.call("confirm_delete", json!({"filename": "a.txt"})).await);
    client.task_when(&id, "input_required").await;
    // An hour is how long a task may run.
    tokio::time::sleep(std::time::Duration::from_secs(90 * 60)).await;
    client
        .update(&id, json!({"sure": accept(json!({"confirm": true}))}))
        .await;
    assert_eq!(
        result_text(&client.task_when(&id, "completed").await),
        "a.txt is deleted"
    );
}

#[tokio::test]
async fn blocking_functions_ask_in_tasks_too() {
    #[tool]
    fn blocking(ctx: &Context) -> CallResult<String> {
        ctx.wait(ctx.become_task())?;
        let name: Name = ctx.wait(ctx.elicit("Who?").key("who"))?.required()?;
        Ok(name.name)
    }
    let tool = <blocking as ToolFunction>::tool().task(TaskSupport::Optional);
    let server = Server::new("test").add(tool).tasks(looked_at_often());
    let mut client = Wire::modern(server, knows_tasks());
    let id = begun(&client.call("blocking", json!({})).await);
    client.task_when(&id, "input_required").await;
    client
        .update(&id, json!({"who": accept(json!({"name": "Al"}))}))
        .await;
    assert_eq!(result_text(&client.task_when(&id, "completed").await), "Al");
}
