//! Ready-made tools, written with the public API of `holdall` alone: each is also an example of it.
//!
//! | feature | toolset | what it offers |
//! | --- | --- | --- |
//! | `calculator` | [`calculator::CalculatorToolset`] | calculate an expression, with units |
//! | `clock` | [`clock::ClockToolset`] | tell, convert and calculate dates and times |
//! | `notes` | [`notes::NotesToolset`] | search, read and write a folder of Markdown |
//! | `thinking` | [`thinking::ThinkingToolset`] | think in numbered steps that can be revised |

#[cfg(feature = "calculator")]
pub mod calculator;
#[cfg(feature = "clock")]
pub mod clock;
#[cfg(feature = "notes")]
pub mod notes;
#[cfg(feature = "thinking")]
pub mod thinking;
