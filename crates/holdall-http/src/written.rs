//! How settings are written in a configuration: durations as people write them, numbers that may be missing.

use holdall::schemars::{Schema, SchemaGenerator, json_schema};

/// A duration: `30s`, `1m 30s`, `2h`.
pub(crate) mod duration {
    pub(crate) use jiff::fmt::serde::unsigned_duration::friendly::compact::required::{
        deserialize, serialize,
    };
}

/// A duration, or none.
pub(crate) mod optional_duration {
    pub(crate) use jiff::fmt::serde::unsigned_duration::friendly::compact::optional::{
        deserialize, serialize,
    };
}

pub(crate) fn duration_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "duration", "description": "A duration: `30s`, `1m 30s`, `2h`." })
}
