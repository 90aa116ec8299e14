//! What people do with it.

use holdall::{Server, Toolset as _};
use holdall_testkit::{Answer, Client};
use serde_json::json;

use super::{Desk, add, ids, integrity};

const VERSIONS: [&str; 5] = [
    "2024-11-05",
    "2025-03-26",
    "2025-06-18",
    "2025-11-25",
    "2026-07-28",
];

#[tokio::test]
async fn a_task_is_added_changed_done_and_opened_again() {
    for version in VERSIONS {
        let desk = Desk::new();
        let client = Client::connect(desk.server()).protocol(version).await;
        let draft = json!({
            "title": "Call the plumber",
            "description": "The tap in the kitchen drips.\nAsk for an offer.",
            "priority": "high",
            "due": "9999-12-30",
            "tags": ["#Home", "phone calls", "home"],
        });
        let added = client.call("add_task", draft).await;
        assert_eq!(
            added.text(),
            "Added: 1. [ ] Call the plumber (high, due 9999-12-30) #home #phone-calls\n   \
             > The tap in the kitchen drips.\n   > Ask for an offer.\n",
            "{version}"
        );
        let changed = json!({"id": "1", "due": "none", "tags": [], "priority": "low"});
        let changed = client.call("update_task", changed).await;
        assert!(
            changed
                .text()
                .starts_with("Changed: 1. [ ] Call the plumber (low)\n")
        );
        let done = client.call("complete_task", json!({"id": 1})).await;
        assert!(
            done.text()
                .starts_with("Done: 1. [x] Call the plumber (low, done "),
            "{}",
            done.text()
        );
        let again = client.call("complete_task", json!({"id": 1})).await;
        assert!(again.text().starts_with("Was done already: 1. [x] "));
        if version != "2024-11-05" && version != "2025-03-26" {
            assert_eq!(again.json()["completed"], done.json()["completed"]);
        }
        let open = client
            .call("update_task", json!({"id": 1, "status": "open"}))
            .await;
        assert!(
            open.text()
                .starts_with("Changed: 1. [ ] Call the plumber (low)\n")
        );
        let got = client.call("get_task", json!({"id": 1})).await;
        assert!(got.text().ends_with("   > Ask for an offer.\n"), "{}", got.text());
    }
}

