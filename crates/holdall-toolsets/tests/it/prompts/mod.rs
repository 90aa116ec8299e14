//! The prompts: those that come with the toolset, and files that come, change and go.

mod built_in;
mod files;
mod live;

use std::fs;
use std::path::PathBuf;

use holdall::Server;
use holdall_testkit::Client;
use holdall_toolsets::prompts::{PromptsConfig, PromptsToolset};
use tempfile::TempDir;

/// A folder of templates.
struct Desk(TempDir);

impl Desk {
    fn new(files: &[(&str, &str)]) -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            desk.put(name, text);
        }
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Puts a file there as editors do: whole, by taking the place of what was there.
    fn put(&self, name: &str, text: &str) {
        let new = self.path(".new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path(name)).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// The toolset over this folder alone.
    fn toolset(&self) -> PromptsToolset {
        toolset(&[self])
    }

    fn server(&self) -> Server {
        Server::new("test").add(self.toolset())
    }
}

/// A toolset without built-in prompts.
fn toolset(desks: &[&Desk]) -> PromptsToolset {
    let config = PromptsConfig {
        folders: desks.iter().map(|desk| desk.0.path().to_owned()).collect(),
        built_in: Vec::new(),
    };
    PromptsToolset::open(&config).unwrap()
}

async fn names(client: &Client) -> Vec<String> {
    let prompts = client.list_prompts().await;
    prompts.into_iter().map(|prompt| prompt.name).collect()
}

async fn problems(client: &Client) -> String {
    client.read("prompts://problems").await.text()
}
