//! The command line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use holdall::schemars::{self, JsonSchema};
use holdall_http::PublicUrl;
use serde::{Deserialize, Serialize};
use toml::Value;

use crate::config::layers::{self, Setting, Sources};
use crate::config::{LogFormat, files};

/// Your Markdown notes, searchable by meaning, for Claude Desktop, Cursor, VS Code and any other MCP host.
#[derive(Debug, Parser)]
#[command(name = "holdall", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Arguments {
    /// What to log to standard error: error, warn, info, debug, trace, or a tracing filter [default: warn].
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(crate) log: Option<String>,
    /// How to log: lines for people, or JSON for programs [default: text].
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
    /// The configuration file [default: holdall/holdall.toml in the user's configuration directory, if it is there].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A file of environment variables to take where the environment lacks them: NAME=value, a line each.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve tools to an MCP host: on standard input and output, or over HTTP.
    Serve(Box<ServeArguments>),
    /// Search the notes from the command line.
    Search(SearchArguments),
    /// Bring the index up to date, embeddings included, and say what could not be indexed.
    Index(IndexArguments),
    /// Measure search quality and speed on a set of questions in BEIR layout.
    Eval(EvalArguments),
    /// Make, list and revoke the tokens that callers over HTTP prove themselves with.
    Token(TokenArguments),
    /// Check, show and explain the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ask a running server whether it is well: exit code 0 if it is, 1 if not.
    Health(HealthArguments),
}

#[derive(Debug, Args)]
pub(crate) struct TokenArguments {
    #[command(flatten)]
    pub(crate) auth: AuthArguments,
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

/// How callers prove who they are.
#[derive(Debug, Args)]
pub(crate) struct AuthArguments {
    /// The file of tokens, which `holdall token` writes and `holdall serve` asks callers over HTTP for.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) tokens: Option<PathBuf>,
}

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print it, this once.
    New(NewTokenArguments),
    /// List them; the tokens themselves are not kept.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make one good no longer.
    Revoke {
        /// What it is called.
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct NewTokenArguments {
    /// Whom it is for: the name in logs.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// What its holder may do: a scope; repeat for several, * for everything.
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Vec<String>,
    /// For how long it is good: 12h, 90d, 1y [default: until it is revoked].
    #[arg(long, value_name = "TIME", value_parser = crate::token::lifetime)]
    pub(crate) expires: Option<std::time::Duration>,
    /// Take a key somebody chose, from standard input, in place of making a token.
    #[arg(long)]
    pub(crate) chosen: bool,
}

/// What to do with the configuration.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say whether the configuration is right; exit code 1 if it is not.
    Check,
    /// Print what is in force, and for each key whether file, environment or command line said so.
    Show,
    /// Print a file with every key explained, at its default.
    Example,
    /// Print the JSON Schema of the file, for editors.
    Schema,
    /// Print the page of the documents about the configuration.
    #[command(hide = true)]
    Page,
}

/// Toolsets there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub(crate) enum ToolsetName {
    /// Calculate, with units and percentages.
    Calculator,
    /// Tell, convert and calculate dates and times.
    Clock,
    /// Read pages of the web, send requests to listed hosts.
    Fetch,
    /// List, read, search and write files in the folders of --root and --writable-root.
    Files,
    /// Remember people, projects and things from one conversation to the next.
    Memory,
    /// Search, read and write a folder of Markdown.
    Notes,
    /// Prompts to begin with, and templates of your own.
    Prompts,
    /// Check whether sites are up and their certificates good, now and by a monitor.
    Sites,
    /// Read databases: SQLite, PostgreSQL, MySQL, MariaDB.
    Sql,
    /// Keep a list of things to do, with due dates, tags and search.
    Tasks,
    /// Think in numbered steps that can be revised.
    Thinking,
    /// Search the web (needs a key of the Brave Search API).
    WebSearch,
}

#[derive(Debug, Args)]
pub(crate) struct NotesArguments {
    /// Folder of Markdown notes; repeat for several [default: the current folder].
    #[arg(long, value_name = "DIR")]
    pub(crate) notes: Vec<PathBuf>,
    /// Where the index is kept, and what the toolsets remember [default: the user's data directory].
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Search by words alone: no embeddings are made or used.
    #[arg(long)]
    pub(crate) no_embeddings: bool,
}

