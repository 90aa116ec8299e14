//! What the tools reply: structured for programs, and as text for models.

use std::fmt::{self, Write};

use holdall::prelude::*;
use jiff::Timestamp;
use serde::Serialize;

use super::find::Found;
use super::table::Listed;
use super::todo::{Priority, Status, Todo, TodoList};

/// Characters of a description in listings.
const EXCERPT_CHARS: usize = 200;

/// The URI of a to-do's resource.
pub(super) fn uri(id: i64) -> String {
    format!("tasks://{id}")
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct TodoReply {
    id: i64,
    /// URI of the resource.
    uri: String,
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    /// Whether the description goes on; get_task has all of it.
    #[serde(skip_serializing_if = "is_false")]
    description_cut: bool,
    status: Status,
    priority: Priority,
    /// YYYY-MM-DD.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    /// Whether it is open and was due before today.
    #[serde(skip_serializing_if = "is_false")]
    overdue: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    /// When it was added.
    created: String,
    /// When it last changed.
    changed: String,
    /// When it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    completed: Option<String>,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl TodoReply {
    pub(super) fn new(todo: &Todo, list: &TodoList) -> Self {
        let time = |time: Timestamp| {
            let zoned = time.to_zoned(list.zone.clone());
            zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
        };
        let open = todo.completed.is_none();
        Self {
            id: todo.id,
            uri: uri(todo.id),
            title: todo.title.clone(),
            description: todo.description.clone(),
            description_cut: false,
            status: if open { Status::Open } else { Status::Done },
            priority: todo.priority,
            due: todo.due.map(|due| due.to_string()),
            overdue: open && todo.due.is_some_and(|due| due < list.today()),
            tags: todo.tags.clone(),
            created: time(todo.created),
            changed: time(todo.changed),
            completed: todo.completed.map(time),
        }
    }

    fn listed(todo: &Todo, list: &TodoList) -> Self {
        let mut reply = Self::new(todo, list);
        if let Some((cut, _)) = reply.description.char_indices().nth(EXCERPT_CHARS) {
            reply.description.truncate(cut);
            reply.description_cut = true;
        }
        reply
    }

    /// With a text that begins with what was done, if anything was.
    pub(super) fn said(self, done: &str) -> JsonWithText<Self> {
        let mut text = match done {
            "" => String::new(),
            done => format!("{done}: "),
        };
        self.write(&mut text);
        Json(self).with_text(text)
    }

    /// `7. [ ] title (high, due 2026-12-01, overdue) #tag`, and below it the description.
    fn write(&self, text: &mut String) {
        let tick = match self.status {
            Status::Open => ' ',
            Status::Done => 'x',
        };
        let _ = write!(text, "{}. [{tick}] {}", self.id, self.title);
        let mut said = Vec::new();
        match self.priority {
            Priority::Low => said.push("low".to_owned()),
            Priority::Medium => {}
            Priority::High => said.push("high".to_owned()),
        }
        if let Some(due) = &self.due {
            said.push(format!("due {due}"));
        }
        if self.overdue {
            said.push("overdue".to_owned());
        }
        if let Some(completed) = &self.completed {
            said.push(format!("done {completed}"));
        }
        if !said.is_empty() {
            let _ = write!(text, " ({})", said.join(", "));
        }
        for tag in &self.tags {
            let _ = write!(text, " #{tag}");
        }
        text.push('\n');
        for line in self.description.lines() {
            let _ = writeln!(text, "   > {line}");
        }
        if self.description_cut {
            text.push_str("   > … (get_task has the rest)\n");
        }
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct ListReply {
    tasks: Vec<TodoReply>,
    /// Tasks on all pages.
    total: usize,
    /// `cursor` of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl ListReply {
    pub(super) fn new(page: &Listed, list: &TodoList) -> Self {
        Self {
            tasks: page
                .todos
                .iter()
                .map(|todo| TodoReply::listed(todo, list))
                .collect(),
            total: page.total,
            next: page.next.clone(),
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = match (self.tasks.len(), self.total) {
            (0, 0) => "No tasks.\n".to_owned(),
            (shown, total) => format!("{shown} of {total} tasks:\n"),
        };
        for task in &self.tasks {
            task.write(&mut text);
        }
        if let Some(next) = &self.next {
            let _ = writeln!(text, "(go on with cursor=\"{next}\")");
        }
        text
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct SearchReply {
    /// Best first.
    tasks: Vec<TodoReply>,
    /// What limits this answer, if anything does.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

impl SearchReply {
    pub(super) fn new(found: &Found, list: &TodoList) -> Self {
        let note = match (found.todos.is_empty(), found.partly, found.more) {
            (true, ..) => None,
            (_, true, false) => Some("no task has all of these words; these have some of them"),
            (_, true, true) => {
                Some("no task has all of these words; these have some of them, and there are more")
            }
            (_, false, true) => Some("there are more; raise `limit`, or add a word"),
            (_, false, false) => None,
        };
        Self {
            tasks: found
                .todos
                .iter()
                .map(|todo| TodoReply::listed(todo, list))
                .collect(),
            note,
        }
    }

    pub(super) fn text(&self, query: &str) -> String {
        let mut text = match self.tasks.len() {
            0 => format!("No task found for: {}\n", crate::store::line(query)),
            1 => "1 task:\n".to_owned(),
            count => format!("{count} tasks, best first:\n"),
        };
        if let Some(note) = self.note {
            let _ = writeln!(text, "({note})");
        }
        for task in &self.tasks {
            task.write(&mut text);
        }
        text
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct DeletedReply {
    /// Whether it was deleted; `false` if the user said no.
    deleted: bool,
    /// The task as it was.
    task: TodoReply,
}

impl DeletedReply {
    pub(super) fn new(deleted: bool, todo: &Todo, list: &TodoList) -> Self {
        Self {
            deleted,
            task: TodoReply::new(todo, list),
        }
    }

    pub(super) fn said(self) -> JsonWithText<Self> {
        let mut text = match self.deleted {
            true => "Deleted: ".to_owned(),
            false => "The user said no, nothing was deleted: ".to_owned(),
        };
        self.task.write(&mut text);
        Json(self).with_text(text)
    }
}

/// A list within a prompt.
pub(super) struct PromptList<'a>(pub(super) &'a Listed, pub(super) &'a TodoList);

impl fmt::Display for PromptList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(page, list) = self;
        if page.todos.is_empty() {
            return f.write_str("(none)\n");
        }
        let mut text = String::new();
        for todo in &page.todos {
            TodoReply::listed(todo, list).write(&mut text);
        }
        f.write_str(&text)?;
        match page.total - page.todos.len() {
            0 => Ok(()),
            more => writeln!(f, "(and {more} more)"),
        }
    }
}
