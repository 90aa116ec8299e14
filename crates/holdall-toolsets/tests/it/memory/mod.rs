//! The memory: a knowledge graph, over a file of its own for each test.

mod finding;
mod importing;
mod live;
mod reading;
mod using;

use std::path::PathBuf;

use holdall::Server;
use holdall_testkit::Client;
use holdall_toolsets::memory::{MemoryConfig, MemoryToolset};
use serde_json::{Value, json};
use tempfile::TempDir;

struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("memory.db")
    }

    fn toolset(&self) -> MemoryToolset {
        self.bounded(|_| {})
    }

    fn bounded(&self, change: impl FnOnce(&mut MemoryConfig)) -> MemoryToolset {
        let mut config = MemoryConfig::default();
        change(&mut config);
        MemoryToolset::open(&self.file(), &config).unwrap()
    }

    fn server(&self) -> Server {
        Server::new("test").add(self.toolset())
    }

    async fn client(&self) -> Client {
        Client::connect(self.server()).await
    }

    /// What SQLite says of the file as a whole.
    fn integrity(&self) -> String {
        let connection = rusqlite::Connection::open(self.file()).unwrap();
        for words in ["entities_words", "observations_words"] {
            let check = format!("INSERT INTO {words} ({words}, rank) VALUES ('integrity-check', 1)");
            connection.execute(&check, []).unwrap();
        }
        connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap()
    }
}

fn entity(name: &str, entity_type: &str, observations: &[&str]) -> Value {
    json!({"name": name, "entityType": entity_type, "observations": observations})
}

fn relation(from: &str, relation_type: &str, to: &str) -> Value {
    json!({"from": from, "to": to, "relationType": relation_type})
}

async fn create(client: &Client, entities: &[Value]) -> Value {
    let created = client.call("create_entities", json!({ "entities": entities }));
    created.await.json()
}

async fn relate(client: &Client, relations: &[Value]) -> Value {
    let created = client.call("create_relations", json!({ "relations": relations }));
    created.await.json()
}

async fn graph(client: &Client) -> Value {
    client.call("read_graph", json!({})).await.json()
}

/// The names of the entities in a reply.
fn names(reply: &Value) -> Vec<String> {
    let entities = reply["entities"].as_array().unwrap();
    let names = entities.iter().map(|entity| entity["name"].as_str().unwrap());
    names.map(str::to_owned).collect()
}
