//! The configuration: `holdall.toml`, the environment and the command line, in this order of increasing weight.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | which sections there are |
//! | `layers` | how file, environment and flags become one, and who said what |
//! | `auth`, `telemetry` | what stands in the larger sections, and what becomes of it |
//! | `files` | how the command line names folders of files |
//! | `auth`, `sql`, `telemetry` | what stands in the larger sections, and what becomes of it |
//! | `secret` | where secrets come from |
//! | `places` | which keys hold paths, and what these are relative to |
//! | `reference` | how all of it is told to people: the commented file, the page of the documents, the schema |
//!
//! Not here: what a setting means; each crate says that of its own.

mod auth;
pub(crate) mod files;
pub(crate) mod layers;
mod places;
pub(crate) mod reference;
mod secret;
mod sql;
mod telemetry;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use etcetera::BaseStrategy as _;
use holdall::live::ListenerBounds;
use holdall::schemars::{self, JsonSchema};
use holdall_http::HttpConfig;
use holdall_toolsets::calculator::CalculatorConfig;
use holdall_toolsets::clock::ClockConfig;
use holdall_toolsets::fetch::FetchConfig;
use holdall_toolsets::files::FilesConfig;
use holdall_toolsets::memory::MemoryConfig;
use holdall_toolsets::prompts::PromptsConfig;
use holdall_toolsets::sites::SitesConfig;
use holdall_toolsets::tasks::TasksConfig;
use holdall_toolsets::web_search::WebSearchConfig;
use serde::{Deserialize, Serialize};

pub(crate) use self::auth::AuthConfig;
pub(crate) use self::secret::Secret;
pub(crate) use self::sql::SqlConfig;
pub(crate) use self::telemetry::{
    AuditConfig, LogConfig, LogFormat, MetricsConfig, OtlpConfig, SentryConfig,
};
use crate::arguments::ToolsetName;

/// All settings of the program.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// What is served.
    pub(crate) serve: ServeConfig,
    /// What the program makes and keeps.
    pub(crate) data: DataConfig,
    /// The calculator.
    pub(crate) calculator: CalculatorConfig,
    /// The clock.
    pub(crate) clock: ClockConfig,
    /// Pages of the web, and requests to listed hosts.
    pub(crate) fetch: FetchConfig<Secret>,
    /// Files: which folders are served, and how.
    pub(crate) files: FilesConfig,
    /// The memory: a knowledge graph.
    pub(crate) memory: MemoryConfig,
    /// The notes.
    pub(crate) notes: NotesConfig,
    /// The prompts.
    pub(crate) prompts: PromptsConfig,
    /// Sites: which are watched, how often, and what is kept of it.
    pub(crate) sites: SitesConfig,
    /// The databases the SQL tools read, and the bounds of a query.
    pub(crate) sql: SqlConfig,
    /// The tasks: a list of things to do.
    pub(crate) tasks: TasksConfig,
    /// The web, searched by the Brave Search API.
    pub(crate) web_search: WebSearchConfig<Secret>,
    /// How the server is reached over HTTP, and its bounds there. Where it listens is said in `[serve]`.
    pub(crate) http: HttpConfig,
    /// How callers over HTTP prove who they are, and what they may do. Without any way to prove it nobody is asked.
    pub(crate) auth: AuthConfig,
    /// What several replicas share.
    pub(crate) redis: RedisConfig,
    /// How many clients may listen to changes, and to how much. Over HTTP their streams are bounded by
    /// `[http.transports]`, too.
    pub(crate) subscriptions: ListenerBounds,
    /// What the program tells about its work, on standard error.
    pub(crate) log: LogConfig,
    /// A line of JSON for each call: who called what, how large, how long, what came of it.
    pub(crate) audit: AuditConfig,
    /// Figures for Prometheus.
    pub(crate) metrics: MetricsConfig,
    /// Traces for a collector of OpenTelemetry, as protobuf over HTTP.
    pub(crate) otlp: OtlpConfig,
    /// Reports of panics and internal errors to Sentry. Neither arguments nor headers are sent.
    pub(crate) sentry: SentryConfig,
}

/// What is served.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServeConfig {
    /// The toolsets to offer.
    pub(crate) toolsets: Vec<ToolsetName>,
    /// Whether no tool is offered that changes anything.
    pub(crate) read_only: bool,
    /// The addresses to listen on for HTTP, such as `127.0.0.1:8000`. Without any the protocol is spoken over standard
    /// input and output.
    #[schemars(with = "Vec<String>")]
    pub(crate) listen: Vec<SocketAddr>,
    /// The Unix socket to listen on for HTTP, which only this user may open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub(crate) unix_socket: Option<PathBuf>,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            toolsets: vec![ToolsetName::Notes, ToolsetName::Calculator, ToolsetName::Clock],
            read_only: false,
            listen: Vec::new(),
            unix_socket: None,
        }
    }
}

/// What the program makes and keeps.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DataConfig {
    /// The folder of it: the index of the notes and, unless their sections say otherwise, what the toolsets remember.
    /// Without it, `holdall` in the user's data directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub(crate) dir: Option<PathBuf>,
}

impl DataConfig {
    /// The folder.
    pub(crate) fn dir(&self) -> Result<PathBuf> {
        if let Some(dir) = &self.dir {
            return Ok(dir.clone());
        }
        let user = etcetera::base_strategy::choose_native_strategy().context(
            "this system has no data directory for its users; say where to keep things with --data-dir",
        )?;
        Ok(user.data_dir().join("holdall"))
    }
}

/// The notes.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NotesConfig {
    /// The folders of Markdown notes.
    #[schemars(extend("items" = { "type": "string", "format": "path" }))]
    pub(crate) folders: Vec<PathBuf>,
    /// Whether notes are found by their meaning, too: embeddings are made and used.
    pub(crate) embeddings: bool,
}

impl Default for NotesConfig {
    fn default() -> Self {
        Self {
            folders: vec![PathBuf::from(".")],
            embeddings: true,
        }
    }
}

/// What several replicas share.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RedisConfig {
    /// The URL of the Redis server in which limits are counted and sessions kept, with its password;
    /// `rediss://:password@host:6379` is encrypted. Without it each replica is on its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<Secret>,
    /// The file of the authorities that may vouch for the Redis server of `rediss://`, in PEM. Without it, those the
    /// system trusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub(crate) authorities: Option<PathBuf>,
    /// What the keys begin with.
    pub(crate) prefix: Prefix,
}

/// What the keys in Redis begin with.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub(crate) struct Prefix(pub(crate) String);

impl Default for Prefix {
    fn default() -> Self {
        Self("holdall".to_owned())
    }
}

impl RedisConfig {
    /// The URL, if there is one, and who may vouch for the server.
    pub(crate) fn open(&self) -> Result<Option<(String, Option<Vec<u8>>)>> {
        let Some(url) = &self.url else { return Ok(None) };
        let url = url.read().context("the `url` of [redis] is not to be had")?;
        let read = |path: &PathBuf| {
            std::fs::read(path).with_context(|| format!("the `authorities` of [redis], {}", path.display()))
        };
        Ok(Some((url, self.authorities.as_ref().map(read).transpose()?)))
    }
}
