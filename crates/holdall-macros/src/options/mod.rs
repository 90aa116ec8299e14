//! The options of the attributes, parsed into calls of the builder.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `item` | what one option and its value look like |
//! | `argument` | what `#[arg(…)]` may say |
//! | `icon` | what an icon may be |

mod argument;
mod icon;
mod item;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Ident, LitStr, Path, Token};

use crate::mistakes::{Mistakes, instead};
use crate::rules;

pub(crate) use argument::ArgumentOptions;
pub(crate) use item::Item;

/// What a function is made into.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Tool,
    Resource,
    Prompt,
}

/// Options every attribute has.
const COMMON: &[&str] = &[
    "name",
    "title",
    "description",
    "icons",
    "version",
    "tags",
    "scopes",
    "timeout",
    "meta",
    "crate",
];

/// What others call our options.
const SYNONYMS: &[(&str, &str)] = &[
    ("desc", "`description = \"…\"`, or a doc comment"),
    ("doc", "`description = \"…\"`, or a doc comment"),
    ("read_only_hint", "`read_only`"),
    ("readonly", "`read_only`"),
    ("destructive_hint", "`destructive`"),
    ("idempotent_hint", "`idempotent`"),
    ("open_world_hint", "`open_world`"),
    (
        "annotations",
        "them one by one: `read_only`, `destructive`, `idempotent`, `open_world`",
    ),
    ("icon", "`icons(\"https://…\")`"),
    ("tag", "`tags(\"…\")`"),
    ("scope", "`scopes(\"…\")`"),
    ("confirmation", "`confirm`"),
    ("confirmable", "`confirm`"),
    ("mime", "`mime_type = \"…\"`"),
    (
        "uri",
        "the URI first, without a name: `#[resource(\"config://app\")]`",
    ),
    ("timeout_ms", "`timeout = \"500ms\"`"),
    ("ttl_ms", "`ttl = \"500ms\"`"),
    ("completions", "`complete(name = function)`"),
    ("task_support", "`task = \"optional\"` or `task = \"required\"`"),
    ("tasks", "`task = \"optional\"` or `task = \"required\"`"),
    ("task_grace", "`task_after = \"500ms\"`"),
];

impl Kind {
    /// The attribute's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Resource => "resource",
            Self::Prompt => "prompt",
        }
    }

    fn known_options(self) -> Vec<&'static str> {
        let own: &[&str] = match self {
            Self::Tool => &[
                "read_only",
                "destructive",
                "idempotent",
                "open_world",
                "confirm",
                "max_result_bytes",
                "task",
                "task_after",
                "task_timeout",
                "task_ttl",
            ],
            Self::Resource => &[
                "mime_type",
                "size",
                "audience",
                "priority",
                "last_modified",
                "ttl",
                "cache",
                "max_result_bytes",
                "list",
                "complete",
            ],
            Self::Prompt => &["complete"],
        };
        [COMMON, own].concat()
    }

    /// What to say of an option that other attributes have.
    fn elsewhere(self, option: &str) -> Option<String> {
        let others: Vec<String> = [Self::Tool, Self::Resource, Self::Prompt]
            .into_iter()
            .filter(|kind| *kind != self && kind.known_options().contains(&option))
            .map(|kind| format!("#[{}]", kind.name()))
            .collect();
        (!others.is_empty()).then(|| format!("it belongs to {}; leave it out", others.join(" and ")))
    }
}

/// The options of one `#[tool]`, `#[resource]` or `#[prompt]`.
pub(crate) struct Options {
    pub(crate) uri: Option<LitStr>,
    pub(crate) name: Option<LitStr>,
    pub(crate) description: Option<LitStr>,
    pub(crate) list: Option<Ident>,
    pub(crate) complete: Vec<(Ident, Ident)>,
    /// The word `confirm`, if it is there.
    pub(crate) confirm: Option<Ident>,
    /// Where `holdall` is found.
    pub(crate) holdall: Path,
    /// Calls to the builder that need no thought: `.title("…")`, `.read_only(true)`, ….
    pub(crate) builder_calls: Vec<TokenStream>,
}

