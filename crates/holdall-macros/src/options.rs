//! The options of the attributes, parsed.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Ident, Lit, LitStr, Token, parenthesized};

use crate::mistakes::{Mistakes, did_you_mean};

/// What a function is made into.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Tool,
    Resource,
    Prompt,
}

impl Kind {
    /// The attribute's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Resource => "resource",
            Self::Prompt => "prompt",
        }
    }

    fn known_options(self) -> &'static [&'static str] {
        match self {
            Self::Tool => &[
                "name",
                "title",
                "read_only",
                "destructive",
                "idempotent",
                "open_world",
                "timeout",
                "max_result_bytes",
                "tags",
            ],
            Self::Resource => &[
                "name",
                "title",
                "mime_type",
                "timeout",
                "max_result_bytes",
                "tags",
                "list",
                "complete",
            ],
            Self::Prompt => &["name", "title", "timeout", "tags", "complete"],
        }
    }
}

/// The options of one `#[tool]`, `#[resource]` or `#[prompt]`.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) uri: Option<LitStr>,
    pub(crate) name: Option<LitStr>,
    pub(crate) list: Option<Ident>,
    pub(crate) complete: Vec<(Ident, Ident)>,
    /// Calls to the builder that need no thought: `.title("…")`, `.read_only(true)`, ….
    pub(crate) builder_calls: Vec<TokenStream>,
}

/// One option: `name`, `name = value`, or `name(…)`.
struct Item {
    name: Ident,
    value: Option<Expr>,
    list: Option<TokenStream>,
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        let mut item = Self {
            name,
            value: None,
            list: None,
        };
        if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            item.value = Some(input.parse()?);
        } else if input.peek(syn::token::Paren) {
            let content;
            parenthesized!(content in input);
            item.list = Some(content.parse()?);
        }
        Ok(item)
    }
}

impl Options {
    /// Parses the tokens between the attribute's parentheses.
    pub(crate) fn parse(kind: Kind, tokens: TokenStream, mistakes: &mut Mistakes) -> Self {
        let mut options = Self::default();
        let span = tokens.span();
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
        if kind == Kind::Resource && uri.is_none() {
            mistakes.at_span(
                span,
                "a resource needs its URI first: `#[resource(\"config://app\")]`",
            );
        }
        options.uri = uri;
        let mut seen: Vec<String> = Vec::new();
        for item in items {
            let name = item.name.to_string();
            if seen.contains(&name) {
                mistakes.at(&item.name, format!("`{name}` is given twice"));
            }
            seen.push(name);
            if let Some(result) = mistakes.keep(options.take(kind, &item)) {
                options.builder_calls.extend(result);
            }
        }
        options
    }

