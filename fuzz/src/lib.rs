//! What several targets share: a connection within the process, a server behind HTTP.

pub mod connection;
pub mod door;

/// Splits an input into what decides and what is tried.
pub fn split(data: &[u8]) -> Option<(u8, &[u8])> {
    data.split_first().map(|(first, rest)| (*first, rest))
}
