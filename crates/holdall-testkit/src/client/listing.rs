//! What the server offers, all pages of it.

use std::panic::Location;

use holdall::protocol::model::{Prompt, Resource, ResourceTemplate, Tool};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Client;
use crate::reply::Reply;

/// Pages that are read before a list is taken for endless.
const PAGES_MAX: usize = 10_000;

impl Client {
    /// All tools.
    ///
    /// # Panics
    /// If they cannot be listed.
    #[track_caller]
    pub fn list_tools(&self) -> impl Future<Output = Vec<Tool>> + Send + '_ {
        self.list("tools/list", "tools", Location::caller())
    }

    /// All resources.
    ///
    /// # Panics
    /// If they cannot be listed.
    #[track_caller]
    pub fn list_resources(&self) -> impl Future<Output = Vec<Resource>> + Send + '_ {
        self.list("resources/list", "resources", Location::caller())
    }

    /// All templates of resources.
    ///
    /// # Panics
    /// If they cannot be listed.
    #[track_caller]
    pub fn list_templates(&self) -> impl Future<Output = Vec<ResourceTemplate>> + Send + '_ {
        self.list(
            "resources/templates/list",
            "resourceTemplates",
            Location::caller(),
        )
    }

    /// All prompts.
    ///
    /// # Panics
    /// If they cannot be listed.
    #[track_caller]
    pub fn list_prompts(&self) -> impl Future<Output = Vec<Prompt>> + Send + '_ {
        self.list("prompts/list", "prompts", Location::caller())
    }

    /// The names of all tools.
    ///
    /// # Panics
    /// If they cannot be listed.
    #[track_caller]
    pub fn tool_names(&self) -> impl Future<Output = Vec<String>> + Send + '_ {
        let tools = self.list_tools();
        async move {
            tools
                .await
                .into_iter()
                .map(|tool| tool.name.into_owned())
                .collect()
        }
    }

    async fn list<T: DeserializeOwned>(
        &self,
        method: &'static str,
        field: &'static str,
        at: &'static Location<'static>,
    ) -> Vec<T> {
        let mut items = Vec::new();
        let mut params = Value::Null;
        for _ in 0..PAGES_MAX {
            let reply: Reply = self.ask_at(method, params, at).await;
            items.extend(reply.read::<Vec<T>>(&reply.result()[field]));
            match reply.result().get("nextCursor") {
                Some(cursor) if !cursor.is_null() => params = json!({ "cursor": cursor }),
                _ => return items,
            }
        }
        panic!("`{method}`, asked at {at}, has more than {PAGES_MAX} pages: does its cursor move on?");
    }
}
