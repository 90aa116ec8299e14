//! Bytes on standard input, in pieces of any size: the server goes on, answers the next valid request, and holds no
//! more than it may.

#![no_main]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use holdall::prelude::*;
use holdall::protocol::ServiceExt;
use holdall::stdio::{LINE_BYTES_MAX, Stdio};
use holdall_fuzz::split;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, split as halves};
use tokio::runtime::Builder;

const PATIENCE: Duration = Duration::from_secs(30);
/// A byte of an input that stands for more than a whole line may have, without a newline.
const FLOOD: u8 = 0x1b;
/// Memory grows by doubling, and old and new are there at once while it is copied.
const BYTES_MAX: usize = 4 * LINE_BYTES_MAX;
/// The id of the request that comes last.
const LAST: &str = "the last one of all 5f1c";

fuzz_target!(|data: &[u8]| {
    let Some((mode, bytes)) = split(data) else { return };
    let before = HELD.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let with_handshake = mode & 1 == 0;
    let replies = exchange(bytes, usize::from(mode >> 1) + 1, with_handshake);
    let most = MOST.load(Ordering::Relaxed).saturating_sub(before);
    assert!(most < BYTES_MAX, "{most} bytes were held at once");
    if with_handshake {
        let last = replies.iter().filter(|reply| reply["id"] == LAST).count();
        assert_eq!(last, 1, "the last request is answered once: {replies:?}");
    }
});

/// Say what was said.
#[tool]
fn echo(text: String) -> String {
    text
}

fn exchange(bytes: &[u8], piece: usize, with_handshake: bool) -> Vec<Value> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let served = tokio::spawn(async move {
            let service = Server::new("fuzz")
                .add(tools![echo])
                .build()
                .expect("the server is right");
            let (input, output) = halves(far);
            // A client that begins otherwise than the protocol demands is let go.
            if let Ok(running) = service.serve(Stdio::of_async(input, output)).await {
                running.waiting().await.expect("it ends with its client");
            }
        });
        let (mut reading, writing) = halves(near);
        let written = async {
            // A server that let its client go reads no further.
            let _ = say(writing, bytes, piece, with_handshake).await;
        };
        let mut output = Vec::new();
        let both = async { tokio::join!(written, reading.read_to_end(&mut output)) };
        let ended = tokio::time::timeout(PATIENCE, both).await;
        ended
            .expect("the server ends with its input")
            .1
            .expect("memory can be read");
        tokio::time::timeout(PATIENCE, served)
            .await
            .expect("the service ends")
            .expect("no panic");
        let lines = output.split_inclusive(|byte| *byte == b'\n');
        lines
            .map(|line| {
                assert!(line.ends_with(b"\n"), "every line is whole");
                let reply: Value = serde_json::from_slice(line).expect("every line is JSON");
                let messages = reply
                    .as_array()
                    .map_or(std::slice::from_ref(&reply), Vec::as_slice);
                assert!(
                    messages.iter().all(|message| message["jsonrpc"] == "2.0"),
                    "{reply}"
                );
                reply
            })
            .collect()
    })
}

async fn say(
    mut writing: tokio::io::WriteHalf<DuplexStream>,
    bytes: &[u8],
    piece: usize,
    with_handshake: bool,
) -> std::io::Result<()> {
    if with_handshake {
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "f", "version": "0"}});
        let hello = json!({"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": params});
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        writing
            .write_all(format!("{hello}\n{ready}\n").as_bytes())
            .await?;
    }
    let mut floods = 0;
    for piece in bytes.chunks(piece) {
        // More than one in an input would only take longer.
        if floods == 0 && piece.contains(&FLOOD) {
            floods += 1;
            let flood = [b'x'; 64 * 1024];
            for _ in 0..=LINE_BYTES_MAX / flood.len() {
                writing.write_all(&flood).await?;
            }
        }
        writing.write_all(piece).await?;
        tokio::task::yield_now().await;
    }
    let last = json!({"jsonrpc": "2.0", "id": LAST, "method": "tools/list"});
    writing.write_all(format!("\n{last}\n").as_bytes()).await?;
    writing.shutdown().await
}

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static COUNTED: Counted = Counted;

/// The allocator of the system, which counts what is held.
struct Counted;

// SAFETY: everything is handed on to the allocator of the system as it came.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(held, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}
