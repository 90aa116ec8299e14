//! Functions that ask, in both eras of the protocol.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `rounds` | what clients of 2026-07-28 see: rounds of calls |
//! | `state` | what they can do with the state between two rounds, and what not |
//! | `peer` | what older clients see: requests of the server |
//! | `confirm` | how a call is confirmed, with whatever client |
//! | `log` | who gets which log messages |

mod confirm;
mod log;
mod peer;
mod rounds;
mod state;

use holdall::prelude::*;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

#[derive(Deserialize, JsonSchema)]
struct Colour {
    colour: String,
}

#[derive(Deserialize, JsonSchema)]
struct Age {
    #[schemars(range(min = 1, max = 150))]
    age: u8,
}

/// Greet whoever is there.
#[tool]
async fn greet(ctx: Context) -> CallResult<String> {
    let answer: Answer<Name> = ctx.elicit("What is your name?").key("user_name").await?;
    Ok(match answer {
        Answer::Accepted(Name { name }) => format!("Hello, {name}!"),
        Answer::Declined => "declined".into(),
        Answer::Cancelled => "cancelled".into(),
    })
}

/// Greet whoever is there, from a thread that may block.
#[tool]
fn greet_blocking(ctx: &Context) -> CallResult<String> {
    let Name { name } = ctx
        .wait(ctx.elicit("What is your name?").key("user_name"))?
        .required()?;
    Ok(format!("Hello, {name}!"))
}

/// Ask the model.
#[tool]
async fn capital(ctx: Context) -> CallResult<String> {
    let question = ctx.sample("What is the capital of France?").max_tokens(100);
    Ok(question.key("capital_question").await?.text())
}

/// List the folders of the client.
#[tool]
async fn folders(ctx: Context) -> CallResult<String> {
    let roots = ctx.roots().key("client_roots").await?;
    let names = roots.iter().map(|root| root.uri.as_str());
    Ok(names.collect::<Vec<_>>().join(", "))
}

/// Ask a person, a model and the client at once.
#[tool]
async fn everything(ctx: Context) -> CallResult<String> {
    let (name, greeting, roots) = tokio::join!(
        ctx.elicit::<Name>("What is your name?").key("user_name"),
        ctx.sample("Generate a greeting").max_tokens(50).key("greeting"),
        ctx.roots().key("client_roots"),
    );
    let Name { name } = name?.required()?;
    Ok(format!("{}, {name} in {}", greeting?.text(), roots?.len()))
}

/// Ask one thing after the other.
#[tool]
async fn steps(ctx: Context) -> CallResult<String> {
    let Name { name } = ctx.elicit("Step 1: What is your name?").await?.required()?;
    let Colour { colour } = ctx
        .elicit(format!("Step 2: What is your favourite colour, {name}?"))
        .await?
        .required()?;
    Ok(format!("{name} likes {colour}"))
}

/// Ask for an age.
#[tool]
async fn age(ctx: Context) -> CallResult<String> {
    let Age { age } = ctx.elicit("How old are you?").key("age").await?.required()?;
    Ok(format!("{age} years"))
}

fn server() -> Server {
    Server::new("asking").add(tools![
        greet,
        greet_blocking,
        capital,
        folders,
        everything,
        steps,
        age
    ])
}