#[tokio::test]
async fn lists_come_by_due_date_priority_and_age_and_page_by_page() {
    let desk = Desk::new();
    let client = Client::connect(desk.server())
        .answer(Answer::accept(json!({})))
        .await;
    let undated = add(&client, "some day", json!({})).await;
    let undated_high = add(&client, "some day, though", json!({"priority": "high"})).await;
    let late = add(&client, "late", json!({"due": "2001-01-01", "tags": ["work"]})).await;
    let later = add(
        &client,
        "later",
        json!({"due": "9999-01-01", "tags": ["work", "home"]}),
    )
    .await;
    let later_high = add(
        &client,
        "later, though",
        json!({"due": "9999-01-01", "priority": "high"}),
    )
    .await;
    let mut done = Vec::new();
    for title in ["done first", "done last"] {
        let id = add(&client, title, json!({})).await;
        client.call("complete_task", json!({"id": id})).await.json();
        done.push(id);
    }
    let open = [late, later_high, later, undated_high, undated];
    let listed = client.call("list_tasks", json!({})).await;
    assert_eq!(ids(&listed.json()), open);
    assert!(
        listed
            .text()
            .starts_with("5 of 5 tasks:\n3. [ ] late (due 2001-01-01, overdue) #work\n")
    );
    assert_eq!(listed.json()["tasks"][0]["overdue"], true);
    let list = async |arguments| ids(&client.call("list_tasks", arguments).await.json());
    assert_eq!(list(json!({"tag": "#Work"})).await, [late, later]);
    assert_eq!(list(json!({"tag": "wor"})).await, [0; 0]);
    assert_eq!(
        list(json!({"priority": "high"})).await,
        [later_high, undated_high]
    );
    assert_eq!(list(json!({"due_until": "today"})).await, [late]);
    assert_eq!(
        list(json!({"due_until": "9999-01-01"})).await,
        [late, later_high, later]
    );
    assert_eq!(list(json!({"status": "all", "limit": 200})).await.len(), 7);
    let mut finished = list(json!({"status": "done"})).await;
    finished.sort_unstable();
    assert_eq!(finished, done);

    let (mut cursor, mut seen) = (json!(null), Vec::new());
    loop {
        let page = json!({"status": "all", "limit": 2, "cursor": cursor});
        let page = client.call("list_tasks", page).await.json();
        assert_eq!(page["total"], 7);
        seen.extend(ids(&page));
        // What is added and deleted while somebody turns the pages moves nothing.
        if seen.len() == 2 {
            add(&client, "first of all", json!({"due": "2000-01-01"})).await;
            client.call("delete_task", json!({"id": 3})).await.json();
        }
        cursor = page["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(seen[..5], open);
    assert_eq!(seen.len(), 7);
    let error = client.call("list_tasks", json!({"cursor": "nonsense"})).await;
    error.expect_error("invalid_arguments");
}

#[tokio::test]
async fn deleting_asks_first_in_every_version() {
    for version in ["2025-06-18", "2025-11-25", "2026-07-28"] {
        let desk = Desk::new();
        let client = Client::connect(desk.server())
            .protocol(version)
            .answer(Answer::decline())
            .answer(Answer::accept(json!({})))
            .await;
        let id = add(&client, "Throw it away", json!({"tags": ["rubbish"]})).await;
        let kept = client.call("delete_task", json!({"id": id})).await;
        assert_eq!(
            kept.text(),
            "The user said no, nothing was deleted: 1. [ ] Throw it away #rubbish\n",
            "{version}"
        );
        let gone = client.call("delete_task", json!({"id": id})).await;
        assert_eq!(gone.text(), "Deleted: 1. [ ] Throw it away #rubbish\n");
        assert_eq!(
            client.questions()[1].text(),
            "Delete task 1, “Throw it away”, for good?"
        );
        let error = client
            .call("delete_task", json!({"id": id}))
            .await
            .expect_error("not_found");
        assert_eq!(error.message, "there is no task 1");
        // Its id is never another's.
        assert_eq!(add(&client, "Another", json!({})).await, 2);
        let found = client.call("search_tasks", json!({"query": "rubbish"})).await;
        assert_eq!(found.text(), "No task found for: rubbish\n");
        assert_eq!(integrity(&desk.file()), "ok");
    }
}

#[tokio::test]
async fn a_client_that_cannot_ask_confirms_with_a_code() {
    for version in ["2024-11-05", "2025-11-25", "2026-07-28"] {
        let desk = Desk::new();
        let client = Client::connect(desk.server()).protocol(version).await;
        let id = add(&client, "Throw it away", json!({})).await;
        let refused = client.call("delete_task", json!({"id": id})).await;
        let refused = refused.expect_error("confirmation_required");
        let hint = refused.hint.unwrap();
        let code = hint.split('"').nth(1).unwrap();
        // Somebody changes it before the user has agreed: what they agreed to is no longer there.
        client
            .call("update_task", json!({"id": id, "title": "Keep it"}))
            .await
            .text();
        let stale = client
            .call("delete_task", json!({"id": id, "confirmation": code}))
            .await;
        let refused = stale.expect_error("confirmation_required");
        let hint = refused.hint.unwrap();
        let code = hint.split('"').nth(1).unwrap();
        let gone = client
            .call("delete_task", json!({"id": id, "confirmation": code}))
            .await;
        assert_eq!(gone.text(), "Deleted: 1. [ ] Keep it\n", "{version}");
    }
}

#[tokio::test]
async fn prompts_bring_the_tasks_they_are_about() {
    let desk = Desk::new();
    let client = desk.client().await;
    for (title, more) in [
        ("Write report", json!({"due": "2001-01-01", "tags": ["work"]})),
        ("Water plants", json!({})),
        ("Pay rent", json!({})),
    ] {
        add(&client, title, more).await;
    }
    client.call("complete_task", json!({"id": 3})).await.json();
    let review = client.prompt("review_tasks", json!({})).await.text();
    assert!(
        review.contains("1. [ ] Write report (due 2001-01-01, overdue) #work\n2. [ ] Water plants\n"),
        "{review}"
    );
    assert!(!review.contains("Pay rent"), "{review}");
    let review = client.prompt("review_tasks", json!({"tag": "Work"})).await.text();
    assert!(
        review.contains("Write report") && !review.contains("Water plants"),
        "{review}"
    );
    let standup = client.prompt("daily_standup", json!({})).await.text();
    let (done, rest) = standup.split_once("Due today or before:\n").unwrap();
    assert!(done.contains("3. [x] Pay rent (done "), "{standup}");
    assert!(rest.starts_with("1. [ ] Write report"), "{standup}");
    let tools = client.tool_names().await;
    for text in [review, standup] {
        assert!(tools.iter().any(|tool| text.contains(tool.as_str())), "{text}");
    }
    client
        .prompt("review_tasks", json!({"tag": "#"}))
        .await
        .expect_error("invalid_arguments");
}

#[tokio::test]
async fn read_only_tasks_have_no_tool_that_writes() {
    let desk = Desk::new();
    let read_only = Server::new("test").add(desk.toolset().components().only_reading());
    let client = Client::connect(read_only).await;
    assert_eq!(
        client.tool_names().await,
        ["list_tasks", "search_tasks", "get_task"]
    );
}

#[tokio::test]
async fn what_changes_while_the_user_is_asked_is_not_deleted() {
    let desk = Desk::new();
    let file = desk.file();
    let client = Client::connect(desk.server())
        .protocol("2025-11-25")
        .on_elicitation(move |_| {
            let other = rusqlite::Connection::open(&file).unwrap();
            other.execute("UPDATE tasks SET title = 'Keep it'", []).unwrap();
            Answer::accept(json!({}))
        })
        .await;
    let id = add(&client, "Throw it away", json!({})).await;
    let refused = client.call("delete_task", json!({ "id": id })).await;
    let error = refused.expect_error("conflict");
    assert_eq!(
        error.message,
        "task 1 was changed in the meantime, and was not deleted"
    );
    let kept = client.call("get_task", json!({ "id": id })).await;
    assert_eq!(kept.text(), "1. [ ] Keep it\n");
}
