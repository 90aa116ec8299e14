//! What a server decides about asking: [`Settings`], and the methods of [`Server`] that set them.

use std::time::Duration;

use super::sealed::Keys;
use crate::server::Server;

/// How long a person has to answer unless the server says otherwise: long enough to read and think, short enough
/// that a forgotten window does not hold the call for ever.
const ANSWER_WITHIN: Duration = Duration::from_secs(5 * 60);

/// What was said about asking while the server was put together.
#[derive(Clone, Default)]
pub(crate) struct Choices {
    keys: Option<Vec<Vec<u8>>>,
    answer_within: Option<Duration>,
}

impl Choices {
    /// Makes the keys, or adds what is wrong with them to `problems`.
    pub(crate) fn settle(self, server: &str, problems: &mut Vec<String>) -> Option<Settings> {
        let keys = self.keys.map_or_else(Keys::random, Keys::new);
        let keys = keys.map_err(|problem| problems.push(problem)).ok()?;
        Some(Settings {
            server: server.to_owned(),
            keys,
            answer_within: self.answer_within.unwrap_or(ANSWER_WITHIN),
        })
    }
}

/// What all calls of a server have in common when they ask.
pub(crate) struct Settings {
    /// The name of the server: what it seals is no good for another.
    pub(crate) server: String,
    pub(crate) keys: Keys,
    pub(crate) answer_within: Duration,
}

impl Server {
    /// The keys that seal what clients hand back: the state of a call between its questions, and codes that confirm
    /// a call. The first one seals, all of them open, so a new key goes in front and the old one stays for a quarter
    /// of an hour. Each has 32 bytes or more, from a random source.
    ///
    /// Default: one made up when the server starts. Several processes behind one address need the same keys.
    pub fn request_state_keys(mut self, keys: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        self.interaction.keys = Some(keys.into_iter().map(Into::into).collect());
        self
    }

    /// How long a client may take to answer a question while the call waits. It does not count towards the timeout
    /// of the call. Default: 5 minutes.
    ///
    /// Clients that speak 2026-07-28 answer by calling again; nothing waits for them.
    pub fn answer_within(mut self, limit: Duration) -> Self {
        self.interaction.answer_within = Some(limit);
        self
    }
}
