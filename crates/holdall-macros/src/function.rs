//! The function under an attribute, as the generator needs it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, FnArg, Ident, Lit, Meta, Pat, ReturnType, Signature, Type};

use crate::mistakes::Mistakes;
use crate::options::{ArgumentOptions, Kind};

/// A function that becomes a tool, resource or prompt.
pub(crate) struct Function {
    pub(crate) ident: Ident,
    pub(crate) description: Option<String>,
    pub(crate) is_async: bool,
    pub(crate) has_receiver: bool,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) output: Type,
}

/// One parameter.
pub(crate) struct Parameter {
    pub(crate) ident: Ident,
    pub(crate) role: Role,
}

/// Where a parameter's value comes from.
pub(crate) enum Role {
    /// From the caller.
    Argument(Box<Argument>),
    /// The context of the call, by value or by reference.
    Context { by_reference: bool },
    /// A state of the server.
    State(Box<Type>),
}

/// A parameter filled by the caller.
pub(crate) struct Argument {
    /// The name in the protocol.
    pub(crate) name: String,
    /// What is taken out of the call: the parameter's type, `String` for `&str`.
    pub(crate) taken: Type,
    /// What the schema describes: `T` for `Option<T>`.
    pub(crate) described: Type,
    pub(crate) optional: bool,
    pub(crate) is_str: bool,
    pub(crate) description: Option<String>,
    pub(crate) options: ArgumentOptions,
}

impl Function {
    /// Reads a signature, removing from it the attributes and doc comments only we understand.
    pub(crate) fn parse(
        kind: Kind,
        attributes: &[Attribute],
        signature: &mut Signature,
        mistakes: &mut Mistakes,
    ) -> Self {
        refuse_unusual(kind, signature, mistakes);
        let mut has_receiver = false;
        let mut parameters = Vec::new();
        for input in &mut signature.inputs {
            match input {
                FnArg::Receiver(receiver) => {
                    has_receiver = true;
                    if receiver.reference.is_none() || receiver.mutability.is_some() {
                        mistakes.at(receiver, "take `&self`: calls run at the same time and share the value; use a `Mutex` or an atomic for what changes");
                    }
                }
                FnArg::Typed(typed) => {
                    let attributes = std::mem::take(&mut typed.attrs);
                    let (ours, others) = attributes.into_iter().partition(|a: &Attribute| is_ours(a));
                    typed.attrs = others;
                    if let Some(parameter) = Parameter::parse(&ours, &typed.pat, &typed.ty, mistakes) {
                        parameters.push(parameter);
                    }
                }
            }
        }
        Self {
            ident: signature.ident.clone(),
            description: documentation(attributes),
            is_async: signature.asyncness.is_some(),
            has_receiver,
            parameters,
            output: output(&signature.output, mistakes),
        }
    }

    /// The parameters the caller fills.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = (&Parameter, &Argument)> {
        self.parameters
            .iter()
            .filter_map(|parameter| match &parameter.role {
                Role::Argument(argument) => Some((parameter, &**argument)),
                _ => None,
            })
    }
}

fn is_ours(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc") || attribute.path().is_ident("arg")
}

fn refuse_unusual(kind: Kind, signature: &Signature, mistakes: &mut Mistakes) {
    let name = kind.name();
    if !signature.generics.params.is_empty() {
        mistakes.at(
            &signature.generics,
            format!("a {name} cannot be generic: its schema must be known; write the types out"),
        );
    }
    if let Some(token) = &signature.unsafety {
        mistakes.at(
            token,
            format!("a {name} cannot be `unsafe`: models call it with anything"),
        );
    }
    if let Some(token) = &signature.constness {
        mistakes.at(token, format!("a {name} cannot be `const`; leave it out"));
    }
    if let Some(token) = &signature.abi {
        mistakes.at(token, format!("a {name} cannot be `extern`; leave it out"));
    }
    if let Some(token) = &signature.variadic {
        mistakes.at(token, format!("a {name} cannot be variadic; take a `Vec`"));
    }
}

fn output(output: &ReturnType, mistakes: &mut Mistakes) -> Type {
    let ReturnType::Type(_, ty) = output else {
        return syn::parse_quote!(());
    };
    match &**ty {
        Type::ImplTrait(ty) => {
            mistakes.at(ty, "name the type: the result's schema is derived from it");
        }
        Type::Reference(reference)
            if reference
                .lifetime
                .as_ref()
                .is_none_or(|lifetime| lifetime.ident != "static") =>
        {
            mistakes.at(
                reference,
                "return an owned value, such as `String`: the reply outlives the call",
            );
        }
        _ => {}
    }
    (**ty).clone()
}

