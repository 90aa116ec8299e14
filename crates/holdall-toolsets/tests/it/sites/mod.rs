//! Sites that are well, and sites that are not: servers on this machine, asked by the toolset.

mod certificates;
mod history;
mod live;
mod network;
mod status;
mod world;