impl Options {
    /// Parses the tokens between the attribute's parentheses.
    pub(crate) fn parse(kind: Kind, tokens: TokenStream, holdall: &Path, mistakes: &mut Mistakes) -> Self {
        let mut options = Self {
            uri: None,
            name: None,
            description: None,
            list: None,
            complete: Vec::new(),
            confirm: None,
            holdall: holdall.clone(),
            builder_calls: Vec::new(),
        };
        let parser = |input: ParseStream<'_>| {
            let uri = if kind == Kind::Resource && input.peek(LitStr) {
                let uri = Some(input.parse::<LitStr>()?);
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
                uri
            } else {
                None
            };
            Ok((uri, Punctuated::<Item, Token![,]>::parse_terminated(input)?))
        };
        let Some((uri, items)) = mistakes.keep(parser.parse2(tokens)) else {
            return options;
        };
        let named_uri = items.iter().any(|item| item.name == "uri");
        if kind == Kind::Resource && uri.is_none() && !named_uri {
            mistakes.at_span(
                Span::call_site(),
                "a resource needs its URI first: `#[resource(\"config://app\")]`",
            );
        }
        options.uri = uri;
        if let Some(item) = items.iter().find(|item| item.name == "crate")
            && let Some(path) = mistakes.keep(crate_path(item))
        {
            options.holdall = path;
        }
        refuse_twice(&items, mistakes);
        refuse_short_lives(&items, mistakes);
        for item in items {
            if let Some(result) = mistakes.keep(options.take(kind, &item)) {
                options.builder_calls.extend(result);
            }
        }
        options
    }

    fn take(&mut self, kind: Kind, item: &Item) -> syn::Result<Option<TokenStream>> {
        let name = item.name.to_string();
        let known = kind.known_options();
        if !known.contains(&name.as_str()) {
            let advice = kind
                .elsewhere(&name)
                .unwrap_or_else(|| instead(&name, &known, SYNONYMS));
            let message = format!("`{name}` is not an option of #[{}]; {advice}", kind.name());
            return Err(syn::Error::new(item.name.span(), message));
        }
        match name.as_str() {
            "crate" => {}
            "name" if kind == Kind::Resource => self.name = Some(item.text()?),
            "name" => self.name = Some(rules::check(&item.text()?, rules::name)?),
            "description" => self.description = Some(item.text()?),
            "list" => self.list = Some(item.function()?),
            "complete" => self.complete = item.functions()?,
            "confirm" => {
                self.confirm = item.flag()?.then(|| item.name.clone());
                return Ok(self.confirm.as_ref().map(|_| quote!(.confirmable())));
            }
            _ => return builder_call(item, &self.holdall).map(Some),
        }
        Ok(None)
    }
}

