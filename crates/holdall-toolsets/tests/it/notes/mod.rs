//! The notes: over the examples and over small ones.

mod client;
mod examples;
mod listing;
mod live;
mod paths;
mod reading;
mod resources;
mod writing;
