//! The files: two roots, one to read and one to write.

#![cfg(unix)]

mod changing;
mod hostile;
mod live;
mod reading;
mod resources;

use std::fs;
use std::path::{Path, PathBuf};

use holdall::Server;
use holdall_testkit::Client;
use holdall_toolsets::files::{FilesConfig, FilesToolset, RootConfig};
use tempfile::TempDir;

/// `docs` may be read and `work` be written; `outside` is neither.
pub(crate) struct Ground {
    folder: TempDir,
}

impl Ground {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        };
        let ground = Self {
            folder: folder.unwrap(),
        };
        for folder in ["docs", "work"] {
            fs::create_dir(ground.at(folder)).unwrap();
        }
        ground.put("outside/secret.txt", "canary");
        for (path, text) in files {
            ground.put(path, text);
        }
        ground
    }

    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn put(&self, path: &str, text: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    pub(crate) fn toolset(&self) -> FilesToolset {
        let mut config = FilesConfig::default();
        config
            .roots
            .insert("docs".to_owned(), RootConfig::read_only(self.at("docs")));
        config
            .roots
            .insert("work".to_owned(), RootConfig::writable(self.at("work")));
        FilesToolset::open(&config).unwrap()
    }

    pub(crate) fn server(&self) -> Server {
        Server::new("test").add(self.toolset())
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.server()).await
    }
}
