//! What `#[arg(…)]` may say.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprArray, Ident, LitStr, Token};

use super::item::{Bounds, Item};
use super::refuse_twice;
use crate::mistakes::{Mistakes, instead};
use crate::rules;

const KNOWN: &[&str] = &[
    "name",
    "title",
    "description",
    "default",
    "range",
    "length",
    "unique",
    "pattern",
    "format",
    "one_of",
    "examples",
    "header",
    "flatten",
];

/// What others call our options.
const SYNONYMS: &[(&str, &str)] = &[
    ("rename", "`name = \"…\"`"),
    ("desc", "`description = \"…\"`, or a doc comment"),
    ("doc", "`description = \"…\"`, or a doc comment"),
    ("help", "`description = \"…\"`, or a doc comment"),
    ("default_value", "`default = …`"),
    ("optional", "the type as `Option<…>`"),
    (
        "required",
        "nothing: whatever is no `Option` and has no default is required",
    ),
    ("min", "`range = 1..`"),
    ("max", "`range = ..=50`"),
    ("minimum", "`range = 1..`"),
    ("maximum", "`range = ..=50`"),
    ("min_length", "`length = 1..`"),
    ("max_length", "`length = ..=100`"),
    ("min_items", "`length = 1..`"),
    ("max_items", "`length = ..=100`"),
    ("items", "`length = 1..=100`"),
    ("unique_items", "`unique`"),
    ("regex", "`pattern = \"…\"`"),
    ("choices", "`one_of = [...]`"),
    ("values", "`one_of = [...]`"),
    ("enum", "`one_of = [...]`, or make the type an `enum`"),
    ("example", "`examples = [...]`"),
];

/// The options of `#[arg(…)]`.
#[derive(Default)]
pub(crate) struct ArgumentOptions {
    pub(crate) name: Option<LitStr>,
    pub(crate) description: Option<LitStr>,
    pub(crate) default: Option<Expr>,
    pub(crate) header: Option<LitStr>,
    /// The word `flatten`, if it is there.
    pub(crate) flatten: Option<Ident>,
    /// Options that fit only some types.
    pub(crate) limits: Vec<Limit>,
    pub(crate) builder_calls: Vec<TokenStream>,
}

/// An option that fits only some types.
pub(crate) struct Limit {
    pub(crate) option: Ident,
    /// The values it lists.
    pub(crate) values: Vec<Expr>,
}

impl ArgumentOptions {
    /// Adds the options of one `#[arg(…)]`.
    pub(crate) fn extend(&mut self, attribute: &syn::Attribute, mistakes: &mut Mistakes) {
        // Without options it says that the parameter is an argument, whatever its type is called.
        if matches!(attribute.meta, syn::Meta::Path(_)) {
            return;
        }
        let parser = Punctuated::<Item, Token![,]>::parse_terminated;
        let Some(items) = mistakes.keep(attribute.parse_args_with(parser)) else {
            return;
        };
        refuse_twice(&items, mistakes);
        for item in items {
            if let Some(call) = mistakes.keep(self.take(&item)) {
                self.builder_calls.extend(call);
            }
        }
    }

    fn take(&mut self, item: &Item) -> syn::Result<Option<TokenStream>> {
        let ident = &item.name;
        let name = ident.to_string();
        match name.as_str() {
            "name" => self.name = Some(item.text()?),
            "description" => self.description = Some(item.text()?),
            "default" => self.default = Some(item.value()?.clone()),
            "flatten" => self.flatten = item.flag()?.then(|| ident.clone()),
            "title" => {
                let text = item.text()?;
                return Ok(Some(quote!(.title(#text))));
            }
            known if KNOWN.contains(&known) => return self.limit(item).map(Some),
            _ => {
                let message = format!(
                    "`{name}` is not an option of #[arg]; {}",
                    instead(&name, KNOWN, SYNONYMS)
                );
                return Err(syn::Error::new(ident.span(), message));
            }
        }
        Ok(None)
    }

    /// An option that fits only some types.
    fn limit(&mut self, item: &Item) -> syn::Result<TokenStream> {
        let ident = &item.name;
        let mut values = Vec::new();
        let call = match ident.to_string().as_str() {
            "header" => {
                let text = rules::check(&item.text()?, rules::header)?;
                self.header = Some(text.clone());
                quote!(.header(#text))
            }
            "unique" if item.flag()? => quote!(.unique()),
            "unique" => TokenStream::new(),
            "pattern" => {
                let text = rules::check(&item.text()?, rules::pattern)?;
                quote!(.pattern(#text))
            }
            "format" => {
                let text = rules::check(&item.text()?, rules::format)?;
                quote!(.format(#text))
            }
            "range" => range(item)?,
            "length" => length(item)?,
            // `one_of` and `examples`.
            _ => {
                let listed = listed(item)?;
                values.extend(listed.elems.iter().cloned());
                quote!(.#ident(#listed))
            }
        };
        self.limits.push(Limit {
            option: ident.clone(),
            values,
        });
        Ok(call)
    }
}

fn listed(item: &Item) -> syn::Result<&ExprArray> {
    match &item.value {
        Some(Expr::Array(values)) if !values.elems.is_empty() => Ok(values),
        _ => item.error(" = [first, second]"),
    }
}

fn range(item: &Item) -> syn::Result<TokenStream> {
    let Bounds { start, end, closed } = filled(item, "1..=50")?;
    let start = start.map(|start| quote!(.minimum(#start)));
    let end = end.map(|end| {
        if closed {
            quote!(.maximum(#end))
        } else {
            quote!(.below(#end))
        }
    });
    Ok(quote!(#start #end))
}

fn length(item: &Item) -> syn::Result<TokenStream> {
    let Bounds { start, end, closed } = filled(item, "1..=100")?;
    if end.is_some() && !closed {
        return item.error(" = 1..=100");
    }
    let start = start.map(|start| quote!(.minimum_length(#start)));
    let end = end.map(|end| quote!(.maximum_length(#end)));
    Ok(quote!(#start #end))
}

/// The bounds of an option, if something lies between them.
fn filled<'a>(item: &'a Item, form: &str) -> syn::Result<Bounds<'a>> {
    let bounds = item.bounds().or_else(|_| item.error(&format!(" = {form}")))?;
    if bounds.start.is_none() && bounds.end.is_none() {
        return item.error(&format!(" = {form}"));
    }
    if bounds.is_empty() {
        let span = syn::spanned::Spanned::span(item.value()?);
        let message = format!(
            "nothing lies in this range; write the smaller number first, as in `{} = {form}`",
            item.name
        );
        return Err(syn::Error::new(span, message));
    }
    Ok(bounds)
}
