//! A server and its tests: connect, call, assert. The client speaks the real protocol, without a process or a port.
//!
//! Run it with `cargo run -p examples --bin testing`, and its tests with `cargo test -p examples --bin testing`.

use holdall::prelude::*;

/// Convert degrees Celsius to degrees Fahrenheit.
#[tool(read_only)]
fn to_fahrenheit(
    /// The temperature.
    #[arg(range = -273.15..)]
    celsius: f64,
) -> f64 {
    celsius * 1.8 + 32.0
}

fn server() -> Server {
    Server::new("testing").add(tools![to_fahrenheit])
}

#[tokio::main]
async fn main() -> holdall::Result<()> {
    server().run().await
}

#[cfg(test)]
mod tests {
    use holdall_testkit::Client;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn water_boils() {
        let client = Client::connect(server()).await;
        let reply = client.call("to_fahrenheit", json!({"celsius": 100})).await;
        assert_eq!(reply.text(), "212");
    }

    #[tokio::test]
    async fn nothing_is_colder_than_absolute_zero() {
        let client = Client::connect(server()).await;
        let reply = client.call("to_fahrenheit", json!({"celsius": -300})).await;
        reply.expect_error("invalid_arguments").problem("/celsius");
    }

    // A function of a tool is an ordinary function.
    #[test]
    fn water_freezes() {
        assert_eq!(to_fahrenheit(0.0), 32.0);
    }
}
