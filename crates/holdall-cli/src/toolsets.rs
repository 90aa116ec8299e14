//! Which toolsets are served, and what each is made of: the configuration of it, and where it keeps things.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::{Result, bail};
use holdall::{Components, Server, Toolset};
use holdall_notes::Notebook;
use holdall_toolsets::files::{self, FilesToolset};
use holdall_toolsets::notes::{self, NotesToolset};

use crate::arguments::ToolsetName;
use crate::config::Config;
use crate::notebook;

/// Nothing is served that nobody named.
const NO_ROOTS: &str = "the toolset `files` has no folder to serve: say which with --root DIR to read it, or \
--writable-root DIR to write it, too, or in the configuration under [files.roots]";

/// What the toolsets of a configuration bring together.
pub(crate) struct Offer {
    components: Components,
    instructions: Vec<&'static str>,
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

    fn open(&mut self, name: ToolsetName, config: &Config) -> Result<()> {
        match name {
            ToolsetName::Files => {
                if config.files.roots.is_empty() {
                    bail!(NO_ROOTS);
                }
                self.bring(FilesToolset::open(&config.files)?, files::INSTRUCTIONS);
            }
            ToolsetName::Notes => {
                let notebook = Arc::new(notebook::open(config)?);
                self.notes = Some(Arc::clone(&notebook));
                self.bring(NotesToolset::new(notebook), notes::INSTRUCTIONS);
            }
        }
        Ok(())
    }

    fn bring(&mut self, toolset: impl Toolset, instructions: &'static str) {
        let mut components = toolset.components();
        if self.read_only {
            components = components.only_reading();
        }
        self.components = std::mem::take(&mut self.components).add(components);
        self.instructions.push(instructions);
    }

    /// The server with all of it.
    pub(crate) fn server(self) -> Server {
        let server = Server::new("holdall")
            .title("Holdall")
            .version(env!("CARGO_PKG_VERSION"))
            .add(self.components);
        match self.instructions.is_empty() {
            true => server,
            false => server.instructions(self.instructions.join("\n\n")),
        }
    }
}