/// The call of the builder an option becomes.
fn builder_call(item: &Item, holdall: &Path) -> syn::Result<TokenStream> {
    let ident = &item.name;
    Ok(match ident.to_string().as_str() {
        "title" | "version" | "last_modified" => {
            let text = item.text()?;
            quote!(.#ident(#text))
        }
        "mime_type" => {
            let text = rules::check(&item.text()?, rules::mime_type)?;
            quote!(.mime_type(#text))
        }
        "read_only" | "destructive" | "idempotent" | "open_world" => {
            let yes = item.flag()?;
            quote!(.#ident(#yes))
        }
        "timeout" | "ttl" | "task_timeout" | "task_ttl" => {
            let millis = item.duration_ms()?;
            quote!(.#ident(::core::time::Duration::from_millis(#millis)))
        }
        "task_after" => {
            let millis = item.duration_from_zero_ms()?;
            quote!(.task_after(::core::time::Duration::from_millis(#millis)))
        }
        "task" => task(item, holdall)?,
        "max_result_bytes" | "size" => {
            let bytes = item.bytes()?;
            quote!(.#ident(#bytes))
        }
        "priority" => {
            let Some(value) = item.value.as_ref() else {
                return item.error(" = 0.5");
            };
            quote!(.priority(#value))
        }
        "tags" => {
            let tags = item.texts()?;
            quote!(#(.tag(#tags))*)
        }
        "scopes" => {
            let scopes = item.texts()?;
            let scopes = scopes.iter().map(|text| rules::check(text, rules::scope));
            let scopes = scopes.collect::<syn::Result<Vec<_>>>()?;
            quote!(.scopes([#(#scopes),*]))
        }
        "icons" => icon::calls(item, holdall)?,
        "meta" => meta(item)?,
        "audience" => audience(item)?,
        _ => cache(item, holdall)?,
    })
}

/// The path `crate = …` names, as an identifier, a path, or a text as serde has it.
pub(crate) fn crate_path(item: &Item) -> syn::Result<Path> {
    match &item.value {
        Some(syn::Expr::Lit(_)) => item.text()?.parse(),
        Some(value) => syn::parse2(value.to_token_stream()).or_else(|_| item.error(" = my_crate::holdall")),
        None => item.error(" = my_crate::holdall"),
    }
}

/// Where `holdall` is found unless `crate = …` says otherwise.
pub(crate) fn usual_crate() -> Path {
    syn::parse_quote!(::holdall)
}

fn refuse_twice<'a>(items: impl IntoIterator<Item = &'a Item>, mistakes: &mut Mistakes) {
    let mut seen: Vec<String> = Vec::new();
    for item in items {
        let name = item.name.to_string();
        if seen.contains(&name) {
            mistakes.at(&item.name, format!("`{name}` is given twice; leave one out"));
        }
        seen.push(name);
    }
}

fn meta(item: &Item) -> syn::Result<TokenStream> {
    let mut calls = TokenStream::new();
    for pair in item.meta()? {
        let (key, value) = (rules::check(&pair.key, rules::meta_key)?, pair.value);
        calls.extend(quote!(.meta(#key, #value)));
    }
    Ok(calls)
}

fn audience(item: &Item) -> syn::Result<TokenStream> {
    let mut calls = TokenStream::new();
    for role in item.texts()? {
        calls.extend(match role.value().as_str() {
            "user" => quote!(.for_user()),
            "assistant" => quote!(.for_assistant()),
            _ => {
                return Err(syn::Error::new(
                    role.span(),
                    "the audience is `\"user\"`, `\"assistant\"`, or both",
                ));
            }
        });
    }
    Ok(calls)
}

fn task(item: &Item, holdall: &Path) -> syn::Result<TokenStream> {
    let support = item
        .text()
        .or_else(|_| item.error(" = \"optional\"` or `task = \"required\""))?;
    match support.value().as_str() {
        "optional" => Ok(quote!(.task(#holdall::TaskSupport::Optional))),
        "required" => Ok(quote!(.task(#holdall::TaskSupport::Required))),
        "forbidden" => Err(syn::Error::new(
            support.span(),
            "calls become no tasks unless it is said that they may: leave `task` out",
        )),
        _ => Err(syn::Error::new(
            support.span(),
            "a task is `\"optional\"` (for clients that know tasks; others wait for the result) or `\"required\"` (others cannot call the tool)",
        )),
    }
}

/// A task that lives shorter than it may run.
fn refuse_short_lives(items: &Punctuated<Item, Token![,]>, mistakes: &mut Mistakes) {
    let given = |name: &str| {
        let item = items.iter().find(|item| item.name == name)?;
        Some((item, item.duration_ms().ok()?))
    };
    if let (Some((_, timeout_ms)), Some((ttl, ttl_ms))) = (given("task_timeout"), given("task_ttl"))
        && timeout_ms > ttl_ms
    {
        let message = "the tasks may run longer than they live; shorten `task_timeout` or raise `task_ttl`";
        mistakes.at(&ttl.value, message);
    }
}

fn cache(item: &Item, holdall: &Path) -> syn::Result<TokenStream> {
    let scope = item
        .text()
        .or_else(|_| item.error(" = \"private\"` or `cache = \"public\""))?;
    match scope.value().as_str() {
        "private" => Ok(quote!(.cache(#holdall::Cache::Private))),
        "public" => Ok(quote!(.cache(#holdall::Cache::Public))),
        _ => Err(syn::Error::new(
            scope.span(),
            "a cache is `\"private\"` (for who read it) or `\"public\"` (for all)",
        )),
    }
}
