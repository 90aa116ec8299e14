//! `#[toolset]` on an `impl` block: its methods become components sharing one value.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, ImplItem, ImplItemFn, ItemImpl, Meta};

use crate::function::Function;
use crate::generate::component;
use crate::mistakes::Mistakes;
use crate::options::{Kind, Options};

/// Expands the attribute.
pub(crate) fn expand(options: &TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut item: ItemImpl = syn::parse2(item).map_err(|error| {
        syn::Error::new(
            error.span(),
            "#[toolset] goes on an `impl` block: `#[toolset] impl MyTools { … }`",
        )
    })?;
    let mut mistakes = Mistakes::default();
    if !options.is_empty() {
        mistakes.at(options, "#[toolset] has no options");
    }
    if let Some((_, path, _)) = &item.trait_ {
        mistakes.at(
            path,
            "#[toolset] goes on an inherent `impl` block, not on that of a trait",
        );
    }
    let mut components = Vec::new();
    for member in &mut item.items {
        if let ImplItem::Fn(method) = member {
            components.extend(method_component(method, &mut mistakes));
        }
    }
    if components.is_empty() {
        mistakes.at(
            &item.self_ty,
            "there is no `#[tool]`, `#[resource]` or `#[prompt]` in this `impl` block",
        );
    }
    mistakes.finish()?;

    let ty = &item.self_ty;
    let (generics, _, clause) = item.generics.split_for_impl();
    Ok(quote! {
        #item
        #[automatically_derived]
        impl #generics ::holdall::Toolset for #ty #clause {
            fn components(self) -> ::holdall::Components {
                let this = ::std::sync::Arc::new(self);
                ::holdall::Components::new() #(.add(#components))*
            }
        }
    })
}

fn method_component(method: &mut ImplItemFn, mistakes: &mut Mistakes) -> Option<TokenStream> {
    let position = method
        .attrs
        .iter()
        .position(|attribute| kind_of(attribute).is_some())?;
    let attribute = method.attrs.remove(position);
    let kind = kind_of(&attribute)?;
    if let Some(second) = method.attrs.iter().find(|attribute| kind_of(attribute).is_some()) {
        mistakes.at(
            second,
            "a method is one of tool, resource and prompt; write a second method for the other",
        );
    }
    let tokens = match &attribute.meta {
        Meta::Path(_) => TokenStream::new(),
        Meta::List(list) => list.tokens.clone(),
        Meta::NameValue(pair) => {
            mistakes.at(pair, format!("write `#[{}(…)]`", kind.name()));
            return None;
        }
    };
    let options = Options::parse(kind, tokens, mistakes);
    let function = Function::parse(kind, &method.attrs, &mut method.sig, mistakes);
    if !function.has_receiver {
        mistakes.at(
            &method.sig.ident,
            format!(
                "a {} in an `impl` block takes `&self`; move it out of the block otherwise",
                kind.name()
            ),
        );
    }
    Some(component(kind, &options, &function, mistakes))
}

fn kind_of(attribute: &Attribute) -> Option<Kind> {
    let name = &attribute.path().segments.last()?.ident;
    [Kind::Tool, Kind::Resource, Kind::Prompt]
        .into_iter()
        .find(|kind| name == kind.name())
}