/// The folders of the toolset `files`.
#[derive(Debug, Args)]
pub(crate) struct FilesArguments {
    /// Folder of files to read; repeat for several. NAME= in front says what its paths begin with [default: its own name].
    #[arg(long, value_name = "[NAME=]DIR")]
    pub(crate) root: Vec<PathBuf>,
    /// Folder of files to read and write; repeat for several.
    #[arg(long, value_name = "[NAME=]DIR")]
    pub(crate) writable_root: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Toolsets to offer [default: notes calculator clock].
    #[arg(value_enum, value_name = "TOOLSET")]
    pub(crate) toolsets: Vec<ToolsetName>,
    #[command(flatten)]
    pub(crate) notes: NotesArguments,
    #[command(flatten)]
    pub(crate) files: FilesArguments,
    /// Serve over HTTP at /mcp instead of standard input and output.
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = "127.0.0.1:8000", value_parser = address)]
    pub(crate) http: Option<SocketAddr>,
    /// Serve over HTTP by this Unix socket, for this user alone; with --http, too, on both.
    #[cfg(unix)]
    #[arg(long, value_name = "PATH")]
    pub(crate) unix_socket: Option<PathBuf>,
    /// Where clients find the server, if not where it listens: https://notes.example (HTTP only).
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<PublicUrl>,
    /// Encrypt connections with this certificate, followed by those between it and the authority's, in PEM (HTTP only).
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The key of the certificate, in PEM (HTTP only).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) auth: AuthArguments,
    /// Offer no tool that changes anything.
    #[arg(long)]
    pub(crate) read_only: bool,
    /// Add a line of JSON for each call to this file: who called what, how large, how long, what came of it.
    #[arg(long, value_name = "FILE")]
    pub(crate) audit_log: Option<PathBuf>,
    /// Offer figures for Prometheus at /metrics, to this machine and to callers with the scope `metrics` (HTTP only).
    #[arg(long)]
    pub(crate) metrics: bool,
    /// Answer to this host name too; repeat for several (HTTP only).
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_host: Vec<String>,
    /// Let pages of this origin talk to the server; repeat for several (HTTP only).
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) allow_origin: Vec<String>,
    /// Listen on an address other machines can reach although nobody is asked who they are (HTTP only).
    #[arg(long)]
    pub(crate) insecure: bool,
}

impl Arguments {
    /// Everything that has a say in the configuration.
    pub(crate) fn sources(&self) -> anyhow::Result<Sources> {
        Ok(Sources {
            file: self.config.clone(),
            environment: layers::environment(self.env_file.as_deref())?,
            flags: self.settings(),
        })
    }

    /// What the command line says of the configuration.
    fn settings(&self) -> Vec<Setting> {
        let mut settings = match &self.command {
            Command::Serve(arguments) => arguments.settings(),
            Command::Search(arguments) => arguments.notes.settings(),
            Command::Index(arguments) => arguments.notes.settings(),
            Command::Token(arguments) => arguments.auth.settings(),
            Command::Eval(_) | Command::Config(_) | Command::Health(_) => Vec::new(),
        };
        settings.extend(
            self.log
                .as_deref()
                .map(|level| Setting::flag("--log", "log.level", level)),
        );
        settings.extend(self.log_format.map(|format| {
            let format = Value::try_from(format).expect("a name is TOML");
            Setting::flag("--log-format", "log.format", format)
        }));
        settings
    }
}

impl AuthArguments {
    fn settings(&self) -> Vec<Setting> {
        let file = self.tokens.as_ref();
        let setting = file.map(|file| Setting::flag("--tokens", "auth.token_file", path(file)));
        setting.into_iter().collect()
    }
}

impl NotesArguments {
    fn settings(&self) -> Vec<Setting> {
        let mut settings = Vec::new();
        if !self.notes.is_empty() {
            settings.push(Setting::flag("--notes", "notes.folders", paths(&self.notes)));
        }
        settings.extend(
            self.data_dir
                .as_ref()
                .map(|folder| Setting::flag("--data-dir", "data.dir", path(folder))),
        );
        if self.no_embeddings {
            settings.push(Setting::flag("--no-embeddings", "notes.embeddings", false));
        }
        settings
    }
}

impl FilesArguments {
    fn settings(&self) -> Option<Setting> {
        let readable = self.root.iter().map(|root| (root, false));
        let roots: Vec<_> = readable
            .chain(self.writable_root.iter().map(|root| (root, true)))
            .collect();
        let flag = match (self.root.is_empty(), self.writable_root.is_empty()) {
            (true, true) => return None,
            (false, true) => "--root",
            (true, false) => "--writable-root",
            (false, false) => "--root and --writable-root",
        };
        Some(Setting::flag(flag, "files.roots", files::table_of(roots)))
    }
}

