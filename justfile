# Commands of everyday work; `just` lists them. CI runs the same through .ci/run.

# List the commands.
default:
    @just --list

# Compile everything, tests included, without running it.
check:
    cargo check --workspace --all-targets

# Run the tests; arguments go to `cargo test`: `just test -p holdall-notes write`.
test *arguments="--workspace":
    cargo test {{ arguments }}

# Everything a change must pass that takes less than a minute once built.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo xtask architecture
    cargo xtask links

# Format the code.
format:
    cargo fmt --all

# Look at snapshots that changed, and accept or reject them.
snapshots:
    cargo insta review

# Write the documentation of the crates and open it.
docs:
    cargo doc --workspace --no-deps --open

# Serve the example notes over HTTP.
serve:
    cargo run --release -p holdall-cli -- serve --notes examples/notes --http 127.0.0.1:8000

# Let the official SDKs try the program.
interop:
    cargo build --release -p holdall-cli
    tests/interop/run

# Whether the files of deploy/ are what those who read them take.
deployment:
    cargo build --release -p holdall-cli
    tests/deploy/run

# The real program behind nginx and Caddy, with the official SDKs and a browser as clients.
proxies:
    cargo build --release -p holdall-cli -p proxied
    tests/proxy/run

# Licences, sources and versions of the dependencies.
deny:
    cargo deny check bans licenses sources

# Run the official conformance suite; needs Node 22 or newer.
conformance:
    cargo build --release -p conformance
    HOLDALL_CONFORMANCE_REQUIRED=1 tests/conformance/run

# Access tokens of a real authorization server; needs Node 22 or newer.
oauth:
    cargo build --release -p oauth
    HOLDALL_OAUTH_REQUIRED=1 tests/oauth/run

# What everything a team switches on costs; Linux.
load *arguments:
    cargo bench -p holdall-telemetry --bench load -- {{ arguments }}

# The program under mixed traffic for 20 minutes, and whether it is as it was before: `just soak --minutes 5`; Linux.
soak *arguments:
    cargo build --release -p holdall-cli
    benches/soak {{ arguments }}

# The same server three times, compared; needs Python 3.11. `just comparison --write` writes what is measured.
comparison *arguments:
    HOLDALL_COMPARISON_REQUIRED=1 tests/comparison/run {{ arguments }}

# The reference servers and the toolsets, given the same calls; `just reference --measure` writes how fast both are.
reference *arguments:
    cargo build --release -p holdall-cli
    HOLDALL_REFERENCE_REQUIRED=1 tests/reference/run {{ arguments }}

# Try inputs nobody would think of, until stopped: `just fuzz decode -max_total_time=60`; needs cargo-fuzz.
fuzz target *options:
    mkdir -p fuzz/corpus/{{ target }}
    cargo fuzz run -s none {{ target }} fuzz/corpus/{{ target }} fuzz/seeds/{{ target }} -- -dict=fuzz/json.dict -timeout=20 -rss_limit_mb=2048 {{ options }}

# Known weaknesses of the dependencies; asks a database on the network.
advisories:
    cargo deny check advisories

# Everything, as CI does.
ci:
    .ci/run

# Write the page about the configuration anew from the code.
configuration-page:
    cargo run --quiet -p holdall-cli -- config page > docs/configuration.md
