//! What operators learn of a Holdall server.
