//! The arguments of a call: one description of each, from which schema, validation and listing are derived.
//!
//! Tools, prompts and resource templates share it. What a tool calls arguments, a template calls variables;
//! both are named values with a schema. Here: the builder. `check.rs` finds out, when the server is built, whether
//! what was said of an argument makes sense.

mod check;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::protocol::JsonObject;
use crate::schema::{derive, header, walk};

/// The schema of what a person fills in: as serde reads it, and open to fields nobody asked for.
pub(crate) use crate::schema::derive::of_form as schema_of;

/// A type that can be an argument: `Deserialize` and `JsonSchema`, which describe it to serde and to the model.
///
/// ```
/// use holdall::prelude::*;
/// use serde::Deserialize;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Period {
///     /// First day.
///     since: String,
///     /// Last day; today if left out.
///     until: Option<String>,
/// }
///
/// /// Count visits.
/// #[tool]
/// fn visits(period: Period) -> String {
///     format!("{} to {:?}", period.since, period.until)
/// }
/// ```
///
/// `serde` has to be among the dependencies of the crate, with its feature `derive`; `schemars` has not, as long as
/// [`holdall::prelude`](crate::prelude) is in scope where `JsonSchema` is derived.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument",
    label = "not an argument",
    note = "derive `Deserialize` and `JsonSchema` on the type and on the types inside it",
    note = "what does not come from the caller is a `Context` or a `State<T>`, written with these names"
)]
pub trait ArgumentType: serde::de::DeserializeOwned + JsonSchema {}

#[diagnostic::do_not_recommend]
impl<T: serde::de::DeserializeOwned + JsonSchema> ArgumentType for T {}

/// One named argument of a tool or prompt, or one variable of a resource template.
///
/// The attributes make these from function parameters; tools defined at run time make them by hand:
///
/// ```
/// use holdall::Argument;
///
/// let limit = Argument::of::<u32>("limit").description("How many results.").default(10).range(1, 50);
/// assert_eq!(limit.name(), "limit");
/// assert!(!limit.is_required());
/// ```
///
/// What makes no sense (a range on text, a default outside the range) keeps the server from starting:
/// [`Server::build`](crate::Server::build) reports it.
#[derive(Clone, Debug)]
pub struct Argument {
    name: String,
    title: Option<String>,
    schema: JsonObject,
    required: bool,
    mistakes: Vec<String>,
}

impl Argument {
    /// A required argument whose schema is derived from `T`.
    pub fn of<T: ArgumentType>(name: impl Into<String>) -> Self {
        Self::with_schema(name, derive::of_input::<T>())
    }

    /// A required argument with a JSON Schema of your own.
    pub fn with_schema(name: impl Into<String>, schema: JsonObject) -> Self {
        Self {
            name: name.into(),
            title: None,
            schema,
            required: true,
            mistakes: Vec::new(),
        }
    }

    /// One argument for each field of a struct, which is read with [`Call::take_all`](crate::Call::take_all).
    ///
    /// ```
    /// use holdall::prelude::*;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Search {
    ///     /// What to look for.
    ///     query: String,
    ///     /// How many results.
    ///     limit: Option<u32>,
    /// }
    ///
    /// let search = Tool::new("search")
    ///     .arguments(Argument::fields_of::<Search>())
    ///     .handler(async |mut call: Call| Ok(call.take_all::<Search>()?.query));
    /// Server::new("library").add(search).build()?;
    /// # Ok::<(), holdall::Error>(())
    /// ```
    pub fn fields_of<T: ArgumentType>() -> Vec<Self> {
        check::fields(derive::of_input::<T>(), std::any::type_name::<T>())
    }

    /// The name people see, for clients that show the arguments of prompts.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Says what the argument is for. The model reads this.
    pub fn description(self, text: impl Into<String>) -> Self {
        self.with("description", text.into())
    }

    /// May be left out, or be sent as `null`.
    pub fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// The value taken when the argument is left out. It has to fit everything else that is said.
    pub fn default(self, value: impl Serialize) -> Self {
        self.optional().with("default", value)
    }

    /// The smallest and the largest number allowed, both included.
    pub fn range(self, minimum: impl Serialize, maximum: impl Serialize) -> Self {
        self.minimum(minimum).maximum(maximum)
    }

    /// The smallest number allowed.
    pub fn minimum(self, minimum: impl Serialize) -> Self {
        self.bound("minimum", minimum)
    }

    /// The largest number allowed.
    pub fn maximum(self, maximum: impl Serialize) -> Self {
        self.bound("maximum", maximum)
    }

    /// The number every value is below.
    pub fn below(self, limit: impl Serialize) -> Self {
        self.bound("exclusiveMaximum", limit)
    }

    /// The fewest and the most characters (of a text) or items (of a list), both included.
    pub fn length(self, minimum: u64, maximum: u64) -> Self {
        self.minimum_length(minimum).maximum_length(maximum)
    }

