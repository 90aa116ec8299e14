//! Which folders are served.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use holdall_files::{FILE_BYTES_MAX, RootOptions};
use schemars::JsonSchema;
use serde::de::{MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

/// Files: which folders are served, and how.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FilesConfig {
    /// The folders, each under the name its paths begin with: the path of a folder to read, or a table of `path`,
    /// `write` (whether files may be changed, too) and `hidden` (whether names that begin with a dot are served, too).
    /// A name has 1 to 64 ASCII letters, digits, `-`, `_` and `.`. At most 64; without any nothing is served.
    pub roots: BTreeMap<String, RootConfig>,
    /// The largest file that is read or written, in bytes; 64 MiB at most.
    #[schemars(range(min = 1, max = 67_108_864))]
    pub max_file_bytes: u64,
}

impl Default for FilesConfig {
    fn default() -> Self {
        Self {
            roots: BTreeMap::new(),
            max_file_bytes: FILE_BYTES_MAX,
        }
    }
}

/// Largest `max_file_bytes`: a file is held in memory while it is read.
const FILE_BYTES_LIMIT: u64 = 64 * 1024 * 1024;

impl FilesConfig {
    pub(super) fn options(&self) -> impl Iterator<Item = RootOptions> {
        self.roots.iter().map(|(name, root)| RootOptions {
            name: name.clone(),
            path: root.path.clone(),
            write: root.write,
            hidden: root.hidden,
        })
    }

    pub(super) fn file_bytes_max(&self) -> u64 {
        self.max_file_bytes.min(FILE_BYTES_LIMIT)
    }
}

/// A folder that is served. In a file of configuration it is its path, or a table.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(inline, with = "RootForms")]
pub struct RootConfig {
    /// The folder.
    pub path: PathBuf,
    /// Whether files in it may be written, moved and deleted. Default: no.
    pub write: bool,
    /// Whether names that begin with a dot are served, too. Default: no.
    pub hidden: bool,
}

impl RootConfig {
    /// A folder to read.
    pub fn read_only(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            write: false,
            hidden: false,
        }
    }

    /// A folder to read and write.
    pub fn writable(path: impl Into<PathBuf>) -> Self {
        Self {
            write: true,
            ..Self::read_only(path)
        }
    }

    /// The same, with names that begin with a dot.
    pub fn with_hidden(mut self) -> Self {
        self.hidden = true;
        self
    }
}

/// How a root is written down.
#[derive(JsonSchema)]
#[schemars(inline, untagged)]
#[expect(dead_code, reason = "it only describes")]
enum RootForms {
    /// A folder to read.
    Path(#[schemars(extend("format" = "path"))] String),
    /// A folder, and what may be done in it.
    Table(RootTable),
}

/// A folder, and what may be done in it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct RootTable {
    /// The folder.
    #[schemars(extend("format" = "path"))]
    path: PathBuf,
    /// Whether files in it may be written, moved and deleted.
    #[serde(default)]
    write: bool,
    /// Whether names that begin with a dot are served, too.
    #[serde(default)]
    hidden: bool,
}

impl<'de> Deserialize<'de> for RootConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = RootConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the path of a folder, or a table with `path`, `write` and `hidden`")
            }

            fn visit_str<E>(self, path: &str) -> Result<RootConfig, E> {
                Ok(RootConfig::read_only(path))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RootConfig, A::Error> {
                let RootTable { path, write, hidden } =
                    RootTable::deserialize(MapAccessDeserializer::new(map))?;
                Ok(RootConfig { path, write, hidden })
            }
        }
        deserializer.deserialize_any(Forms)
    }
}
