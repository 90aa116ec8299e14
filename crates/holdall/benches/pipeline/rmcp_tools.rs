//! The tools, with rmcp alone. What rmcp puts into schemas but does not enforce is checked by hand.

use rmcp::ErrorData;
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::{Json, Parameters};
use rmcp::model::{CallToolResult, ContentBlock};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone)]
pub(super) struct Tools {
    tool_router: ToolRouter<Self>,
}

#[derive(Deserialize, JsonSchema)]
struct Greet {
    name: String,
}

/// What comes first.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Order {
    Newest,
    Oldest,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Find {
    /// What to look for.
    #[schemars(length(min = 1, max = 200))]
    query: String,
    /// How many.
    #[schemars(range(min = 1, max = 50))]
    limit: u32,
    /// What comes first.
    order: Order,
    /// First day.
    #[schemars(regex(pattern = r"^\d{4}-\d\d-\d\d$"))]
    since: String,
    /// Tags, all of them.
    tags: Vec<String>,
}

impl Find {
    fn check(&self) -> Result<(), ErrorData> {
        let date = |(index, byte): (usize, u8)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        };
        let right = (1..=200).contains(&self.query.chars().count())
            && (1..=50).contains(&self.limit)
            && self.since.len() == 10
            && self.since.bytes().enumerate().all(date);
        match right {
            true => Ok(()),
            false => Err(ErrorData::invalid_params("an argument is out of bounds", None)),
        }
    }

    fn order(&self) -> &'static str {
        match self.order {
            Order::Newest => "newest",
            Order::Oldest => "oldest",
        }
    }
}

/// What was found.
#[derive(Serialize, JsonSchema)]
struct Tally {
    count: u32,
    order: String,
    tags: Vec<String>,
}

#[rmcp::tool_router]
impl Tools {
    pub(super) fn new() -> Self {
        Self {
            tool_router: Self::tool_router(),
        }
    }

    #[rmcp::tool(description = "Greet a person by name.")]
    async fn greet(&self, Parameters(Greet { name }): Parameters<Greet>) -> String {
        format!("Hello, {name}!")
    }

    #[rmcp::tool(description = "Greet a person by name, on a thread where functions may block.")]
    async fn greet_blocking(
        &self,
        Parameters(Greet { name }): Parameters<Greet>,
    ) -> Result<String, ErrorData> {
        tokio::task::spawn_blocking(move || format!("Hello, {name}!"))
            .await
            .map_err(|error| ErrorData::internal_error(error.to_string(), None))
    }

    #[rmcp::tool(description = "Greet a person by name; everything else waits meanwhile.")]
    fn greet_in_place(&self, Parameters(Greet { name }): Parameters<Greet>) -> String {
        format!("Hello, {name}!")
    }

    #[rmcp::tool(description = "Find notes.")]
    async fn find(&self, Parameters(find): Parameters<Find>) -> Result<String, ErrorData> {
        find.check()?;
        let order = find.order();
        let Find {
            query,
            limit,
            since,
            tags,
            ..
        } = find;
        Ok(format!(
            "{limit} {order} of `{query}` since {since} with {} tags",
            tags.len()
        ))
    }

    #[rmcp::tool(description = "Count notes.")]
    async fn tally(&self, Parameters(find): Parameters<Find>) -> Result<Json<Tally>, ErrorData> {
        find.check()?;
        let count = find.limit + (find.query.len() + find.since.len()) as u32;
        let order = find.order().to_owned();
        let tags = find.tags;
        Ok(Json(Tally { count, order, tags }))
    }

    #[rmcp::tool(description = "Sell what is not there.")]
    async fn refuse(&self, Parameters(Greet { name }): Parameters<Greet>) -> CallToolResult {
        CallToolResult::error(vec![ContentBlock::text(format!("{name} is out of stock"))])
    }
}

#[rmcp::tool_handler(router = self.tool_router)]
impl rmcp::ServerHandler for Tools {}
