//! A list of chores, with Holdall.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use holdall::prelude::*;
use serde::Serialize;

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

#[derive(Default)]
struct Chores(Mutex<Vec<Chore>>);

impl Chores {
    fn lock(&self) -> MutexGuard<'_, Vec<Chore>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[toolset]
impl Chores {
    /// Add a chore to the list.
    #[tool]
    async fn add_chore(
        &self,
        /// What is to be done.
        #[arg(length = 1..=80)]
        title: String,
        /// How urgent it is; 5 is most urgent.
        #[arg(default = 3, range = 1..=5)]
        priority: u8,
    ) -> String {
        let mut chores = self.lock();
        let id = chores.len() as u32 + 1;
        chores.push(Chore {
            id,
            title,
            priority,
            done: false,
        });
        format!("added chore {id} with priority {priority}")
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
    #[tool(timeout = "1s")]
    async fn do_chores(
        &self,
        ctx: Context,
        /// How long each one takes, in milliseconds.
        #[arg(default = 10, range = 0..=60_000)]
        pause_ms: u64,
    ) -> String {
        let total = self.lock().len();
        for index in 0..total {
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            let title = {
                let chore = &mut self.lock()[index];
                chore.done = true;
                chore.title.clone()
            };
            ctx.progress((index + 1) as f64, total as f64, format!("did {title}"))
                .await;
        }
        format!("did {total} chores")
    }

    /// Take a chore off the list's open ones.
    #[tool]
    async fn finish_chore(
        &self,
        /// The chore's number.
        #[arg(range = 1..)]
        id: u32,
    ) -> CallResult<String> {
        let mut chores = self.lock();
        let last = chores.len();
        let Some(chore) = chores.iter_mut().find(|chore| chore.id == id) else {
            return Err(CallError::not_found(format!(
                "there is no chore {id}: the last one is {last}"
            )));
        };
        chore.done = true;
        Ok(format!("finished {}", chore.title))
    }

    /// A chore.
    #[resource("chore://{id}", name = "chore", mime_type = "application/json")]
    async fn chore(&self, id: u32) -> CallResult<Json<Chore>> {
        let found = self.lock().iter().find(|chore| chore.id == id).cloned();
        found
            .map(Json)
            .ok_or_else(|| CallError::not_found(format!("there is no chore {id}")))
    }

    /// Plan a day.
    #[prompt]
    async fn plan_day(
        &self,
        /// Hours there are.
        hours: String,
    ) -> Conversation {
        Conversation::new()
            .user(format!("I have {hours} hours. Plan my chores."))
            .assistant("I start with the most urgent one.")
    }
}

#[tokio::main]
async fn main() -> holdall::Result<()> {
    Server::new("chores")
        .version("1.0.0")
        .add(Chores::default())
        .run()
        .await
}