impl Parameter {
    fn parse(attributes: &[Attribute], pattern: &Pat, ty: &Type, mistakes: &mut Mistakes) -> Option<Self> {
        let ident = match pattern {
            Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
                pattern.ident.clone()
            }
            other => {
                mistakes.at(
                    other,
                    "give the parameter a plain name: it is the argument's name in the protocol",
                );
                return None;
            }
        };
        let mut options = ArgumentOptions::default();
        for attribute in attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("arg"))
        {
            options.extend(attribute, mistakes);
        }
        let role = Self::role(&ident, ty, documentation(attributes), options, mistakes)?;
        Some(Self { ident, role })
    }

    fn role(
        ident: &Ident,
        ty: &Type,
        description: Option<String>,
        options: ArgumentOptions,
        mistakes: &mut Mistakes,
    ) -> Option<Role> {
        let (ty, by_reference) = match ty {
            Type::Reference(reference) => {
                if let Some(token) = &reference.mutability {
                    mistakes.at(token, "a parameter cannot be `&mut`; take it by value");
                    return None;
                }
                (&*reference.elem, true)
            }
            ty => (ty, false),
        };
        match last_segment(ty) {
            Some((name, _)) if name == "Context" => return Some(Role::Context { by_reference }),
            Some((name, Some(inner))) if name == "State" && !by_reference => {
                return Some(Role::State(Box::new(inner)));
            }
            _ => {}
        }
        if let Type::ImplTrait(ty) = ty {
            mistakes.at(ty, "name the type: the argument's schema is derived from it");
            return None;
        }
        let is_str = by_reference && matches!(last_segment(ty), Some((name, _)) if name == "str");
        if by_reference && !is_str {
            mistakes.at(
                ty,
                "take the argument by value; `&str` and `&Context` are the only references",
            );
            return None;
        }
        let inner = match last_segment(ty) {
            Some((name, Some(inner))) if name == "Option" => Some(inner),
            _ => None,
        };
        if let (Some(_), Some(default)) = (&inner, &options.default) {
            mistakes.at(
                default,
                "an `Option` is `None` when left out; drop the `Option` or the default",
            );
        }
        let taken: Type = if is_str {
            syn::parse_quote!(::std::string::String)
        } else {
            ty.clone()
        };
        Some(Role::Argument(Box::new(Argument {
            name: options
                .name
                .as_ref()
                .map_or_else(|| plain(ident), syn::LitStr::value),
            described: inner.clone().unwrap_or_else(|| taken.clone()),
            taken,
            optional: inner.is_some(),
            is_str,
            description,
            options,
        })))
    }
}

/// `r#type` is `type` in the protocol.
pub(crate) fn plain(ident: &Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map_or(name.clone(), str::to_owned)
}

/// The last name of a path type, and its first generic argument.
fn last_segment(ty: &Type) -> Option<(String, Option<Type>)> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last()?;
    let inner = match &segment.arguments {
        syn::PathArguments::AngleBracketed(arguments) => {
            arguments.args.iter().find_map(|argument| match argument {
                syn::GenericArgument::Type(ty) => Some(ty.clone()),
                _ => None,
            })
        }
        _ => None,
    };
    Some((segment.ident.to_string(), inner))
}

/// The text of the doc comments, without the space Rust puts before each line.
pub(crate) fn documentation(attributes: &[Attribute]) -> Option<String> {
    let lines = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
        .filter_map(|attribute| {
            let Meta::NameValue(meta) = &attribute.meta else {
                return None;
            };
            let Expr::Lit(ExprLit {
                lit: Lit::Str(text), ..
            }) = &meta.value
            else {
                return None;
            };
            let line = text.value();
            Some(line.strip_prefix(' ').map_or(line.clone(), str::to_owned))
        });
    let text = lines.collect::<Vec<_>>().join("\n");
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

impl Argument {
    /// The builder expression of this argument.
    pub(crate) fn builder(&self) -> TokenStream {
        let Self {
            name,
            described,
            options,
            ..
        } = self;
        let described_span = described.span();
        let of = quote::quote_spanned!(described_span=> ::holdall::Argument::of::<#described>);
        let description = self.description.as_ref().map(|text| quote!(.description(#text)));
        let optional = self.optional.then(|| quote!(.optional()));
        let default = options.default.as_ref().map(|value| self.default(value));
        let calls = &options.builder_calls;
        quote!(#of(#name) #description #optional #default #(#calls)*)
    }

    fn default(&self, value: &Expr) -> TokenStream {
        // A string literal serves `String` parameters as it is; anything else must be of the parameter's type.
        if matches!(value, Expr::Lit(ExprLit { lit: Lit::Str(_), .. })) {
            return quote!(.default(#value));
        }
        let taken = &self.taken;
        quote!(.default({ let value: #taken = #value; value }))
    }
}