    /// The fewest characters of a text or items of a list.
    pub fn minimum_length(self, minimum: u64) -> Self {
        let keyword = if self.may_be("array") {
            "minItems"
        } else {
            "minLength"
        };
        self.only_for(&["string", "array"], keyword)
            .with(keyword, minimum)
    }

    /// The most characters of a text or items of a list.
    pub fn maximum_length(self, maximum: u64) -> Self {
        let keyword = if self.may_be("array") {
            "maxItems"
        } else {
            "maxLength"
        };
        self.only_for(&["string", "array"], keyword)
            .with(keyword, maximum)
    }

    /// No item of the list may come twice.
    pub fn unique(self) -> Self {
        self.only_for(&["array"], "uniqueItems").with("uniqueItems", true)
    }

    /// A regular expression (ECMA 262 as JSON Schema has it) the text must match somewhere; for all of it write
    /// `^…$`. Matching takes linear time, so there is no look-around and no back-reference.
    pub fn pattern(self, pattern: impl Into<String>) -> Self {
        self.only_for(&["string"], "pattern")
            .with("pattern", pattern.into())
    }

    /// The form of the text, checked: `date`, `date-time`, `time`, `duration`, `email`, `hostname`, `ipv4`, `ipv6`,
    /// `uri`, `uri-reference`, `uri-template`, `uuid`, `regex` or `json-pointer`.
    pub fn format(self, format: impl Into<String>) -> Self {
        let format = format.into();
        let mut argument = self.only_for(&["string"], "format");
        if !check::FORMATS.contains(&format.as_str()) {
            argument.mistakes.push(format!(
                "the format `{format}` is not known; known are {}",
                check::FORMATS.join(", ")
            ));
        }
        argument.with("format", format)
    }

    /// The only values allowed.
    pub fn one_of(self, values: impl Serialize) -> Self {
        self.with("enum", values)
    }

    /// Values that show what is meant.
    pub fn examples(self, values: impl Serialize) -> Self {
        self.with("examples", values)
    }

    /// Lets clients repeat the argument in the HTTP header `Mcp-Param-{name}`, by which gateways can route: the
    /// `x-mcp-header` of protocol version 2026-07-28. Texts, integers and booleans of tools only, and nothing
    /// secret: headers are seen on the way. Integers are held within ±(2^53 − 1), as the protocol asks.
    pub fn header(mut self, name: impl Into<String>) -> Self {
        if walk::types(&self.schema) == ["integer"] {
            let safe = header::SAFE_INTEGER_MAX;
            if check::number(&self.schema, "minimum").is_none_or(|least| least < -(safe as f64)) {
                self = self.with("minimum", -safe);
            }
            if check::number(&self.schema, "maximum").is_none_or(|most| most > safe as f64) {
                self = self.with("maximum", safe);
            }
        }
        self.with(header::KEYWORD, name.into())
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a call without it is refused.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// The JSON Schema.
    pub fn schema(&self) -> &JsonObject {
        &self.schema
    }

    pub(crate) fn title_text(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// Everything that is wrong with these arguments, each with its name.
    pub(crate) fn problems_of(arguments: &[Self]) -> Vec<String> {
        check::problems(arguments)
    }

    fn with(mut self, keyword: &str, value: impl Serialize) -> Self {
        // A value that JSON cannot express (a NaN) is kept as null, which the schema check at start-up reports.
        self.schema
            .insert(keyword.into(), serde_json::to_value(value).unwrap_or(Value::Null));
        self
    }

    /// A bound on a number, which may narrow what the type holds but not promise more.
    fn bound(mut self, keyword: &'static str, value: impl Serialize) -> Self {
        let value = json!(serde_json::to_value(value).unwrap_or(Value::Null));
        let promised = value.as_f64();
        for (bound, widens) in [
            ("minimum", f64::lt as fn(&f64, &f64) -> bool),
            ("maximum", f64::gt),
        ] {
            let held = check::number(&self.schema, bound);
            if keyword == bound
                && let (Some(promised), Some(held)) = (promised, held)
                && widens(&promised, &held)
            {
                self.mistakes.push(format!(
                    "the {bound} {value} is beyond {held}, the {bound} of its type; use a wider type or a narrower range"
                ));
            }
        }
        self.only_for(&["integer", "number"], keyword)
            .with(keyword, value)
    }

    fn may_be(&self, named: &str) -> bool {
        walk::types(&self.schema).contains(&named)
    }

    fn only_for(mut self, types: &[&str], keyword: &str) -> Self {
        let own = walk::types(&self.schema);
        if !own.is_empty() && !own.iter().any(|named| types.contains(named)) {
            let mistake = format!(
                "`{keyword}` is for {}, but its type is {}",
                types.join(" and "),
                own.join(" or ")
            );
            self.mistakes.push(mistake);
        }
        self
    }
}
