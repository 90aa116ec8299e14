//! Which toolsets are served, and what each is made of: the configuration of it, and where it keeps things.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::Result;
use holdall::{Components, Server, Toolset};
use holdall_notes::Notebook;
use holdall_toolsets::calculator::{self, CalculatorToolset};
use holdall_toolsets::clock::{self, ClockToolset};
use holdall_toolsets::notes::{self, NotesToolset};
use holdall_toolsets::thinking::ThinkingToolset;

use crate::arguments::ToolsetName;
use crate::config::Config;
use crate::notebook;

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
            ToolsetName::Calculator => {
                let calculator = CalculatorToolset::new(config.calculator.clone());
                self.bring(calculator, calculator::INSTRUCTIONS);
            }
            ToolsetName::Clock => {
                let clock = ClockToolset::new(&config.clock).map_err(|error| {
                    let hint = error.hint();
                    anyhow::anyhow!("`clock.timezone` of the configuration: {error}\nhint: {hint}")
                })?;
                self.bring(clock, clock::INSTRUCTIONS);
            }
            ToolsetName::Notes => {
                let notebook = Arc::new(notebook::open(config)?);
                self.notes = Some(Arc::clone(&notebook));
                self.bring(NotesToolset::new(notebook), notes::INSTRUCTIONS);
            }
            ToolsetName::Thinking => self.bring(ThinkingToolset::new(), None),
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
            .add(self.components);
        match self.instructions.is_empty() {
            true => server,
            false => server.instructions(self.instructions.join("\n\n")),
        }
    }
}
