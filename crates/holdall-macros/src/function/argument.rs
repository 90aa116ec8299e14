//! What is said of a parameter the caller fills.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Ident, Lit, Path, Type};

use super::looks::{Looks, last_segment};
use super::parameter::{Parameter, Role};
use super::plain;
use crate::mistakes::Mistakes;
use crate::options::{ArgumentOptions, Kind};
use crate::rules;

/// A parameter filled by the caller.
pub(crate) struct Argument {
    /// The name in the protocol.
    pub(crate) name: String,
    /// The parameter's name, where its mistakes are shown.
    pub(crate) ident: Ident,
    /// What the schema describes: the parameter's type, of `Option<T>` the `T`, of `&str` a `String`.
    pub(crate) described: Type,
    pub(crate) optional: bool,
    /// Whether the function takes `&str` where we hold a `String`.
    pub(crate) is_str: bool,
    description: Option<TokenStream>,
    pub(crate) options: ArgumentOptions,
}

impl Argument {
    pub(super) fn new(
        kind: Kind,
        ident: &Ident,
        ty: &Type,
        by_reference: bool,
        documentation: Option<TokenStream>,
        options: ArgumentOptions,
        mistakes: &mut Mistakes,
    ) -> Self {
        let inner = match last_segment(ty) {
            Some((name, Some(inner))) if name == "Option" => Some(inner),
            _ => None,
        };
        let optional = inner.is_some();
        let inner = inner.as_ref().unwrap_or(ty);
        // `&str`, and `Option<&str>`; `by_reference` has been taken off already.
        let (is_str, described) = match inner {
            Type::Reference(_) => (true, syn::parse_quote!(::std::string::String)),
            _ if by_reference => (true, syn::parse_quote!(::std::string::String)),
            other => (false, other.clone()),
        };
        let name = match &options.name {
            Some(text) => text.value(),
            None => plain(ident),
        };
        if kind == Kind::Tool
            && let Some(problem) = rules::argument_name(&name)
        {
            match &options.name {
                Some(text) => mistakes.at(text, problem),
                None => mistakes.at(
                    ident,
                    format!("{problem}; give another with `#[arg(name = \"…\")]`"),
                ),
            }
        }
        let description = match (&options.description, documentation) {
            (Some(text), _) => Some(quote!(#text)),
            (None, documentation) => documentation,
        };
        let argument = Self {
            name,
            ident: ident.clone(),
            described,
            optional,
            is_str,
            description,
            options,
        };
        argument.refuse_nonsense(kind, mistakes);
        argument
    }

    /// The builder expression of this argument.
    pub(crate) fn builder(&self, holdall: &Path) -> TokenStream {
        let Self { name, described, .. } = self;
        let description = self.description.as_ref().map(|text| quote!(.description(#text)));
        let optional = self.optional.then(|| quote!(.optional()));
        let default = self.options.default.as_ref().map(|value| self.default(value));
        let calls = &self.options.builder_calls;
        quote!(#holdall::Argument::of::<#described>(#name) #description #optional #default #(#calls)*)
    }

    fn default(&self, value: &Expr) -> TokenStream {
        let listed = matches!(value, Expr::Array(values) if !values.elems.is_empty());
        let plain = (listed && Looks::of(&self.described) == Looks::List)
            || matches!(
                (Looks::of(&self.described), Shape::of(value)),
                // A text serves whatever is read from one, an integer whatever is a number.
                (_, Some(Shape::Text)) | (Looks::Text, _) | (Looks::Number, Some(Shape::Integer))
            );
        if plain {
            return quote!(.default(#value));
        }
        let described = &self.described;
        quote!(.default({ let value: #described = #value; value }))
    }

    fn refuse_nonsense(&self, kind: Kind, mistakes: &mut Mistakes) {
        let looks = Looks::of(&self.described);
        if let (true, Some(default)) = (self.optional, &self.options.default) {
            mistakes.at(
                default,
                "an `Option` is `None` when left out; drop the `Option` or the default",
            );
        }
        if let Some(default) = &self.options.default {
            self.refuse_value("default", looks, default, mistakes);
        }
        if let Some(header) = self.options.header.as_ref().filter(|_| kind != Kind::Tool) {
            mistakes.at(
                header,
                format!(
                    "only arguments of tools travel in headers, not those of a {}; leave `header` out",
                    kind.name()
                ),
            );
        }
        for limit in &self.options.limits {
            let option = limit.option.to_string();
            if let Some(instead) = misfit(&option, looks) {
                mistakes.at(
                    &limit.option,
                    format!(
                        "`{option}` does not fit `{}`, which is {}; {instead}",
                        self.ident,
                        looks.name()
                    ),
                );
            }
            for value in &limit.values {
                self.refuse_value(&option, looks, value, mistakes);
            }
        }
    }

    fn refuse_value(&self, option: &str, looks: Looks, value: &Expr, mistakes: &mut Mistakes) {
        let Some(shape) = Shape::of(value) else {
            return;
        };
        let fits = match looks {
            Looks::Integer => shape == Shape::Integer,
            Looks::Number => matches!(shape, Shape::Integer | Shape::Float),
            Looks::Text => matches!(shape, Shape::Text | Shape::Character),
            Looks::Boolean => shape == Shape::Boolean,
            Looks::List | Looks::Object => false,
            Looks::Unknown => true,
        };
        if fits {
            return;
        }
        let form = match looks {
            Looks::Integer => "10",
            Looks::Number => "0.5",
            Looks::Text => "\"text\"",
            Looks::Boolean => "true",
            Looks::List => "vec![…]",
            Looks::Object | Looks::Unknown => "Default::default()",
        };
        let form = if option == "default" {
            form.to_owned()
        } else {
            format!("[{form}]")
        };
        mistakes.at(
            value,
            format!(
                "`{}` is {}, and this is {}; write it as in `{option} = {form}`",
                self.ident,
                looks.name(),
                shape.name()
            ),
        );
    }
}

/// What a value written out is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Integer,
    Float,
    Text,
    Character,
    Boolean,
}

impl Shape {
    fn of(value: &Expr) -> Option<Self> {
        match value {
            Expr::Lit(ExprLit { lit, .. }) => match lit {
                Lit::Int(_) => Some(Self::Integer),
                Lit::Float(_) => Some(Self::Float),
                Lit::Str(_) => Some(Self::Text),
                Lit::Char(_) => Some(Self::Character),
                Lit::Bool(_) => Some(Self::Boolean),
                _ => None,
            },
            Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Neg(_)) => Self::of(&unary.expr),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Integer => "an integer",
            Self::Float => "a number with a fraction",
            Self::Text => "a text",
            Self::Character => "a character",
            Self::Boolean => "a boolean",
        }
    }
}

/// What to write instead of an option that does not fit a type.
fn misfit(option: &str, looks: Looks) -> Option<&'static str> {
    match (option, looks) {
        (_, Looks::Unknown) => None,
        ("range", Looks::Text) => Some("write `length = 1..=100` for its characters, or `pattern = \"…\"`"),
        ("range", Looks::List) => Some("write `length = 1..=100` for how many there may be"),
        ("range", Looks::Boolean | Looks::Object) => Some("leave it out: it is for numbers"),
        ("length", Looks::Integer | Looks::Number) => Some("write `range = 1..=100`"),
        ("length", Looks::Boolean | Looks::Object) => Some("leave it out: it is for texts and lists"),
        ("unique", Looks::List) => None,
        ("unique", _) => Some("leave it out: it is for lists"),
        ("pattern" | "format", Looks::Text) => None,
        ("pattern" | "format", Looks::Integer | Looks::Number) => Some("write `range = 1..=100`"),
        ("pattern" | "format", _) => Some("leave it out: it is for texts"),
        ("header", Looks::Number | Looks::List | Looks::Object) => {
            Some("only a text, an integer or a boolean can travel in a header")
        }
        _ => None,
    }
}

/// Two arguments cannot have one name, nor one header.
pub(super) fn refuse_doubles(parameters: &[Parameter], mistakes: &mut Mistakes) {
    let mut names: Vec<&str> = Vec::new();
    let mut headers: Vec<String> = Vec::new();
    let mut flattened = 0;
    for parameter in parameters {
        match &parameter.role {
            Role::Argument(argument) => {
                if names.contains(&argument.name.as_str()) {
                    let span = argument
                        .options
                        .name
                        .as_ref()
                        .map_or(argument.ident.span(), Spanned::span);
                    mistakes.at_span(
                        span,
                        format!(
                            "another argument is called `{}` already; give this one another name",
                            argument.name
                        ),
                    );
                }
                names.push(&argument.name);
                if let Some(header) = &argument.options.header {
                    let name = header.value().to_ascii_lowercase();
                    if headers.contains(&name) {
                        mistakes.at(
                            header,
                            format!(
                                "another argument travels in `{}` already; headers differ in more than case",
                                header.value()
                            ),
                        );
                    }
                    headers.push(name);
                }
            }
            Role::Flattened(ty) => {
                flattened += 1;
                if flattened > 1 {
                    mistakes.at(
                        &**ty,
                        "only one struct can be flattened; put the fields of both into one",
                    );
                }
            }
            _ => {}
        }
    }
}
