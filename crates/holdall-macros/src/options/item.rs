//! One option and its value.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Ident, Lit, LitStr, Token, parenthesized};

/// One option: `name`, `name = value`, or `name(…)`.
pub(crate) struct Item {
    pub(crate) name: Ident,
    pub(crate) value: Option<Expr>,
    pub(crate) list: Option<TokenStream>,
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?;
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

/// `"key" = value`.
pub(crate) struct Pair {
    pub(crate) key: LitStr,
    pub(crate) value: Expr,
}

impl Parse for Pair {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let key = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(Self {
            key,
            value: input.parse()?,
        })
    }
}

impl Item {
    /// An error that says how the option is written.
    pub(crate) fn error<T>(&self, form: &str) -> syn::Result<T> {
        let span: Span = self.value.as_ref().map_or(self.name.span(), Spanned::span);
        Err(syn::Error::new(span, format!("write `{}{form}`", self.name)))
    }

    pub(crate) fn value(&self) -> syn::Result<&Expr> {
        match &self.value {
            Some(value) => Ok(value),
            None => self.error(" = …"),
        }
    }

    pub(crate) fn text(&self) -> syn::Result<LitStr> {
        match &self.value {
            Some(Expr::Lit(ExprLit {
                lit: Lit::Str(text), ..
            })) => Ok(text.clone()),
            _ => self.error(" = \"…\""),
        }
    }

    /// A number of bytes, as any expression but a text.
    pub(crate) fn bytes(&self) -> syn::Result<&Expr> {
        match self.value() {
            Ok(Expr::Lit(ExprLit { lit, .. })) if !matches!(lit, Lit::Int(_)) => self.error(" = 1_000_000"),
            Ok(value) => Ok(value),
            Err(_) => self.error(" = 1_000_000"),
        }
    }

    pub(crate) fn flag(&self) -> syn::Result<bool> {
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

    pub(crate) fn duration_ms(&self) -> syn::Result<u64> {
        self.duration(1)
    }

    /// A duration that may be zero.
    pub(crate) fn duration_from_zero_ms(&self) -> syn::Result<u64> {
        self.duration(0)
    }

    fn duration(&self, least_ms: u64) -> syn::Result<u64> {
        let Ok(text) = self.text() else {
            return self.error(" = \"30s\"");
        };
        let value = text.value();
        let above = if least_ms > 0 { " above zero" } else { "" };
        let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim();
        let factor = match value.trim_start_matches(|c: char| c.is_ascii_digit()).trim() {
            "ms" => Some(1),
            "s" => Some(1000),
            "m" => Some(60_000),
            "h" => Some(3_600_000),
            _ => None,
        };
        let number = digits.parse::<u64>().ok();
        match number
            .zip(factor)
            .and_then(|(number, factor)| number.checked_mul(factor))
        {
            Some(millis) if millis >= least_ms => Ok(millis),
            _ => Err(syn::Error::new(
                text.span(),
                format!(
                    "`{value}` is not a duration{above}: write a whole number and a unit, `\"500ms\"`, `\"30s\"`, `\"2m\"`, `\"1h\"`"
                ),
            )),
        }
    }

    pub(crate) fn texts(&self) -> syn::Result<Vec<LitStr>> {
        let parser = Punctuated::<LitStr, Token![,]>::parse_terminated;
        match &self.list {
            Some(list) => parser
                .parse2(list.clone())
                .map(|texts| texts.into_iter().collect())
                .or_else(|_| self.error("(\"…\", \"…\")")),
            None => self.error("(\"…\", \"…\")"),
        }
    }

    pub(crate) fn meta(&self) -> syn::Result<Vec<Pair>> {
        let form = "(\"com.example/name\" = value)";
        let parser = Punctuated::<Pair, Token![,]>::parse_terminated;
        match &self.list {
            Some(list) => parser
                .parse2(list.clone())
                .map(|pairs| pairs.into_iter().collect())
                .or_else(|_| self.error(form)),
            None => self.error(form),
        }
    }

    /// `(name = function, …)`.
    pub(crate) fn functions(&self) -> syn::Result<Vec<(Ident, Ident)>> {
        let parser = Punctuated::<Item, Token![,]>::parse_terminated;
        let Some(list) = &self.list else {
            return self.error("(name = function)");
        };
        let items = parser
            .parse2(list.clone())
            .or_else(|_| self.error("(name = function)"))?;
        items
            .into_iter()
            .map(|item| Ok((item.name.clone(), item.function()?)))
            .collect()
    }

    /// The name of a function beside the attribute's.
    pub(crate) fn function(&self) -> syn::Result<Ident> {
        let name = self.value()?.to_token_stream();
        syn::parse2(name).or_else(|_| self.error(" = function"))
    }

    /// The two ends of `a..=b`, `a..` or `..=b`; the second is `true` if the end itself is allowed.
    pub(crate) fn bounds(&self) -> syn::Result<Bounds<'_>> {
        match self.value.as_ref() {
            Some(Expr::Range(range)) => Ok(Bounds {
                start: range.start.as_deref(),
                end: range.end.as_deref(),
                closed: matches!(range.limits, syn::RangeLimits::Closed(_)),
            }),
            _ => self.error(" = 1..=50"),
        }
    }
}

/// The ends of a range.
pub(crate) struct Bounds<'a> {
    pub(crate) start: Option<&'a Expr>,
    pub(crate) end: Option<&'a Expr>,
    /// Whether the end itself is allowed.
    pub(crate) closed: bool,
}

impl Bounds<'_> {
    /// Whether nothing lies between the ends, as far as they are written as numbers.
    pub(crate) fn is_empty(&self) -> bool {
        match (self.start.and_then(number), self.end.and_then(number)) {
            (Some(start), Some(end)) => start > end || (start == end && !self.closed),
            _ => false,
        }
    }
}

/// A number written out.
fn number(value: &Expr) -> Option<f64> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Int(number),
            ..
        }) => number.base10_parse().ok(),
        Expr::Lit(ExprLit {
            lit: Lit::Float(number),
            ..
        }) => number.base10_parse().ok(),
        Expr::Unary(syn::ExprUnary {
            op: syn::UnOp::Neg(_),
            expr,
            ..
        }) => number(expr).map(|number| -number),
        _ => None,
    }
}
