//! Where the value of a parameter comes from.

use syn::{Attribute, Ident, Pat, Type};

use super::argument::Argument;
use super::documentation;
use super::looks::{borrowed, last_segment, ungrouped};
use crate::mistakes::Mistakes;
use crate::options::{ArgumentOptions, Kind};

/// One parameter.
pub(crate) struct Parameter {
    pub(crate) role: Role,
}

/// Where a parameter's value comes from.
pub(crate) enum Role {
    /// From the caller.
    Argument(Box<Argument>),
    /// From the caller, field by field.
    Flattened(Box<Type>),
    /// The context of the call, by value or by reference.
    Context { by_reference: bool },
    /// A state of the server, by value or by reference.
    State { ty: Box<Type>, by_reference: bool },
}

impl Parameter {
    pub(super) fn parse(
        kind: Kind,
        attributes: &[Attribute],
        pattern: &Pat,
        ty: &Type,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        let ours: Vec<&Attribute> = attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("arg"))
            .collect();
        let mut options = ArgumentOptions::default();
        for attribute in &ours {
            options.extend(attribute, mistakes);
        }
        let (inner, by_reference) = match ungrouped(ty) {
            Type::Reference(reference) => {
                if let Some(token) = &reference.mutability {
                    mistakes.at(token, "a parameter cannot be `&mut`; take it by value");
                    return None;
                }
                (ungrouped(&reference.elem), true)
            }
            ty => (ty, false),
        };
        // Whoever writes `#[arg]` says that the caller fills it, whatever the type is called.
        if ours.is_empty() {
            match last_segment(inner) {
                Some((name, None)) if name == "Context" => {
                    return Some(Self {
                        role: Role::Context { by_reference },
                    });
                }
                Some((name, Some(ty))) if name == "State" => {
                    let ty = Box::new(ty);
                    return Some(Self {
                        role: Role::State { ty, by_reference },
                    });
                }
                _ => {}
            }
        }
        if let Some(word) = &options.flatten {
            return flattened(kind, word, ty, &options, mistakes);
        }
        let ident = named(pattern, mistakes)?;
        let inner = argument_type(inner, by_reference, mistakes)?;
        let argument = Argument::new(
            kind,
            ident,
            inner,
            by_reference,
            documentation(attributes),
            options,
            mistakes,
        );
        Some(Self {
            role: Role::Argument(Box::new(argument)),
        })
    }
}

fn named<'a>(pattern: &'a Pat, mistakes: &mut Mistakes) -> Option<&'a Ident> {
    match pattern {
        Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => Some(&pattern.ident),
        other => {
            mistakes.at(
                other,
                "give the parameter a plain name: it is the argument's name in the protocol; to take a struct apart, write `#[arg(flatten)]`",
            );
            None
        }
    }
}

fn argument_type<'a>(ty: &'a Type, by_reference: bool, mistakes: &mut Mistakes) -> Option<&'a Type> {
    let named = last_segment(ty);
    let is = |wanted: &str| matches!(&named, Some((name, _)) if name == wanted);
    match ty {
        Type::ImplTrait(ty) => {
            mistakes.at(ty, "name the type: the argument's schema is derived from it");
            None
        }
        Type::BareFn(_) | Type::TraitObject(_) | Type::Ptr(_) | Type::Never(_) => {
            mistakes.at(
                ty,
                "no caller can send this; take a type that is `Deserialize + JsonSchema`",
            );
            None
        }
        Type::Infer(_) => {
            mistakes.at(ty, "write the type out: the argument's schema is derived from it");
            None
        }
        _ if by_reference && !is("str") => {
            let instead = match ty {
                Type::Slice(_) => "take a `Vec`",
                _ => "take the argument by value",
            };
            mistakes.at(
                ty,
                format!("{instead}; `&str`, `&Context` and `&State<…>` are the only references"),
            );
            None
        }
        _ => {
            let optional_text = is("Option")
                && matches!(&named, Some((_, Some(Type::Reference(inner)))) if matches!(last_segment(&inner.elem), Some((name, _)) if name == "str"));
            if !by_reference
                && !optional_text
                && let Some(reference) = borrowed(ty)
            {
                mistakes.at(
                    reference,
                    "take the value instead of a reference, such as `Vec<String>`: what the caller sends is yours",
                );
                return None;
            }
            Some(ty)
        }
    }
}

fn flattened(
    kind: Kind,
    word: &Ident,
    ty: &Type,
    options: &ArgumentOptions,
    mistakes: &mut Mistakes,
) -> Option<Parameter> {
    if kind == Kind::Resource {
        mistakes.at(
            word,
            "`flatten` is for tools and prompts; a template has a parameter for each variable",
        );
        return None;
    }
    let others = options.name.is_some() || options.description.is_some() || options.default.is_some();
    if others || !options.builder_calls.is_empty() {
        mistakes.at(
            word,
            "`flatten` stands alone: say the rest on the fields of the struct, with `#[schemars(…)]` and doc comments",
        );
    }
    if let Type::Reference(reference) = ungrouped(ty) {
        mistakes.at(reference, "take the struct by value");
        return None;
    }
    if matches!(last_segment(ty), Some((name, _)) if name == "Option") {
        mistakes.at(
            ty,
            "`flatten` takes a struct, not an `Option`; make its fields optional instead",
        );
        return None;
    }
    Some(Parameter {
        role: Role::Flattened(Box::new(ty.clone())),
    })
}
