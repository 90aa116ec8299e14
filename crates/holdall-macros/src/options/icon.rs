//! Icons: `icons("https://…", icon("https://…", mime_type = "image/svg+xml", sizes("any"), theme = "dark"))`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Ident, LitStr, Path, Token, parenthesized};

use super::item::Item;
use crate::mistakes::instead;
use crate::rules;

const KNOWN: &[&str] = &["mime_type", "sizes", "theme"];

/// One icon.
struct Icon {
    source: LitStr,
    items: Vec<Item>,
}

impl Parse for Icon {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) {
            return Ok(Self {
                source: input.parse()?,
                items: Vec::new(),
            });
        }
        let name: Ident = input.parse()?;
        if name != "icon" {
            return Err(syn::Error::new(name.span(), "write `icon(\"https://…\", …)`"));
        }
        let content;
        parenthesized!(content in input);
        let source = content.parse()?;
        let mut items = Vec::new();
        while !content.is_empty() {
            content.parse::<Token![,]>()?;
            if !content.is_empty() {
                items.push(content.parse()?);
            }
        }
        Ok(Self { source, items })
    }
}

/// The calls that add the icons of `icons(…)`.
pub(super) fn calls(item: &Item, holdall: &Path) -> syn::Result<TokenStream> {
    let Some(list) = &item.list else {
        return item.error("(\"https://…\")");
    };
    let icons = Punctuated::<Icon, Token![,]>::parse_terminated.parse2(list.clone())?;
    let mut calls = TokenStream::new();
    for icon in icons {
        let source = rules::check(&icon.source, rules::icon_source)?;
        let mut made = quote!(#holdall::Icon::new(#source));
        for item in &icon.items {
            made.extend(call(item)?);
        }
        calls.extend(quote!(.icon(#made)));
    }
    Ok(calls)
}

fn call(item: &Item) -> syn::Result<TokenStream> {
    let name = item.name.to_string();
    Ok(match name.as_str() {
        "mime_type" => {
            let text = rules::check(&item.text()?, rules::mime_type)?;
            quote!(.mime_type(#text))
        }
        "sizes" => {
            let sizes = item.texts()?;
            let sizes = sizes.iter().map(|text| rules::check(text, rules::icon_size));
            let sizes = sizes.collect::<syn::Result<Vec<_>>>()?;
            quote!(#(.size(#sizes))*)
        }
        "theme" => match item.text()?.value().as_str() {
            "light" => quote!(.light()),
            "dark" => quote!(.dark()),
            _ => return item.error(" = \"light\"` or `theme = \"dark\""),
        },
        _ => {
            let message = format!(
                "`{name}` is not an option of an icon; {}",
                instead(
                    &name,
                    KNOWN,
                    &[("size", "`sizes(\"48x48\")`"), ("mime", "`mime_type = \"…\"`")]
                )
            );
            return Err(syn::Error::new(item.name.span(), message));
        }
    })
}
