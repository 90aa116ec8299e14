//! The `prompts` toolset: good prompts to begin with, and a folder of the user's own.
//!
//! Here: prompts of our own writing, templates in Markdown read from folders, and how a change of them reaches clients
//! that are connected. It has no tools, writes nothing, looks nowhere but into the folders it was given, and never
//! interprets what is filled in.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | what the toolset is made of, and how it is configured |
//! | `built_in` | which prompts come with it |
//! | `template` | what a file means, as a prompt with arguments |
//! | `folder` | which files are there, and what is in them |
//! | `library` | what is offered of all files, and what is wrong with the rest |
//! | `offering` | how a server comes to offer that, and no more of it |
//! | `reload` | when is it looked at again |

mod built_in;
mod folder;
mod library;
mod offering;
mod reload;
mod template;

use std::path::PathBuf;
use std::sync::Arc;

use holdall::prelude::*;
use holdall::{Components, Toolset};
use serde::Serialize;

pub use built_in::BuiltIn;
pub use folder::{FILE_BYTES_MAX, FILES_MAX};
use library::{Library, Problems};
pub use template::{ARGUMENTS_MAX, RESULT_BYTES_MAX, VALUE_CHARS_MAX};

/// The most folders of templates: each is watched, and looked through at every change.
pub const FOLDERS_MAX: usize = 8;

/// Which prompts are offered.
#[derive(Clone, Debug, serde::Deserialize, Serialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PromptsConfig {
    /// The folders of the user's own templates, at most 8: Markdown files, each a prompt. What changes in them is offered
    /// at once.
    #[schemars(extend("items" = { "type": "string", "format": "path" }))]
    pub folders: Vec<PathBuf>,
    /// Which of the built-in prompts are offered. A template of the same name takes the place of one.
    pub built_in: Vec<BuiltIn>,
}

impl Default for PromptsConfig {
    fn default() -> Self {
        Self {
            folders: Vec::new(),
            built_in: BuiltIn::ALL.to_vec(),
        }
    }
}

/// Why the toolset cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PromptsError {
    /// A folder of templates cannot be used.
    #[error(
        "the folder of prompts `{folder}` cannot be used: {reason}; make it, or take it out of `folders` in [prompts]"
    )]
    Folder {
        /// The folder as it was named.
        folder: String,
        /// Why.
        reason: String,
    },
    /// There are more folders than there may be.
    #[error("{0} folders of prompts are named, at most {FOLDERS_MAX} are watched; put templates together")]
    TooManyFolders(usize),
}

/// Built-in prompts, and templates from folders that are followed while a server serves them.
///
/// A broken template keeps no server from starting: what is wrong is told in the log and in the resource
/// `prompts://problems`, and the last version that was right stays on offer.
///
/// ```
/// use holdall::Server;
/// use holdall_toolsets::prompts::{PromptsConfig, PromptsToolset};
///
/// let toolset = PromptsToolset::open(&PromptsConfig::default())?;
/// let service = Server::new("prompts").add(toolset).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PromptsToolset {
    built_in: Vec<BuiltIn>,
    own: Option<OwnPrompts>,
}

impl PromptsToolset {
    /// Opens the folders. What is in them is read when a server is built.
    ///
    /// # Errors
    /// [`PromptsError`] when a folder is missing, a file or unreadable, or when there are too many.
    pub fn open(config: &PromptsConfig) -> Result<Self, PromptsError> {
        if config.folders.len() > FOLDERS_MAX {
            return Err(PromptsError::TooManyFolders(config.folders.len()));
        }
        let mut built_in = config.built_in.clone();
        built_in.sort_unstable();
        built_in.dedup();
        let own = match config.folders.is_empty() {
            true => None,
            false => Some(OwnPrompts {
                library: Library::open(&config.folders)?,
                built_in: built_in.clone(),
                problems: Arc::default(),
            }),
        };
        Ok(Self { built_in, own })
    }
}

impl Toolset for PromptsToolset {
    fn components(self) -> Components {
        let built_in: Vec<Prompt> = self.built_in.into_iter().map(BuiltIn::prompt).collect();
        let components = Components::new().add(built_in);
        match self.own {
            Some(own) => components.add(own),
            None => components,
        }
    }
}

/// The templates. They become prompts when the server stands, so that one whose name is taken is told of rather than
/// keeping the server from starting.
#[derive(Debug)]
struct OwnPrompts {
    library: Library,
    built_in: Vec<BuiltIn>,
    problems: Arc<Problems>,
}

#[toolset(on_start = follow)]
impl OwnPrompts {
    /// What is wrong with the files of the user's own prompts, file by file, with the line and what to do.
    // The URI is `PROBLEMS_URI`, too.
    #[resource(
        "prompts://problems",
        name = "problems",
        title = "Problems with prompts",
        mime_type = "text/markdown"
    )]
    fn problems(&self) -> String {
        self.problems.text()
    }

    fn follow(&self, server: ServerHandle) {
        let offering = offering::Offering::new(server, &self.built_in, Arc::clone(&self.problems));
        reload::follow(self.library.clone(), offering);
    }
}
