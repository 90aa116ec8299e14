//! `#[toolset]` on an `impl` block: its methods become components sharing one value.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, ImplItem, ImplItemFn, ItemImpl, Meta, Path, Token};

use crate::function::Function;
use crate::generate::{component, component_name};
use crate::mistakes::Mistakes;
use crate::options::{Item, Kind, Options, crate_path, usual_crate};

/// Expands the attribute.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut item: ItemImpl = syn::parse2(item).map_err(|error| {
        syn::Error::new(
            error.span(),
            "#[toolset] goes on an `impl` block: `#[toolset] impl MyTools { … }`",
        )
    })?;
    let mut mistakes = Mistakes::default();
    let Whole { holdall, on_start } = Whole::parse(options, &mut mistakes);
    if let Some((_, path, _)) = &item.trait_ {
        mistakes.at(
            path,
            "#[toolset] goes on an inherent `impl` block, not on that of a trait",
        );
    }
    let mut members = Vec::new();
    for member in &mut item.items {
        if let ImplItem::Fn(method) = member {
            members.extend(Member::parse(method, &holdall, &mut mistakes));
        }
    }
    if members.is_empty() {
        mistakes.at(
            &item.self_ty,
            "there is no `#[tool]`, `#[resource]` or `#[prompt]` in this `impl` block; put one on a method",
        );
    }
    refuse_doubles(&members, &mut mistakes);
    mistakes.finish()?;

    let ty = &item.self_ty;
    let (generics, _, clause) = item.generics.split_for_impl();
    let [this, components] = ["this", "components"].map(|name| Ident::new(name, Span::mixed_site()));
    let additions = members.iter().map(|member| {
        let (conditions, component) = (&member.conditions, &member.component);
        quote!(#(#conditions)* let #components = #components.add(#component);)
    });
    let additions = additions.chain(on_start.iter().map(|method| {
        let server = Ident::new("server", Span::mixed_site());
        quote! {
            let #components = {
                let #this = ::std::sync::Arc::clone(&#this);
                #components.on_start(move |#server| #this.#method(#server))
            };
        }
    }));
    Ok(quote! {
        #item
        #[automatically_derived]
        #[allow(deprecated)]
        impl #generics #holdall::Toolset for #ty #clause {
            fn components(self) -> #holdall::Components {
                #[allow(unused_variables)]
                let #this = ::std::sync::Arc::new(self);
                let #components = #holdall::Components::new();
                #(#additions)*
                #components
            }
        }
    })
}

/// A method that becomes a component.
struct Member {
    kind: Kind,
    /// The name in the protocol, and where it is written.
    name: String,
    place: Ident,
    conditions: Vec<Attribute>,
    component: TokenStream,
}

impl Member {
    fn parse(method: &mut ImplItemFn, holdall: &Path, mistakes: &mut Mistakes) -> Option<Self> {
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
        let options = Options::parse(kind, tokens, holdall, mistakes);
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
        let component = component(kind, &options, &function, mistakes);
        let name = match &options.uri {
            Some(uri) => uri.value(),
            None => component_name(kind, &options, &function, &mut Mistakes::default()),
        };
        Some(Self {
            kind,
            name,
            place: method.sig.ident.clone(),
            conditions: function.conditions,
            component,
        })
    }
}

/// Two methods cannot be one tool. Those under `#[cfg(…)]` may be meant to replace each other.
fn refuse_doubles(members: &[Member], mistakes: &mut Mistakes) {
    for (index, member) in members.iter().enumerate() {
        let earlier = members[..index].iter().find(|earlier| {
            earlier.kind == member.kind && earlier.name == member.name && earlier.conditions.is_empty()
        });
        if earlier.is_some() && member.conditions.is_empty() {
            let what = if member.kind == Kind::Resource {
                "URI"
            } else {
                "name"
            };
            mistakes.at(
                &member.place,
                format!(
                    "another {} has the {what} `{}` already; give this one another",
                    member.kind.name(),
                    member.name
                ),
            );
        }
    }
}

/// The options of the block as a whole.
struct Whole {
    /// Where `holdall` is found.
    holdall: Path,
    /// The method that is called when the server is built.
    on_start: Option<Ident>,
}

impl Whole {
    fn parse(options: TokenStream, mistakes: &mut Mistakes) -> Self {
        let mut whole = Self {
            holdall: usual_crate(),
            on_start: None,
        };
        let items = Punctuated::<Item, Token![,]>::parse_terminated.parse2(options);
        for item in mistakes.keep(items).into_iter().flatten() {
            if item.name == "crate" {
                whole.holdall = mistakes.keep(crate_path(&item)).unwrap_or(whole.holdall);
            } else if item.name == "on_start" {
                whole.on_start = mistakes.keep(item.function());
            } else {
                mistakes.at(
                    &item.name,
                    "#[toolset] has no options but `on_start` and `crate`; write the others on the methods",
                );
            }
        }
        whole
    }
}

fn kind_of(attribute: &Attribute) -> Option<Kind> {
    let name = &attribute.path().segments.last()?.ident;
    [Kind::Tool, Kind::Resource, Kind::Prompt]
        .into_iter()
        .find(|kind| name == kind.name())
}
