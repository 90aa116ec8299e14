//! The calculator, as clients see it.

use holdall::Server;
use holdall_testkit::Client;
use holdall_toolsets::calculator::{CalculatorConfig, CalculatorToolset};
use serde_json::json;

const VERSIONS: [&str; 5] = [
    "2024-11-05",
    "2025-03-26",
    "2025-06-18",
    "2025-11-25",
    "2026-07-28",
];

fn server(config: CalculatorConfig) -> Server {
    Server::new("test").add(CalculatorToolset::new(config).unwrap())
}

#[tokio::test]
async fn every_version_gets_the_value_as_text_and_as_structure() {
    for version in VERSIONS {
        let client = Client::connect(server(CalculatorConfig::default()))
            .protocol(version)
            .await;
        let reply = client
            .call("calculate", json!({"expression": "10 km to miles"}))
            .await;
        assert_eq!(
            reply.text(),
            "10 km to miles ≈ 6.21371192237334 mi (rounded)",
            "{version}"
        );
        let reply = client
            .call("calculate", json!({"expression": "1/3 kg * 2", "precision": 4}))
            .await;
        assert_eq!(
            reply.text(),
            "1/3 kg * 2 ≈ 0.6667 kg (rounded)\n(read as (1 / 3) kg)",
            "{version}"
        );
        if version >= "2025-06-18" {
            assert_eq!(
                reply.json(),
                json!({
                    "expression": "1/3 kg * 2",
                    "result": "0.6667 kg",
                    "exact": false,
                    "unit": "kg",
                    "notes": ["read as (1 / 3) kg"]
                })
            );
        }
        let reply = client.call("calculate", json!({"expression": "2/3"})).await;
        assert_eq!(
            reply.text(),
            "2/3 ≈ 0.666666666666667 (rounded; exactly 2/3)",
            "{version}"
        );
    }
}

#[tokio::test]
async fn errors_say_where_and_what_instead() {
    let client = Client::connect(server(CalculatorConfig::default())).await;
    for (expression, kind, message, hint) in [
        (
            "2 + sqt(4)",
            "invalid_arguments",
            "`sqt` at position 5",
            "did you mean `sqrt`?",
        ),
        (
            "2 + * 3",
            "invalid_arguments",
            "`*` at position 5",
            "write it as in",
        ),
        ("1/0", "failed", "division by zero", ""),
        ("9^9^9", "too_large", "10^±100000", "smaller part"),
        (
            "100 USD to EUR",
            "invalid_arguments",
            "`USD` at position 5",
            "rates of currencies",
        ),
        ("roll(6)", "invalid_arguments", "`roll`", "no random numbers"),
    ] {
        let error = client
            .call("calculate", json!({ "expression": expression }))
            .await
            .expect_error(kind);
        assert!(error.message.contains(message), "{expression}: {error}");
        assert!(error.hint.unwrap_or_default().contains(hint), "{expression}");
    }
    // The next one is answered.
    let reply = client.call("calculate", json!({"expression": "0.1 + 0.2"})).await;
    assert_eq!(reply.text(), "0.1 + 0.2 = 0.3");
}

#[test]
fn bounds_out_of_their_range_are_refused() {
    let error = |config: CalculatorConfig| CalculatorToolset::new(config).unwrap_err().to_string();
    let usual = CalculatorConfig::default;
    assert_eq!(
        error(CalculatorConfig {
            expression_chars_max: 0,
            ..usual()
        }),
        "`calculator.expression_chars_max` is 0: it must be from 1 to 100000"
    );
    assert_eq!(
        error(CalculatorConfig {
            digits_max: 20_001,
            ..usual()
        }),
        "`calculator.digits_max` is 20001: it must be from 15 to 20000"
    );
    assert_eq!(
        error(CalculatorConfig {
            work_us_max: 99,
            ..usual()
        }),
        "`calculator.work_us_max` is 99: it must be from 100 to 10000000"
    );
}

#[tokio::test]
async fn bounds_are_those_of_the_configuration() {
    let config = CalculatorConfig {
        expression_chars_max: 10,
        digits_max: 20,
        ..CalculatorConfig::default()
    };
    let client = Client::connect(server(config)).await;
    let error = client
        .call("calculate", json!({"expression": "1 + 1 + 1 + 1"}))
        .await
        .expect_error("too_large");
    assert_eq!(error.message, "the expression has 13 characters, more than 10");
    let reply = client.call("calculate", json!({"expression": "2^100"})).await;
    assert_eq!(reply.text(), "2^100 ≈ 1.26765060022823e30 (rounded)");
    let error = client
        .call("calculate", json!({"expression": "1", "precision": 1001}))
        .await
        .expect_error("invalid_arguments");
    error.problem("/precision");
}
