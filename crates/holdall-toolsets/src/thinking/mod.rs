//! The `thinking` toolset: a problem thought through in numbered steps.
//!
//! Here: the tool that prompts written for the reference server know, and how many steps each caller has taken. It never
//! keeps what was thought, only how much; it never shows one caller the steps of another; it writes nothing to the log.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | which tool is there, and whose steps are whose |
//! | `histories` | what is remembered of them, and for how long |

mod histories;

use holdall::prelude::*;
use http::request::Parts;
use serde::Serialize;

use histories::{Histories, Owner, Step};

/// The longest thought, in characters.
const THOUGHT_CHARS_MAX: u64 = 50_000;
/// The longest name of a branch, in characters.
const BRANCH_CHARS_MAX: u64 = 100;
/// The largest number of a thought.
const THOUGHTS_MAX: u32 = 10_000;

/// The one tool, `sequentialthinking`.
#[derive(Debug, Default)]
pub struct ThinkingToolset {
    histories: Histories,
}

impl ThinkingToolset {
    /// Nothing has been thought yet.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Where the thinking stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct StandingReply {
    thought_number: u32,
    /// As estimated, and at least the number of the thought.
    total_thoughts: u32,
    next_thought_needed: bool,
    /// Branches there are, in the order they began.
    branches: Vec<String>,
    /// Thoughts so far, revisions and branches included.
    thought_history_length: u64,
}

#[toolset]
impl ThinkingToolset {
    /// Think a hard problem through step by step: plan, question and revise earlier thoughts, branch off, adjust how many
    /// steps it takes. Call it once per thought until an answer has been found and checked; then set nextThoughtNeeded to false.
    #[tool(
        name = "sequentialthinking",
        title = "Sequential thinking",
        read_only,
        destructive = false,
        open_world = false,
        tags("thinking")
    )]
    fn think(
        &self,
        ctx: &Context,
        /// This step.
        #[arg(length = 1..=THOUGHT_CHARS_MAX)]
        thought: &str,
        /// Whether another thought follows.
        #[arg(name = "nextThoughtNeeded")]
        next_thought_needed: bool,
        /// Its number, from 1.
        #[arg(name = "thoughtNumber", range = 1..=THOUGHTS_MAX)]
        thought_number: u32,
        /// How many it will take, as estimated now.
        #[arg(name = "totalThoughts", range = 1..=THOUGHTS_MAX)]
        total_thoughts: u32,
        /// Whether it revises an earlier one.
        #[arg(name = "isRevision")]
        is_revision: Option<bool>,
        /// Number of the thought that is revised.
        #[arg(name = "revisesThought", range = 1..=THOUGHTS_MAX)]
        revises_thought: Option<u32>,
        /// Number of the thought from which it branches off.
        #[arg(name = "branchFromThought", range = 1..=THOUGHTS_MAX)]
        branch_from_thought: Option<u32>,
        /// Name of the branch.
        #[arg(name = "branchId", length = 1..=BRANCH_CHARS_MAX)]
        branch_id: Option<&str>,
        /// Whether it takes more thoughts than it seemed.
        #[arg(name = "needsMoreThoughts")]
        needs_more_thoughts: Option<bool>,
    ) -> CallResult<Json<StandingReply>> {
        // What was thought, and that more thoughts are needed, the model tells itself: it stays in its conversation.
        let _ = (thought, needs_more_thoughts);
        let goes_back =
            is_revision == Some(true) || revises_thought.is_some() || branch_from_thought.is_some();
        let step = Step {
            begins: thought_number == 1 && !goes_back,
            ends: !next_thought_needed,
            branch: branch_from_thought.and(branch_id),
        };
        let standing = self.histories.take(owner(ctx), &step).map_err(|branches| {
            CallError::new(
                ErrorKind::TooLarge,
                format!("there are {branches} branches already"),
            )
            .hint("go on with one of them, or end with nextThoughtNeeded false and begin anew with thought 1")
        })?;
        Ok(Json(StandingReply {
            thought_number,
            total_thoughts: total_thoughts.max(thought_number),
            next_thought_needed,
            branches: standing.branches,
            thought_history_length: standing.thoughts,
        }))
    }
}

/// Whose history a call goes on with; nobody's, if the caller cannot be told from others.
fn owner(ctx: &Context) -> Option<Owner> {
    let principal = ctx.principal();
    let session = match ctx.extension::<Parts>() {
        // One program started the server and speaks to it.
        None => None,
        Some(parts) => {
            let session = session(&parts);
            if session.is_none() && *principal == Principal::anonymous() {
                return None;
            }
            session
        }
    };
    Some(Owner {
        principal: principal.name().to_owned(),
        session,
    })
}

/// The session of a request over HTTP. The transport has made sure that it is the caller's.
fn session(parts: &Parts) -> Option<String> {
    let header = parts
        .headers
        .get("mcp-session-id")
        .and_then(|id| id.to_str().ok());
    let query = parts.uri.query().and_then(|query| {
        let mut fields = query.split('&').filter_map(|field| field.split_once('='));
        fields.find(|(name, _)| *name == "sessionId").map(|(_, id)| id)
    });
    header.or(query).map(str::to_owned)
}
