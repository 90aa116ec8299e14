//! The other half of a contract: what a tool promised to return.

use jsonschema::Validator;
use rmcp::model::CallToolResult;
use serde_json::json;

use super::DEPTH_MAX;
use super::problems::described;
use super::read::Survey;
use crate::error::{CallError, CallResult};
use crate::protocol::JsonObject;
use crate::schema::check::compiled;
use crate::schema::object::wrapped;
use crate::schema::walk;

/// How many problems the log gets of one result.
const LOGGED_MAX: usize = 5;

/// A compiled schema of results.
pub(crate) struct OutputContract {
    schema: JsonObject,
    validator: Validator,
    /// Protocol revisions before 2026-07-28 allow only objects as structured content, so anything else is carried
    /// as `{"result": …}`, for all of them.
    wraps: bool,
}

impl OutputContract {
    pub(crate) fn of_schema(schema: JsonObject) -> Result<Self, String> {
        let validator = compiled(&schema).map_err(|problem| format!("results: {problem}"))?;
        Ok(Self {
            wraps: walk::types(&schema) != ["object"],
            validator,
            schema,
        })
    }

    /// The schema as it is listed.
    pub(crate) fn listed(&self) -> JsonObject {
        if self.wraps {
            wrapped(self.schema.clone())
        } else {
            self.schema.clone()
        }
    }

    /// Checks a result of the tool `subject`. That it breaks the promise is the fault of the server: the log gets
    /// the problems, the caller learns that there was a fault.
    pub(crate) fn apply(&self, subject: &str, mut result: CallToolResult) -> CallResult<CallToolResult> {
        if result.is_error == Some(true) {
            return Ok(result);
        }
        let Some(value) = result.structured_content.take() else {
            return Err(CallError::internal(format!(
                "`{subject}` has an output schema, but returned no structured content; return `Json<T>`"
            )));
        };
        if !self.validator.is_valid(&value) {
            let values = Survey::of(&value, DEPTH_MAX).values;
            let problems = described(&self.validator, &self.schema, &value, values);
            let problems: Vec<String> = problems
                .iter()
                .take(LOGGED_MAX)
                .map(ToString::to_string)
                .collect();
            return Err(CallError::internal(format!(
                "the result of `{subject}` does not fit its output schema: {}",
                problems.join("; ")
            )));
        }
        result.structured_content = Some(if self.wraps {
            json!({ "result": value })
        } else {
            value
        });
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(schema: serde_json::Value, result: serde_json::Value) -> Result<serde_json::Value, String> {
        let schema = schema.as_object().cloned().expect("an object");
        let contract = OutputContract::of_schema(schema).expect("the schema is valid");
        match contract.apply("count", CallToolResult::structured(result)) {
            Ok(result) => Ok(result.structured_content.expect("there was some")),
            Err(error) => {
                assert_eq!(error.message(), "the server failed; its log has the details");
                Err(error
                    .source()
                    .map(ToString::to_string)
                    .expect("the log gets the problems"))
            }
        }
    }

    #[test]
    fn the_log_gets_what_the_caller_does_not() {
        let schema =
            json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n", "m"]});
        assert_eq!(
            apply(schema, json!({"n": "secret"})),
            Err("the result of `count` does not fit its output schema: \
                 /m: is required; /n: expected integer, got \"secret\""
                .into())
        );
    }

    #[test]
    fn what_is_no_object_is_wrapped_after_the_check() {
        assert_eq!(
            apply(json!({"type": "array", "items": {"type": "integer"}}), json!([1])),
            Ok(json!({"result": [1]}))
        );
        assert!(apply(json!({"type": "array"}), json!({"result": [1]})).is_err());
        assert_eq!(apply(json!({"type": "object"}), json!({})), Ok(json!({})));
    }
}