    fn take(&mut self, kind: Kind, item: &Item) -> syn::Result<Option<TokenStream>> {
        let name = item.name.to_string();
        if !kind.known_options().contains(&name.as_str()) {
            let suggestion = did_you_mean(&name, kind.known_options());
            let message = format!("`{name}` is not an option of #[{}]; {suggestion}", kind.name());
            return Err(syn::Error::new(item.name.span(), message));
        }
        let ident = &item.name;
        Ok(match name.as_str() {
            "name" => {
                self.name = Some(item.text()?);
                match kind {
                    Kind::Resource => {
                        let text = item.text()?;
                        Some(quote::quote!(.name(#text)))
                    }
                    Kind::Tool | Kind::Prompt => None,
                }
            }
            "title" | "mime_type" => {
                let text = item.text()?;
                Some(quote::quote!(.#ident(#text)))
            }
            "read_only" | "destructive" | "idempotent" | "open_world" => {
                let yes = item.flag()?;
                Some(quote::quote!(.#ident(#yes)))
            }
            "timeout" => {
                let millis = item.duration_ms()?;
                Some(quote::quote!(.timeout(::std::time::Duration::from_millis(#millis))))
            }
            "max_result_bytes" => {
                let bytes = item.value()?;
                Some(quote::quote!(.max_result_bytes(#bytes)))
            }
            "tags" => {
                let tags = item.texts()?;
                Some(quote::quote!(#(.tag(#tags))*))
            }
            "list" => {
                self.list = Some(syn::parse2(item.value()?.to_token_stream())?);
                None
            }
            _ => {
                self.complete = item.pairs()?;
                None
            }
        })
    }
}

impl Item {
    fn error<T>(&self, form: &str) -> syn::Result<T> {
        let span: Span = self.value.as_ref().map_or(self.name.span(), Spanned::span);
        Err(syn::Error::new(span, format!("write `{}{form}`", self.name)))
    }

    fn value(&self) -> syn::Result<&Expr> {
        match &self.value {
            Some(value) => Ok(value),
            None => self.error(" = …"),
        }
    }

    fn text(&self) -> syn::Result<LitStr> {
        match &self.value {
            Some(Expr::Lit(ExprLit {
                lit: Lit::Str(text), ..
            })) => Ok(text.clone()),
            _ => self.error(" = \"…\""),
        }
    }

    fn flag(&self) -> syn::Result<bool> {
        match (&self.value, &self.list) {
            (None, None) => Ok(true),
            (
                Some(Expr::Lit(ExprLit {
                    lit: Lit::Bool(flag), ..
                })),
                None,
            ) => Ok(flag.value),
            _ => {
                let name = &self.name;
                let message = format!("write `{name}` to affirm it or `{name} = false` to deny it");
                Err(syn::Error::new(name.span(), message))
            }
        }
    }

    fn duration_ms(&self) -> syn::Result<u64> {
        let Ok(text) = self.text() else {
            return self.error(" = \"30s\"");
        };
        let value = text.value();
        let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim();
        let factor = match value.trim_start_matches(|c: char| c.is_ascii_digit()).trim() {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            _ => 0,
        };
        match digits
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(factor))
        {
            Some(millis) if millis > 0 => Ok(millis),
            _ => Err(syn::Error::new(
                text.span(),
                format!(
                    "`{value}` is not a duration above zero: write a whole number and a unit, `\"500ms\"`, `\"30s\"`, `\"2m\"`"
                ),
            )),
        }
    }

    fn texts(&self) -> syn::Result<Vec<LitStr>> {
        let parser = Punctuated::<LitStr, Token![,]>::parse_terminated;
        match &self.list {
            Some(list) => parser
                .parse2(list.clone())
                .map(|texts| texts.into_iter().collect())
                .or_else(|_| self.error("(\"…\", \"…\")")),
            None => self.error("(\"…\", \"…\")"),
        }
    }

    fn pairs(&self) -> syn::Result<Vec<(Ident, Ident)>> {
        let parser = Punctuated::<Item, Token![,]>::parse_terminated;
        let Some(list) = &self.list else {
            return self.error("(name = function)");
        };
        let items = parser
            .parse2(list.clone())
            .or_else(|_| self.error("(name = function)"))?;
        items
            .into_iter()
            .map(|item| Ok((item.name.clone(), syn::parse2(item.value()?.to_token_stream())?)))
            .collect()
    }
}

/// The options of `#[arg(…)]`, as calls to the builder of an argument.
#[derive(Default)]
pub(crate) struct ArgumentOptions {
    pub(crate) name: Option<LitStr>,
    pub(crate) default: Option<Expr>,
    pub(crate) builder_calls: Vec<TokenStream>,
}

const KNOWN_ARGUMENT_OPTIONS: &[&str] = &[
    "name", "default", "range", "length", "pattern", "one_of", "examples",
];

impl ArgumentOptions {
    /// Adds the options of one `#[arg(…)]`.
    pub(crate) fn extend(&mut self, attribute: &syn::Attribute, mistakes: &mut Mistakes) {
        let parser = Punctuated::<Item, Token![,]>::parse_terminated;
        let Some(items) = mistakes.keep(attribute.parse_args_with(parser)) else {
            return;
        };
        for item in items {
            if let Some(call) = mistakes.keep(self.take(&item)) {
                self.builder_calls.extend(call);
            }
        }
    }

    fn take(&mut self, item: &Item) -> syn::Result<Option<TokenStream>> {
        let ident = &item.name;
        let name = ident.to_string();
        Ok(match name.as_str() {
            "name" => {
                self.name = Some(item.text()?);
                None
            }
            "default" => {
                self.default = Some(item.value()?.clone());
                None
            }
            "pattern" => {
                let text = item.text()?;
                Some(quote::quote!(.pattern(#text)))
            }
            "one_of" | "examples" => {
                let Expr::Array(values) = item.value()? else {
                    return item.error(" = [first, second]");
                };
                Some(quote::quote!(.#ident(#values)))
            }
            "range" => {
                let (least, most) = item.bounds()?;
                let least = least.map(|least| quote::quote!(.minimum(#least)));
                let most = most.map(|most| quote::quote!(.maximum(#most)));
                Some(quote::quote!(#least #most))
            }
            "length" => {
                let (least, most) = item.bounds()?;
                let least = least.map_or_else(|| quote::quote!(0), |least| quote::quote!(#least));
                let Some(most) = most else {
                    return item.error(" = 1..=100");
                };
                Some(quote::quote!(.length(#least, #most)))
            }
            _ => {
                let suggestion = did_you_mean(&name, KNOWN_ARGUMENT_OPTIONS);
                let message = format!("`{name}` is not an option of #[arg]; {suggestion}");
                return Err(syn::Error::new(ident.span(), message));
            }
        })
    }
}

impl Item {
    /// The two ends of `a..=b`, `a..` or `..=b`.
    fn bounds(&self) -> syn::Result<(Option<&Expr>, Option<&Expr>)> {
        match self.value()? {
            Expr::Range(range)
                if matches!(range.limits, syn::RangeLimits::Closed(_)) || range.end.is_none() =>
            {
                Ok((range.start.as_deref(), range.end.as_deref()))
            }
            _ => self.error(" = 1..=50"),
        }
    }
}
