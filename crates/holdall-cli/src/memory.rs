//! How the program takes memory from the system.

/// Has the C library allocate in no more than two places (arenas). It would make eight for each core and keep in each what
/// the most demanding moment needed there. The figures with and without are in `docs/benchmarks.md`.
///
/// Does nothing with another C library, or where whoever starts the program has chosen by `MALLOC_ARENA_MAX` or
/// `GLIBC_TUNABLES`. To be called before there are threads.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn few_arenas() {
    const ARENAS_MAX: libc::c_int = 2;
    let chosen = ["MALLOC_ARENA_MAX", "GLIBC_TUNABLES"];
    if chosen.iter().any(|name| std::env::var_os(name).is_some()) {
        return;
    }
    // SAFETY: it takes two numbers, and changes a setting of the allocator under the allocator's own lock.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, ARENAS_MAX) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn few_arenas() {}