impl ServeArguments {
    fn settings(&self) -> Vec<Setting> {
        let mut settings = self.notes.settings();
        settings.extend(self.files.settings());
        if !self.toolsets.is_empty() {
            let toolsets = Value::try_from(&self.toolsets).expect("names are TOML");
            settings.push(Setting::flag("TOOLSET", "serve.toolsets", toolsets));
        }
        if self.read_only {
            settings.push(Setting::flag("--read-only", "serve.read_only", true));
        }
        settings.extend(self.auth.settings());
        settings.extend(self.http_settings());
        settings
    }

    /// The first flag that means something over HTTP only.
    pub(crate) fn http_only_flag(&self) -> Option<&'static str> {
        let given = [
            ("--public-url", self.public_url.is_some()),
            ("--tls-cert", self.tls_cert.is_some()),
            ("--tokens", self.auth.tokens.is_some()),
            ("--metrics", self.metrics),
            ("--allow-host", !self.allow_host.is_empty()),
            ("--allow-origin", !self.allow_origin.is_empty()),
            ("--insecure", self.insecure),
        ];
        given.into_iter().find_map(|(flag, given)| given.then_some(flag))
    }

    fn http_settings(&self) -> Vec<Setting> {
        let mut settings = Vec::new();
        let mut set = |flag: &str, key: &str, value: Option<Value>| {
            settings.extend(value.map(|value| Setting::flag(flag, key, value)));
        };
        let list = |texts: &[String]| (!texts.is_empty()).then(|| Value::from(texts.to_vec()));
        let file = |given: &Option<PathBuf>| given.as_deref().map(path);
        let listen = self.http.map(|address| Value::from(vec![address.to_string()]));
        set("--http", "serve.listen", listen);
        set("--unix-socket", "serve.unix_socket", file(&self.unix_socket));
        let url = self.public_url.as_ref().map(|url| Value::from(url.to_string()));
        set("--public-url", "http.public_url", url);
        set("--allow-host", "http.allowed_hosts", list(&self.allow_host));
        set("--allow-origin", "http.allowed_origins", list(&self.allow_origin));
        set("--insecure", "http.insecure", self.insecure.then(|| true.into()));
        let files = self.tls_cert.as_deref().zip(self.tls_key.as_deref());
        let tls = files.map(|(certificates, key)| {
            let pairs = [("certificates", path(certificates)), ("key", path(key))];
            Value::Table(
                pairs
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect(),
            )
        });
        set("--tls-cert and --tls-key", "http.tls", tls);
        set("--audit-log", "audit.file", file(&self.audit_log));
        set("--metrics", "metrics.enabled", self.metrics.then(|| true.into()));
        settings
    }
}

fn path(path: &Path) -> Value {
    Value::String(path.to_string_lossy().into_owned())
}

fn paths(paths: &[PathBuf]) -> Value {
    paths.iter().map(|one| path(one)).collect::<Vec<_>>().into()
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

#[derive(Debug, Args)]
pub(crate) struct HealthArguments {
    /// Where it listens: http://HOST:PORT, https://HOST:PORT, or unix:PATH of a socket [default: as the configuration
    /// says].
    #[arg(value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Ask whether it can do its work, not only whether it runs.
    #[arg(long)]
    pub(crate) ready: bool,
    /// Take whatever certificate the server shows, without looking who answers. Otherwise it has to be the one of the
    /// configuration, or one the system trusts.
    #[arg(long)]
    pub(crate) any_certificate: bool,
    /// Give up after this many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=300))]
    pub(crate) timeout: u16,
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
            Command::Serve(arguments) => *arguments,
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
        assert_eq!(arguments.toolsets, []);
        assert!(
            arguments.settings().is_empty(),
            "the defaults of the configuration hold"
        );
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
    fn certificate_and_key_belong_together() {
        for option in [&["--tls-cert", "x"], &["--tls-key", "x"]] {
            let words = ["holdall", "serve"].iter().chain(option);
            assert!(Arguments::try_parse_from(words).is_err(), "{option:?}");
        }
    }

    #[test]
    fn flags_that_mean_something_over_http_only_are_known() {
        for (words, expected) in [
            (&["--insecure"][..], Some("--insecure")),
            (&["--metrics"], Some("--metrics")),
            (&["--allow-host", "x"], Some("--allow-host")),
            (&["--allow-origin", "x"], Some("--allow-origin")),
            (&["--public-url", "https://x"], Some("--public-url")),
            (&["--tls-cert", "x", "--tls-key", "x"], Some("--tls-cert")),
            (&["--tokens", "x"], Some("--tokens")),
            (&["--read-only", "--audit-log", "x"], None),
        ] {
            assert_eq!(serve(words).http_only_flag(), expected, "{words:?}");
        }
    }
}
