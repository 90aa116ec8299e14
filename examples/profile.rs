//! Dynamic resources: one at a fixed address, and a family of them, read by whatever user is named.
//!
//! Run it with `cargo run -p examples --bin profile`.

use std::collections::BTreeMap;

use holdall::prelude::*;
use serde::Serialize;

#[derive(Clone, Serialize)]
struct Profile {
    name: &'static str,
    language: &'static str,
}

#[derive(Serialize)]
struct Settings {
    theme: &'static str,
    items_per_page: u32,
}

/// Whom the app knows.
struct Users(BTreeMap<u32, Profile>);

/// The settings of the app.
#[resource("config://app-settings")]
fn app_settings() -> Json<Settings> {
    Json(Settings {
        theme: "dark",
        items_per_page: 20,
    })
}

// `None` means that there is no such resource; what is no number is refused before this is called.
/// The profile of a user.
#[resource("user://{user_id}/profile")]
fn profile(users: State<Users>, user_id: u32) -> Option<Json<Profile>> {
    users.0.get(&user_id).cloned().map(Json)
}

pub(crate) fn server() -> Server {
    let ada = Profile {
        name: "Ada",
        language: "en",
    };
    let grace = Profile {
        name: "Grace",
        language: "fr",
    };
    let users = Users(BTreeMap::from([(1, ada), (2, grace)]));
    Server::new("profile")
        .state(users)
        .add(resources![app_settings, profile])
}

#[tokio::main]
async fn main() -> holdall::Result<()> {
    server().run().await
}
