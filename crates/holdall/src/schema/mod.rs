//! JSON Schemas: what is known of a schema before any value comes.
//!
//! Values are checked in `contract`; the builder of one argument is in `argument`.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `derive` | what the schema of a Rust type is |
//! | `object` | how the schemas of arguments become the schema of one object |
//! | `check` | whether a schema can be used at all, and the compiled form of one that can |
//! | `header` | whether arguments that travel in HTTP headers are marked as the protocol wants it |
//! | `walk` | where a schema holds further schemas, and what a reference points at |
//! | `describe` | how a schema reads in a sentence |

pub(crate) mod check;
pub(crate) mod derive;
pub(crate) mod describe;
pub(crate) mod header;
pub(crate) mod object;
pub(crate) mod walk;
