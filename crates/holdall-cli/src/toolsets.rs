//! Which toolsets are served, and what each is made of: the configuration of it, and where it keeps things.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use holdall::{Components, Kind, Server, Toolset};
use holdall_notes::Notebook;
use holdall_toolsets::calculator::{self, CalculatorToolset};
use holdall_toolsets::clock::{self, ClockToolset};
use holdall_toolsets::fetch::{self, FetchToolset};
use holdall_toolsets::files::{self, FilesToolset};
use holdall_toolsets::memory::{self, MemoryError, MemoryToolset};
use holdall_toolsets::notes::{self, NotesToolset};
use holdall_toolsets::prompts::PromptsToolset;
use holdall_toolsets::sites::{self, SitesToolset};
use holdall_toolsets::sql::{self, SqlToolset};
use holdall_toolsets::tasks::{self, TasksToolset};
use holdall_toolsets::thinking::ThinkingToolset;
use holdall_toolsets::web_search::{self, WebSearchToolset};

use crate::arguments::ToolsetName;
use crate::config::{Config, Secret};
use crate::notebook;

/// Nothing is served that nobody named.
const NO_ROOTS: &str = "the toolset `files` has no folder to serve: say which with --root DIR to read it, or \
--writable-root DIR to write it, too, or in the configuration under [files.roots]";

/// What the toolsets of a configuration bring together.
pub(crate) struct Offer {
    components: Components,
    instructions: Vec<&'static str>,
    /// Of what there may be none yet, so that clients are told to ask for it.
    offers_later: Vec<Kind>,
    read_only: bool,
    /// The notes, if they are served.
    pub(crate) notes: Option<Arc<Notebook>>,
}

impl Offer {
    /// Opens what the toolsets need, each once however often it is named.
    pub(crate) fn new(config: &Config) -> Result<Self> {
        let mut offer = Self {
            components: Components::new(),
            instructions: Vec::new(),
            offers_later: Vec::new(),
            read_only: config.serve.read_only,
            notes: None,
        };
        let mut known = HashSet::new();
        for name in &config.serve.toolsets {
            if known.insert(*name) {
                offer.open(*name, config)?;
            }
        }
        Ok(offer)
    }

    /// Whether the toolsets can be opened. What they keep is left alone: files are made in a folder that is gone afterwards.
    pub(crate) fn examine(config: &Config) -> Result<()> {
        let scratch = tempfile::tempdir().context("no folder for temporary files can be made")?;
        let mut config = config.clone();
        config.data.dir = Some(scratch.path().to_owned());
        (config.memory.file, config.memory.import) = (None, None);
        (config.tasks.file, config.sites.database) = (None, None);
        if config.serve.toolsets.contains(&ToolsetName::Notes) {
            let gone = config.notes.folders.iter().find(|folder| !folder.is_dir());
            if let Some(folder) = gone {
                bail!("`notes.folders`: there is no folder {}", folder.display());
            }
            config.serve.toolsets.retain(|name| *name != ToolsetName::Notes);
        }
        Self::new(&config).map(drop)
    }

    fn open(&mut self, name: ToolsetName, config: &Config) -> Result<()> {
        match name {
            ToolsetName::Calculator => {
                let calculator = CalculatorToolset::new(config.calculator.clone())?;
                self.bring(calculator, calculator::INSTRUCTIONS);
            }
            ToolsetName::Clock => {
                let clock = ClockToolset::new(&config.clock).map_err(|error| {
                    let hint = error.hint();
                    anyhow::anyhow!("`clock.timezone` of the configuration: {error}\nhint: {hint}")
                })?;
                self.bring(clock, clock::INSTRUCTIONS);
            }
            ToolsetName::Fetch => self.bring(fetch(config)?, fetch::INSTRUCTIONS),
            ToolsetName::Files if config.files.roots.is_empty() => bail!(NO_ROOTS),
            ToolsetName::Files => {
                let mut toolset = FilesToolset::open(&config.files)?.components();
                // Tools that could only be refused cost every conversation.
                if config.files.roots.values().all(|root| !root.write) {
                    toolset = toolset.only_reading();
                }
                self.bring(toolset, files::INSTRUCTIONS);
            }
            ToolsetName::Memory => self.bring(memory(config)?, memory::INSTRUCTIONS),
            ToolsetName::Notes => {
                let notebook = Arc::new(notebook::open(config)?);
                self.notes = Some(Arc::clone(&notebook));
                self.bring(NotesToolset::new(notebook), notes::INSTRUCTIONS);
            }
            ToolsetName::Prompts => {
                self.bring(PromptsToolset::open(&config.prompts)?, None);
                self.offers_later.push(Kind::Prompt);
            }
            ToolsetName::Sites => {
                let file = kept_in(None, "sites.db", config)?;
                self.bring(
                    SitesToolset::open(config.sites.clone(), &file)?,
                    sites::INSTRUCTIONS,
                );
            }
            ToolsetName::Sql => self.bring(SqlToolset::new(&config.sql.open()?)?, sql::INSTRUCTIONS),
            ToolsetName::Tasks => {
                let file = kept_in(config.tasks.file.as_deref(), "tasks.db", config)?;
                self.bring(TasksToolset::open(&file, &config.tasks)?, tasks::INSTRUCTIONS);
            }
            ToolsetName::Thinking => self.bring(ThinkingToolset::new(), None),
            ToolsetName::WebSearch => self.bring(web_search(config)?, web_search::INSTRUCTIONS),
        }
        Ok(())
    }

