//! Prompts are what a person asks for by name: one message, or a conversation that has begun already.
//!
//! Run it with `cargo run -p examples --bin prompts`.

use holdall::prelude::*;

// A text is one message of the user.
/// Review a piece of code.
#[prompt]
fn review_code(
    /// The code.
    code: &str,
    /// Its language.
    #[arg(default = "rust")]
    language: String,
) -> String {
    format!(
        "Review this {language} code. Name the bugs first, then what is hard to read, each with a fix.\n\n\
         ```{language}\n{code}\n```"
    )
}

// What the assistant said before sets the tone for what it says next.
/// Practise a job interview.
#[prompt(complete(job = complete_job))]
fn simulate_interview(
    /// The job.
    job: &str,
    /// How strict the interviewer is.
    #[arg(default = 3, range = 1..=5)]
    strictness: u8,
) -> Conversation {
    Conversation::new()
        .description(format!("An interview for the job of a {job}"))
        .user(format!(
            "Interview me for the job of a {job}, strictness {strictness} of 5. Ask one question at a time, and say \
             after each answer what was good and what was missing."
        ))
        .assistant(format!(
            "Good morning, and thank you for coming. What made you want to be a {job}?"
        ))
}

fn complete_job(typed: &str) -> Vec<&'static str> {
    let jobs = ["baker", "gardener", "programmer"];
    jobs.into_iter().filter(|job| job.starts_with(typed)).collect()
}

/// Find the cause of an incident, step by step.
#[prompt]
fn debug_incident(
    /// What is seen, such as `checkout is slow`.
    #[arg(length = 1..)]
    symptom: &str,
    /// Lines of the log.
    log: Option<&str>,
) -> Conversation {
    let conversation = Conversation::new()
        .user(format!("We have an incident: {symptom}."))
        .assistant("I look at facts before causes. What does the log say?");
    let conversation = match log {
        Some(log) => conversation.user(Embedded::text("incident://log", log)),
        None => conversation.user("I have none yet. Tell me where to look first."),
    };
    conversation.user("List three likely causes, and for each the one check that would rule it out.")
}

pub(crate) fn server() -> Server {
    Server::new("prompts").add(prompts![review_code, simulate_interview, debug_incident])
}

#[tokio::main]
async fn main() -> holdall::Result<()> {
    server().run().await
}
