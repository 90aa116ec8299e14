//! Mistakes in putting a server together: all found before it starts.

use holdall::prelude::*;

struct Db;

#[tool]
fn needs_db(_db: State<Db>) -> String {
    String::new()
}

#[test]
fn every_mistake_is_reported_at_once() {
    let schema = serde_json::json!({"type": "objekt"})
        .as_object()
        .cloned()
        .expect("an object");
    let echo = || Tool::new("echo").blocking_handler(|_| Ok("echo"));
    let server = Server::new("test")
        .add(tools![needs_db])
        .add([echo(), echo(), Tool::new("no handler")])
        .add(
            Tool::new("bad_schema")
                .input_schema(schema)
                .blocking_handler(|_| Ok("never")),
        )
        .add(Resource::new("not a uri").blocking_handler(|_| Ok("never")))
        .add(Resource::new("a://{b}{c}").blocking_handler(|_| Ok("never")))
        .add(
            Resource::new("a://{b}")
                .variable(Argument::of::<u8>("x"))
                .blocking_handler(|_| Ok("never")),
        )
        .add(
            Prompt::new("p")
                .argument(Argument::of::<u8>("x"))
                .argument(Argument::of::<u8>("x"))
                .blocking_handler(|_| Ok("p")),
        );
    let error = server.build().err().expect("the server does not start");
    insta::assert_snapshot!(error);
}
