//! Many at once: 10,000 calls in flight and 1,000 open subscriptions on one process, what each of them costs in memory,
//! and that nothing is lost and everything given back: `cargo bench -p holdall-http --bench crowd`.
//!
//! Each case has a server of its own, in a process of its own, and comes six times. Memory is what the system says
//! the server's process has (`VmRSS`), which leaves out what the kernel keeps for its sockets; processor time is that
//! process's, too. The first round says what each costs, as memory that was used before is used again; the last says
//! what stays.

#![allow(clippy::print_stdout, reason = "a bench prints what it measured")]

#[cfg(target_os = "linux")]
#[path = "crowd/client.rs"]
mod client;
#[cfg(target_os = "linux")]
#[path = "crowd/linux.rs"]
mod linux;
#[cfg(target_os = "linux")]
#[path = "crowd/server.rs"]
mod server;

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("memory and processor time of a process are read from /proc: run this on Linux");
}
