//! What can be told of a type by its name. A name can be anything's, so nothing here is relied on but for better
//! errors and for the few names the documentation gives a meaning: `Option`, `str`, `Context`, `State`.

use quote::ToTokens;
use syn::{GenericArgument, PathArguments, Type, TypeReference};

/// What a type's name says about its values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    Integer,
    Number,
    Text,
    Boolean,
    List,
    Object,
    Unknown,
}

impl Looks {
    pub(super) fn of(ty: &Type) -> Self {
        if let Type::Array(_) | Type::Slice(_) | Type::Tuple(_) = ty {
            return Self::List;
        }
        let Some((name, _)) = last_segment(ty) else {
            return Self::Unknown;
        };
        match name.as_str() {
            "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128"
            | "isize" => Self::Integer,
            "f32" | "f64" => Self::Number,
            "String" | "str" | "char" => Self::Text,
            "bool" => Self::Boolean,
            "Vec" | "VecDeque" | "HashSet" | "BTreeSet" => Self::List,
            "HashMap" | "BTreeMap" => Self::Object,
            _ => Self::Unknown,
        }
    }

    /// For sentences: `limit` is …
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Boolean => "a boolean",
            Self::List => "a list",
            Self::Object => "a map",
            Self::Unknown => "something else",
        }
    }
}

/// The last name of a path type, and its first generic argument.
pub(super) fn last_segment(ty: &Type) -> Option<(String, Option<Type>)> {
    let ty = ungrouped(ty);
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last()?;
    let inner = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => {
            arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty.clone()),
                _ => None,
            })
        }
        _ => None,
    };
    Some((segment.ident.to_string(), inner))
}

/// The type within invisible or superfluous parentheses.
pub(super) fn ungrouped(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            other => return other,
        };
    }
}

/// Whether a word stands anywhere in these tokens.
pub(super) fn mentions(tokens: &impl ToTokens, word: &str) -> bool {
    fn look(tokens: proc_macro2::TokenStream, word: &str) -> bool {
        tokens.into_iter().any(|token| match token {
            proc_macro2::TokenTree::Ident(ident) => ident == word,
            proc_macro2::TokenTree::Group(group) => look(group.stream(), word),
            _ => false,
        })
    }
    look(tokens.to_token_stream(), word)
}

/// A reference inside a type that does not live for ever.
pub(super) fn borrowed(ty: &Type) -> Option<&TypeReference> {
    match ty {
        Type::Reference(reference) => {
            let forever = reference
                .lifetime
                .as_ref()
                .is_some_and(|lifetime| lifetime.ident == "static");
            if forever {
                borrowed(&reference.elem)
            } else {
                Some(reference)
            }
        }
        Type::Group(group) => borrowed(&group.elem),
        Type::Paren(paren) => borrowed(&paren.elem),
        Type::Array(array) => borrowed(&array.elem),
        Type::Slice(slice) => borrowed(&slice.elem),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(borrowed),
        Type::Path(path) => {
            let arguments = path
                .path
                .segments
                .iter()
                .filter_map(|segment| match &segment.arguments {
                    PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
                    _ => None,
                });
            arguments.flatten().find_map(|argument| match argument {
                GenericArgument::Type(ty) => borrowed(ty),
                _ => None,
            })
        }
        _ => None,
    }
}