    fn bring(&mut self, toolset: impl Toolset, instructions: impl Into<Option<&'static str>>) {
        let mut components = toolset.components();
        if self.read_only {
            components = components.only_reading();
        }
        self.components = std::mem::take(&mut self.components).add(components);
        self.instructions.extend(instructions.into());
    }

    /// The server with all of it.
    pub(crate) fn server(self) -> Server {
        let server = Server::new("holdall")
            .title("Holdall")
            .version(env!("CARGO_PKG_VERSION"))
            .offers_later(self.offers_later)
            .add(self.components);
        match self.instructions.is_empty() {
            true => server,
            false => server.instructions(self.instructions.join("\n\n")),
        }
    }
}

/// Pages and requests, with the credentials of the configuration.
fn fetch(config: &Config) -> Result<FetchToolset> {
    let read = |name: &str, secret: Secret| {
        let value = secret.read().map(holdall::Secret::new);
        value.with_context(|| format!("fetch.credentials.{name}.secret cannot be read"))
    };
    let config = config.fetch.clone().read_secrets(read)?;
    FetchToolset::new(&config).context("[fetch] cannot be served")
}

/// The memory, with what is brought in from elsewhere.
fn memory(config: &Config) -> Result<MemoryToolset> {
    let file = kept_in(config.memory.file.as_deref(), "memory.db", config)?;
    let toolset = MemoryToolset::open(&file, &config.memory)?;
    if let Some(import) = &config.memory.import {
        bring_in(&toolset, import)?;
    }
    Ok(toolset)
}

/// The search of the web, with its key.
fn web_search(config: &Config) -> Result<WebSearchToolset> {
    let read = |secret: Secret| secret.read().map(holdall::Secret::new);
    let config = config.web_search.clone().read_secrets(read);
    let config = config.context("web_search.key cannot be read")?;
    WebSearchToolset::new(&config).context("[web_search] cannot be served")
}

/// The file of a toolset: the one its section names, or `name` in the folder of data.
fn kept_in(file: Option<&Path>, name: &str, config: &Config) -> Result<PathBuf> {
    match file {
        Some(file) => Ok(file.to_owned()),
        None => Ok(config.data.dir()?.join(name)),
    }
}

/// Brings a file of the reference server in, and tells in the log what did not come along.
fn bring_in(memory: &MemoryToolset, file: &Path) -> Result<()> {
    let shown = file.display();
    let report = match memory.import(file) {
        Ok(report) => report,
        // What has come in before is there without it.
        Err(error @ MemoryError::Import { .. }) => {
            tracing::warn!(
                "nothing is brought into the memory: {:#}",
                anyhow::Error::from(error)
            );
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    for problem in &report.problems {
        tracing::warn!(
            "{shown}, line {}, is not in the memory: {}",
            problem.line,
            problem.why
        );
    }
    let more = report.problems_total - report.problems.len();
    if more > 0 {
        tracing::warn!("{shown} has {more} more lines that are not in the memory");
    }
    let (entities, observations, relations) = (report.entities, report.observations, report.relations);
    tracing::info!(
        already = report.already,
        entities,
        observations,
        relations,
        "{shown} is in the memory"
    );
    Ok(())
}
