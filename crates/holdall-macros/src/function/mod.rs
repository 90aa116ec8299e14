//! The function under an attribute, as the generator needs it.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `parameter` | where the value of a parameter comes from |
//! | `argument` | what is said of a parameter the caller fills |
//! | `looks` | what can be told of a type by its name |

mod argument;
mod looks;
mod parameter;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Expr, ExprLit, FnArg, GenericParam, Ident, Lit, Meta, ReturnType, Signature, Type};

use crate::mistakes::Mistakes;
use crate::options::Kind;

pub(crate) use argument::Argument;
pub(crate) use parameter::{Parameter, Role};

/// A function that becomes a tool, resource or prompt.
pub(crate) struct Function {
    pub(crate) ident: Ident,
    /// The doc comment, as an expression.
    pub(crate) description: Option<TokenStream>,
    pub(crate) is_async: bool,
    pub(crate) has_receiver: bool,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) output: Type,
    /// `#[cfg(…)]` of the function: what is made of it is there when it is.
    pub(crate) conditions: Vec<Attribute>,
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
        let mut parameters: Vec<Parameter> = Vec::new();
        for input in &mut signature.inputs {
            match input {
                FnArg::Receiver(receiver) => {
                    has_receiver = true;
                    let shared = receiver.reference.is_some() && receiver.mutability.is_none();
                    if !shared || receiver.colon_token.is_some() {
                        mistakes.at(receiver, "take `&self`: calls run at the same time and share the value; use a `Mutex` or an atomic for what changes");
                    }
                }
                FnArg::Typed(typed) => {
                    let attributes = std::mem::take(&mut typed.attrs);
                    let (ours, others) = attributes.into_iter().partition(|a: &Attribute| is_ours(a));
                    typed.attrs = others;
                    parameters.extend(Parameter::parse(kind, &ours, &typed.pat, &typed.ty, mistakes));
                }
            }
        }
        argument::refuse_doubles(&parameters, mistakes);
        let conditions = attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("cfg"));
        Self {
            ident: signature.ident.clone(),
            description: documentation(attributes),
            is_async: signature.asyncness.is_some(),
            has_receiver,
            parameters,
            output: output(&signature.output, mistakes),
            conditions: conditions.cloned().collect(),
        }
    }

    /// The parameters the caller fills one by one.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Argument> {
        self.parameters
            .iter()
            .filter_map(|parameter| match &parameter.role {
                Role::Argument(argument) => Some(&**argument),
                _ => None,
            })
    }

    /// The struct the caller fills field by field, if there is one.
    pub(crate) fn flattened(&self) -> Option<&Type> {
        self.parameters
            .iter()
            .find_map(|parameter| match &parameter.role {
                Role::Flattened(ty) => Some(&**ty),
                _ => None,
            })
    }
}

fn is_ours(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc") || attribute.path().is_ident("arg")
}

fn refuse_unusual(kind: Kind, signature: &Signature, mistakes: &mut Mistakes) {
    let name = kind.name();
    for generic in &signature.generics.params {
        let what = match generic {
            GenericParam::Lifetime(_) => {
                "cannot have lifetimes: its arguments live as long as the call; leave the lifetime out, or take the value instead of a reference"
            }
            GenericParam::Type(_) | GenericParam::Const(_) => {
                "cannot be generic: its schema must be known; write the types out"
            }
        };
        mistakes.at(generic, format!("a {name} {what}"));
    }
    if let Some(clause) = &signature.generics.where_clause {
        mistakes.at(
            clause,
            format!("a {name} cannot have a `where` clause; leave it out"),
        );
    }
    if let Some(token) = &signature.unsafety {
        mistakes.at(
            token,
            format!("a {name} cannot be `unsafe`: models call it with anything; leave `unsafe` out"),
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
        Type::ImplTrait(bounds) if looks::mentions(bounds, "Future") => {
            mistakes.at(bounds, "write `async fn` instead of returning a future");
        }
        Type::ImplTrait(bounds) => {
            mistakes.at(bounds, "name the type: the result's schema is derived from it");
        }
        Type::Never(never) => {
            mistakes.at(never, "return something: a reply is owed to every call");
        }
        ty => {
            if let Some(reference) = looks::borrowed(ty) {
                mistakes.at(
                    reference,
                    "return an owned value, such as `String`: the reply outlives the call",
                );
            }
        }
    }
    (**ty).clone()
}

/// `r#type` is `type` in the protocol, and `_unused` is `unused`.
pub(crate) fn plain(ident: &Ident) -> String {
    let name = ident.to_string();
    let name = name.strip_prefix("r#").unwrap_or(&name);
    match name.trim_start_matches('_') {
        "" => name.to_owned(),
        used => used.to_owned(),
    }
}

/// The text of the doc comments, without the space Rust puts before each line.
pub(crate) fn documentation(attributes: &[Attribute]) -> Option<TokenStream> {
    let mut lines: Vec<String> = Vec::new();
    let mut parts: Vec<TokenStream> = Vec::new();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
    {
        let Meta::NameValue(meta) = &attribute.meta else {
            continue;
        };
        if let Expr::Lit(ExprLit {
            lit: Lit::Str(text), ..
        }) = &meta.value
        {
            let line = text.value();
            lines.push(line.strip_prefix(' ').map_or(line.clone(), str::to_owned));
        } else {
            // `#[doc = include_str!("…")]`: only the compiler knows the text.
            let before = lines.drain(..).map(|line| line + "\n").collect::<String>();
            let text = &meta.value;
            parts.push(quote!(#before, #text, "\n"));
        }
    }
    let rest = lines.join("\n");
    if parts.is_empty() {
        let text = rest.trim();
        return (!text.is_empty()).then(|| quote!(#text));
    }
    Some(quote!(::core::concat!(#(#parts,)* #rest)))
}
