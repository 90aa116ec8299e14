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

#[tool]
fn größe() {}

fn main() {}
