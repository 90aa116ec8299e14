//! A tool that destroys something asks a person first.
//!
//! Run it with `cargo run -p examples --bin confirm`.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use holdall::prelude::*;

struct Photos(Mutex<BTreeSet<String>>);

impl Photos {
    fn names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// List all photos.
#[tool(read_only)]
fn list_photos(photos: State<Photos>) -> Json<BTreeSet<String>> {
    Json(photos.names().clone())
}

// With `confirm`, a client that has nobody to ask gets a code, and calls again with it once its user has agreed.
/// Delete a photo for good.
#[tool(destructive, confirm)]
async fn delete_photo(ctx: Context, photos: State<Photos>, name: String) -> CallResult<String> {
    if !photos.names().contains(&name) {
        return Err(CallError::not_found(format!("there is no photo `{name}`")).hint("see `list_photos`"));
    }
    if !ctx.confirm(format!("Delete `{name}` for good?")).await? {
        return Ok(format!("`{name}` was kept"));
    }
    photos.names().remove(&name);
    Ok(format!("`{name}` was deleted"))
}

pub(crate) fn server() -> Server {
    let photos = ["cat.jpg", "sea.jpg"].map(String::from).into();
    Server::new("confirm")
        .state(Photos(Mutex::new(photos)))
        .add(tools![list_photos, delete_photo])
}

#[tokio::main]
async fn main() -> holdall::Result<()> {
    server().run().await
}
