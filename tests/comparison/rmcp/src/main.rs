//! A list of chores, with rmcp alone.

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{
    Implementation, ListResourceTemplatesResult, PaginatedRequestParams, ProgressNotificationParam,
    PromptMessage, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, RequestMetaObject,
    ResourceContents, ResourceTemplate, Role, ServerCapabilities, ServerConfig,
};
use rmcp::schemars::{self, JsonSchema};
use rmcp::service::RequestContext;
use rmcp::{
    ErrorData, Json, Peer, RoleServer, ServerHandler, ServiceExt, prompt, prompt_handler, prompt_router,
    tool, tool_handler, tool_router,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize)]
struct Chore {
    id: u32,
    title: String,
    priority: u8,
    done: bool,
}

#[derive(Serialize, JsonSchema)]
struct Summary {
    /// Chores still to do.
    open: usize,
    /// Chores that are done.
    done: usize,
}

#[derive(Deserialize, JsonSchema)]
struct AddChore {
    /// What is to be done.
    #[schemars(length(min = 1, max = 80))]
    title: String,
    /// How urgent it is; 5 is most urgent.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 5))]
    priority: u8,
}

fn three() -> u8 {
    3
}

#[derive(Deserialize, JsonSchema)]
struct DoChores {
    /// How long each one takes, in milliseconds.
    #[serde(default = "ten")]
    #[schemars(range(min = 0, max = 60_000))]
    pause_ms: u64,
}

fn ten() -> u64 {
    10
}

#[derive(Deserialize, JsonSchema)]
struct FinishChore {
    /// The chore's number.
    #[schemars(range(min = 1))]
    id: u32,
}

#[derive(Deserialize, JsonSchema)]
struct PlanDay {
    /// Hours there are.
    hours: String,
}

#[derive(Clone, Default)]
struct Chores(Arc<Mutex<Vec<Chore>>>);

impl Chores {
    fn lock(&self) -> MutexGuard<'_, Vec<Chore>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tool_router]
impl Chores {
    /// Add a chore to the list.
    #[tool]
    async fn add_chore(
        &self,
        Parameters(AddChore { title, priority }): Parameters<AddChore>,
    ) -> Result<String, String> {
        let length = title.chars().count();
        if !(1..=80).contains(&length) {
            return Err(format!("`title` must have 1 to 80 characters, not {length}"));
        }
        if !(1..=5).contains(&priority) {
            return Err(format!("`priority` must be from 1 to 5, not {priority}"));
        }
        let mut chores = self.lock();
        let id = chores.len() as u32 + 1;
        chores.push(Chore {
            id,
            title,
            priority,
            done: false,
        });
        Ok(format!("added chore {id} with priority {priority}"))
    }

    /// Count the chores.
    #[tool]
    async fn count_chores(&self) -> Json<Summary> {
        let chores = self.lock();
        let done = chores.iter().filter(|chore| chore.done).count();
        Json(Summary {
            open: chores.len() - done,
            done,
        })
    }

    /// Do all chores, one after the other.
    #[tool]
    async fn do_chores(
        &self,
        meta: RequestMetaObject,
        peer: Peer<RoleServer>,
        Parameters(DoChores { pause_ms }): Parameters<DoChores>,
    ) -> Result<String, String> {
        if pause_ms > 60_000 {
            return Err(format!("`pause_ms` must be from 0 to 60000, not {pause_ms}"));
        }
        let work = async {
            let total = self.lock().len();
            for index in 0..total {
                tokio::time::sleep(Duration::from_millis(pause_ms)).await;
                let title = {
                    let chore = &mut self.lock()[index];
                    chore.done = true;
                    chore.title.clone()
                };
                if let Some(token) = meta.get_progress_token() {
                    let progress = ProgressNotificationParam::new(token, (index + 1) as f64)
                        .with_total(total as f64)
                        .with_message(format!("did {title}"));
                    // A client that is gone learns nothing.
                    let _ = peer.notify_progress(progress).await;
                }
            }
            format!("did {total} chores")
        };
        tokio::time::timeout(Duration::from_secs(1), work)
            .await
            .map_err(|_| "`do_chores` took longer than 1 s".to_owned())
    }

    /// Take a chore off the list's open ones.
    #[tool]
    async fn finish_chore(
        &self,
        Parameters(FinishChore { id }): Parameters<FinishChore>,
    ) -> Result<String, String> {
        if id < 1 {
            return Err(format!("`id` must be at least 1, not {id}"));
        }
        let mut chores = self.lock();
        let last = chores.len();
        let Some(chore) = chores.iter_mut().find(|chore| chore.id == id) else {
            return Err(format!("there is no chore {id}: the last one is {last}"));
        };
        chore.done = true;
        Ok(format!("finished {}", chore.title))
    }
}

#[prompt_router]
impl Chores {
    /// Plan a day.
    #[prompt]
    async fn plan_day(&self, Parameters(PlanDay { hours }): Parameters<PlanDay>) -> Vec<PromptMessage> {
        vec![
            PromptMessage::new_text(Role::User, format!("I have {hours} hours. Plan my chores.")),
            PromptMessage::new_text(Role::Assistant, "I start with the most urgent one."),
        ]
    }
}

#[tool_handler]
#[prompt_handler]
impl ServerHandler for Chores {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_prompts()
            .enable_resources()
            .build();
        ServerConfig::new(capabilities).with_server_info(Implementation::new("chores", "1.0.0"))
    }

    async fn list_resource_templates(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let template = ResourceTemplate::new("chore://{id}", "chore")
            .with_description("A chore.")
            .with_mime_type("application/json");
        Ok(ListResourceTemplatesResult::with_all_items(vec![template]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri;
        let Some(id) = uri.strip_prefix("chore://") else {
            return Err(ErrorData::resource_not_found(
                format!("there is no resource {uri}"),
                None,
            ));
        };
        let Ok(id) = id.parse::<u32>() else {
            return Err(ErrorData::invalid_params(
                format!("`id` must be a whole number, not {id:?}"),
                None,
            ));
        };
        let Some(found) = self.lock().iter().find(|chore| chore.id == id).cloned() else {
            return Err(ErrorData::resource_not_found(
                format!("there is no chore {id}"),
                None,
            ));
        };
        let json = serde_json::to_string(&found)
            .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        let contents = ResourceContents::text(json, uri).with_mime_type("application/json");
        Ok(ReadResourceResult::new(vec![contents]).into())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = Chores::default().serve(rmcp::transport::stdio()).await?;
    service.waiting().await?;
    Ok(())
}
