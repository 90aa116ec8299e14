//! How a function talks back to the client while it serves a call: it asks a person, a model or the client itself,
//! and it logs. What the [`Context`] offers for it lives here; the pipeline and the service only open and close it.
//!
//! A function never knows how its question travels. That is the [`Way`] of the call, chosen by the protocol
//! version of the client, and every question takes it through [`put`].
//!
//! | file | question it answers |
//! | --- | --- |
//! | `elicit` | how a person is asked to fill in a form or to visit a page |
//! | `form` | which types a form can have, and what is checked of the answer |
//! | `confirm` | how a person agrees to something, also where the client cannot ask |
//! | `sample` | how the client's model is asked |
//! | `roots` | how the client's folders are found out |
//! | `log` | what is written into the client's log, and from which level on |
//! | `remember` | what a function keeps from one of its runs to the next |
//! | `wait` | how blocking functions ask |
//! | `question` | what is asked, in the form every way takes; asking again |
//! | `asking` | what a call has for asking: its way, its limits, what it has asked |
//! | `rounds` | the way into the reply, from 2026-07-28 on: the client calls again with the answers |
//! | `peer` | the way of a request to the client, before 2026-07-28 |
//! | `sealed` | how text that clients hand back is kept from being changed |
//! | `patience` | why waiting for a person does not count towards the timeout |
//! | `settings` | what a server decides about all this |
//!
//! Not here: what the results look like on the wire (`service/calls`).
//!
//! [`Context`]: crate::Context
//! [`Way`]: asking::Way
//! [`put`]: question::put

mod asking;
mod confirm;
mod elicit;
mod form;
mod log;
mod patience;
mod peer;
mod question;
mod remember;
mod roots;
mod rounds;
mod sample;
mod sealed;
mod settings;
#[cfg(test)]
mod tests;
mod wait;

pub(crate) use asking::{Asking, Inbox, Incoming, begin};
pub(crate) use confirm::CONFIRMATION;
pub use confirm::Confirm;
pub use elicit::{Answer, Elicit};
pub use log::LogLevel;
pub(crate) use log::SessionLog;
pub use roots::{Root, Roots};
pub use sample::{Sample, Sampled};
pub(crate) use settings::{Choices, Settings};
pub(crate) use wait::may_block;
