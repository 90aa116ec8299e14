//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Your Markdown notes, searchable by meaning, for Claude Desktop, Cursor, VS Code and any other MCP host.
#[derive(Debug, Parser)]
#[command(name = "holdall", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Arguments {
    /// What to log to standard error: error, warn, info, debug, trace, or a tracing filter.
    #[arg(long, global = true, default_value = "warn", value_name = "LEVEL")]
    pub(crate) log: String,
    /// How to log: lines for people, or JSON for programs.
    #[arg(long, global = true, default_value = "text", value_name = "FORMAT")]
    pub(crate) log_format: Format,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve tools to an MCP host: on standard input and output, or over HTTP.
    Serve(ServeArguments),
    /// Search the notes from the command line.
    Search(SearchArguments),
    /// Bring the index up to date, embeddings included, and say what could not be indexed.
    Index(IndexArguments),
    /// Measure search quality and speed on a set of questions in BEIR layout.
    Eval(EvalArguments),
}

/// What the log looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// Toolsets there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ToolsetName {
    /// Search, read and write a folder of Markdown.
    Notes,
}

#[derive(Debug, Args)]
pub(crate) struct NotesArguments {
    /// Folder of Markdown notes; repeat for several.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) notes: Vec<PathBuf>,
    /// Where index and vectors are kept [default: the user's data directory].
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Search by words alone: no embeddings are made or used.
    #[arg(long)]
    pub(crate) no_embeddings: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Toolsets to offer.
    #[arg(value_enum, value_name = "TOOLSET", default_value = "notes")]
    pub(crate) toolsets: Vec<ToolsetName>,
    #[command(flatten)]
    pub(crate) notes: NotesArguments,
    /// Serve over HTTP at /mcp instead of standard input and output.
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = "127.0.0.1:8000", value_parser = address)]
    pub(crate) http: Option<SocketAddr>,
    /// Offer no tool that changes anything.
    #[arg(long)]
    pub(crate) read_only: bool,
    /// Add a line of JSON for each call to this file: who called what, how large, how long, what came of it.
    #[arg(long, value_name = "FILE")]
    pub(crate) audit_log: Option<PathBuf>,
    /// Offer figures for Prometheus at /metrics, to this machine and to callers with the scope `metrics` (HTTP only).
    #[arg(long, requires = "http")]
    pub(crate) metrics: bool,
    /// Answer to this host name too; repeat for several (HTTP only).
    #[arg(long, value_name = "HOST", requires = "http")]
    pub(crate) allow_host: Vec<String>,
    /// Let pages of this origin talk to the server; repeat for several (HTTP only).
    #[arg(long, value_name = "ORIGIN", requires = "http")]
    pub(crate) allow_origin: Vec<String>,
    /// Listen on an address other machines can reach although nobody is asked who they are (HTTP only).
    #[arg(long, requires = "http")]
    pub(crate) insecure: bool,
}

/// An address in numbers; `localhost` is understood too.
fn address(text: &str) -> Result<SocketAddr, String> {
    let numbers = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    numbers
        .parse()
        .map_err(|_| "give an address and a port, such as 127.0.0.1:8000".to_owned())
}

#[derive(Debug, Args)]
pub(crate) struct SearchArguments {
    /// A question or words; quote a "phrase" that must occur, put - before a word that must not.
    #[arg(value_name = "QUESTION", required = true)]
    pub(crate) question: Vec<String>,
    #[command(flatten)]
    pub(crate) notes: NotesArguments,
    /// Only notes from this time: "last week", "2026-05", "yesterday".
    #[arg(long, value_name = "TIME")]
    pub(crate) when: Option<String>,
    /// Only notes with this tag; repeat to demand several.
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,
    /// Only notes in this folder or below.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<String>,
    /// How many passages.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(crate) limit: u16,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct IndexArguments {
    #[command(flatten)]
    pub(crate) notes: NotesArguments,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EvalArguments {
    /// Folder with corpus.jsonl, queries.jsonl and qrels/test.tsv.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Where vectors are kept between two runs [default: the user's data directory].
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Measure the search by words alone.
    #[arg(long)]
    pub(crate) no_embeddings: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn serve(words: &[&str]) -> ServeArguments {
        let words = ["holdall", "serve"].iter().chain(words);
        match Arguments::try_parse_from(words)
            .expect("the command line is right")
            .command
        {
            Command::Serve(arguments) => arguments,
            other => panic!("parsed as {other:?}"),
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn serve_offers_notes_over_stdio_by_default() {
        let arguments = serve(&[]);
        assert_eq!(arguments.toolsets, [ToolsetName::Notes]);
        assert_eq!(arguments.notes.notes, [PathBuf::from(".")]);
        assert_eq!(arguments.http, None);
    }

    #[test]
    fn http_takes_an_address_or_none() {
        assert_eq!(serve(&["--http"]).http.map(|address| address.port()), Some(8000));
        assert_eq!(
            serve(&["--http", "127.0.0.1:9"])
                .http
                .map(|address| address.port()),
            Some(9)
        );
        let local = serve(&["--http", "localhost:9"]);
        assert_eq!(local.http, Some(([127, 0, 0, 1], 9).into()));
        let several = serve(&["notes", "--notes", "a", "--notes", "b"]);
        assert_eq!(several.notes.notes, [PathBuf::from("a"), PathBuf::from("b")]);
    }

    #[test]
    fn http_options_need_http() {
        for option in [
            &["--insecure"][..],
            &["--metrics"],
            &["--allow-host", "x"],
            &["--allow-origin", "x"],
        ] {
            let words = ["holdall", "serve"].iter().chain(option);
            assert!(Arguments::try_parse_from(words).is_err(), "{option:?}");
        }
    }
}
