use holdall::prelude::*;

#[tool(read_onyl, timeout = "30", read_only = "yes", idempotent(true), name = "two words", titel = "T", title, title = "T")]
fn spelling() {}

#[tool(annotations(read_only_hint = true), readonly, icon = "https://a/b.png", tag = "x", desc = "y", timeout_ms = 3)]
fn words_of_others() {}

#[tool(tags = "a", scopes("read all", ""), meta("owner" = 1), meta(a = 1), max_result_bytes = "4MB", timeout = 30, version = 2)]
fn forms() {}

#[tool(ttl = "5m", mime_type = "text/plain", list = f, complete(a = f))]
fn of_resources() {}

#[tool(confirm)]
fn confirms_without_asking() {}

#[tool(title = "T" read_only)]
fn no_comma() {}

#[tool(task, task_after = "soon", task_timeout = "0s", task_ttl = 5, task_support = "required", task_grace = "1s")]
fn forms_of_tasks() {}

#[tool(task = "requierd", task_timeout = "2h", task_ttl = "1h")]
fn short_lived() {}

#[tool(task = "forbidden")]
fn no_task() {}

#[tool(task = TaskSupport::Required)]
fn not_a_text() {}

#[tool]
fn größe() {}

fn main() {}
