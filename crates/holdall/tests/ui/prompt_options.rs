use holdall::prelude::*;

#[prompt(read_only, name = "a b", complete(topik = topics))]
fn options(#[arg(header = "Topic")] topic: String) -> String {
    topic
}

#[prompt(complete(topic = topics))]
fn nothing() -> String {
    String::new()
}

#[prompt]
fn number() -> u32 {
    1
}

async fn topics(_: &str) -> Vec<String> {
    Vec::new()
}

#[prompt(complete(topic = topics))]
fn asynchronous_completer(topic: String) -> String {
    topic
}

fn main() {}
