//! Generation: calls to the public builder of `holdall`.
//!
//! Names of our own have the span of the definition (`mixed_site`), so that they never meet the author's. Types and
//! functions of the standard library are written in full, so that it does not matter what the author calls his.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Ident, ItemFn, LitStr, Path};

use crate::function::{Argument, Function, Role, plain};
use crate::mistakes::{Mistakes, instead};
use crate::options::{Kind, Options, usual_crate};
use crate::{rules, uri};

/// Expands the attribute on a free function.
pub(crate) fn free_function(kind: Kind, options: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let name = kind.name();
    let mut item: ItemFn = syn::parse2(item).map_err(|error| {
        syn::Error::new(
            error.span(),
            format!("#[{name}] goes on a function; for a struct, put #[toolset] on its `impl` block"),
        )
    })?;
    let mut mistakes = Mistakes::default();
    let options = Options::parse(kind, options, &usual_crate(), &mut mistakes);
    let function = Function::parse(kind, &item.attrs, &mut item.sig, &mut mistakes);
    if function.has_receiver {
        mistakes.at(
            &item.sig.ident,
            format!("#[{name}] on a method needs #[toolset] on the `impl` block"),
        );
    }
    let component = component(kind, &options, &function, &mut mistakes);
    mistakes.finish()?;

    let ident = &item.sig.ident;
    let visibility = &item.vis;
    let holdall = &options.holdall;
    let conditions = &function.conditions;
    let (implemented, method, made) = match kind {
        Kind::Tool => (quote!(ToolFunction), quote!(tool), quote!(Tool)),
        Kind::Resource => (quote!(ResourceFunction), quote!(resource), quote!(Resource)),
        Kind::Prompt => (quote!(PromptFunction), quote!(prompt), quote!(Prompt)),
    };
    // A braced struct shares the function's name without taking its place among the values.
    Ok(quote! {
        #item
        #(#conditions)*
        #[doc(hidden)]
        #[allow(non_camel_case_types, missing_docs, dead_code)]
        #visibility struct #ident {}
        #(#conditions)*
        #[automatically_derived]
        #[allow(deprecated)]
        impl #holdall::#implemented for #ident {
            fn #method() -> #holdall::#made {
                #component
            }
        }
    })
}

/// The builder expression of a tool, resource or prompt. Methods find the shared value as `this`.
pub(crate) fn component(
    kind: Kind,
    options: &Options,
    function: &Function,
    mistakes: &mut Mistakes,
) -> TokenStream {
    let holdall = &options.holdall;
    let name = component_name(kind, options, function, mistakes);
    let description = match (&options.description, &function.description) {
        (Some(text), _) => Some(quote!(.description(#text))),
        (None, Some(text)) => Some(quote!(.description(#text))),
        (None, None) => None,
    };
    let calls = &options.builder_calls;
    let states = function
        .parameters
        .iter()
        .filter_map(|parameter| match &parameter.role {
            Role::State { ty, .. } => Some(quote!(.requires::<#ty>())),
            _ => None,
        });
    let arguments = function.arguments().map(|argument| argument.builder(holdall));
    let fields = function
        .flattened()
        .map(|ty| quote!(.arguments(#holdall::Argument::fields_of::<#ty>())));
    let completions = completions(kind, options, function, mistakes);
    let handler = handler(function, holdall);
    match kind {
        Kind::Tool => {
            let looks = function
                .parameters
                .iter()
                .any(|parameter| matches!(parameter.role, Role::Context { .. }));
            if let (Some(word), false) = (&options.confirm, looks) {
                mistakes.at(
                    word,
                    "`confirm` is for functions that ask: take a `Context` and call `ctx.confirm(\"…\")`, or leave it out",
                );
            }
            let without_context = (!looks).then(|| quote!(.without_context()));
            quote! {
                #holdall::Tool::new(#name) #description #(.argument(#arguments))* #fields #without_context
                    #(#states)* #(#calls)* #handler
            }
        }
        Kind::Prompt => quote! {
            #holdall::Prompt::new(#name) #description #(.argument(#arguments))* #fields
                #(#states)* #(#calls)* #completions #handler
        },
        Kind::Resource => {
            let uri = options.uri.as_ref();
            if let Some(uri) = uri {
                check_variables(uri, options, function, mistakes);
            }
            let list = options.list.as_ref().map(|list| list_call(list, function));
            quote! {
                #holdall::Resource::new(#uri).name(#name) #description #(.variable(#arguments))*
                    #(#states)* #(#calls)* #list #completions #handler
            }
        }
    }
}

/// The name in the protocol.
pub(crate) fn component_name(
    kind: Kind,
    options: &Options,
    function: &Function,
    mistakes: &mut Mistakes,
) -> String {
    if let Some(name) = &options.name {
        return name.value();
    }
    let name = function.ident.to_string();
    let name = name.strip_prefix("r#").unwrap_or(&name).to_owned();
    if kind != Kind::Resource
        && let Some(problem) = rules::name(&name)
    {
        mistakes.at(
            &function.ident,
            format!("{problem}; give another with `#[{}(name = \"…\")]`", kind.name()),
        );
    }
    name
}

/// A name of ours that cannot be the author's.
fn ours(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// `.handler(…)` or `.blocking_handler(…)`.
fn handler(function: &Function, holdall: &Path) -> TokenStream {
    let (call, this, reply) = (ours("call"), ours("this"), ours("reply"));
    let takes = takes(function, holdall);
    let passes = passes(function);
    let (ident, output) = (&function.ident, &function.output);
    let receiver = function.has_receiver.then(|| quote!(&#this,));
    let callee = if function.has_receiver {
        quote!(Self::#ident)
    } else {
        quote!(#ident)
    };
    let share = function.has_receiver.then(share);
    // A function without arguments leaves the call untouched.
    let binding = quote!(#[allow(unused_mut, unused_variables)] mut #call: #holdall::Call);
    let result = quote!(#holdall::CallResult<#output>);
    if function.is_async {
        quote! {
            .handler::<_, _, #output, _>({
                #share
                move |#binding| {
                    #share
                    async move {
                        #takes
                        let #reply: #result = ::core::result::Result::Ok(#callee(#receiver #(#passes),*).await);
                        #reply
                    }
                }
            })
        }
    } else {
        quote! {
            .blocking_handler::<_, #output, _>({
                #share
                move |#binding| -> #result {
                    #takes
                    ::core::result::Result::Ok(#callee(#receiver #(#passes),*))
                }
            })
        }
    }
}

/// A handle of its own on the value behind the methods.
fn share() -> TokenStream {
    let this = ours("this");
    quote!(let #this = ::core::clone::Clone::clone(&#this);)
}

/// Takes every argument out of the call before any is missed, so that all that do not fit are named at once.
fn takes(function: &Function, holdall: &Path) -> TokenStream {
    let call = ours("call");
    let mut values = Vec::new();
    let mut taken = Vec::new();
    let mut others = TokenStream::new();
    let mut flattened = None;
    for (index, parameter) in function.parameters.iter().enumerate() {
        let value = binding(index);
        match &parameter.role {
            Role::Argument(argument) => {
                let Argument { name, described, .. } = &**argument;
                values.push(value);
                taken.push(if argument.optional {
                    quote!(#call.optional_argument::<#described>(#name))
                } else {
                    quote!(#call.argument::<#described>(#name))
                });
            }
            Role::Flattened(ty) => flattened = Some((value, quote!(#call.take_all::<#ty>()))),
            Role::Context { .. } => {
                others.extend(quote!(let #value = ::core::clone::Clone::clone(#call.context());));
            }
            Role::State { ty, .. } => others.extend(quote!(let #value = #call.state::<#ty>()?;)),
        }
    }
    // What is left when all others are taken.
    if let Some((value, take)) = flattened {
        values.push(value);
        taken.push(take);
    }
    let arguments = match (&values[..], &taken[..]) {
        ([], _) => TokenStream::new(),
        ([value], [take]) => quote!(let #value = #take?;),
        _ => quote! {
            let (#(#values),*) = match (#(#taken),*) {
                (#(::core::result::Result::Ok(#values)),*) => (#(#values),*),
                (#(#values),*) => return ::core::result::Result::Err(#holdall::Call::refused([#(#values.err()),*])),
            };
        },
    };
    quote!(#others #arguments)
}

fn passes(function: &Function) -> Vec<TokenStream> {
    let parameters = function.parameters.iter().enumerate();
    parameters
        .map(|(index, parameter)| {
            let value = binding(index);
            match &parameter.role {
                Role::Argument(argument) if argument.is_str && argument.optional => quote!(#value.as_deref()),
                Role::Argument(argument) if argument.is_str => quote!(&#value),
                Role::Context { by_reference: true }
                | Role::State {
                    by_reference: true, ..
                } => quote!(&#value),
                _ => quote!(#value),
            }
        })
        .collect()
}

fn binding(index: usize) -> Ident {
    format_ident!("value_{index}", span = Span::mixed_site())
}

fn completions(kind: Kind, options: &Options, function: &Function, mistakes: &mut Mistakes) -> TokenStream {
    let holdall = &options.holdall;
    let known: Vec<&str> = function
        .arguments()
        .map(|argument| argument.name.as_str())
        .collect();
    let typed = ours("typed");
    let mut calls = TokenStream::new();
    for (argument, completer) in &options.complete {
        let name = plain(argument);
        // The fields of a flattened struct are known to the compiler only.
        if !known.contains(&name.as_str()) && function.flattened().is_none() {
            let what = if kind == Kind::Resource {
                "variable of the URI"
            } else {
                "argument"
            };
            let instead = if known.is_empty() {
                "leave it out".into()
            } else {
                instead(&name, &known, &[])
            };
            mistakes.at(argument, format!("`{name}` is no {what}; {instead}"));
        }
        let (share, callee, this) = sibling(completer, function);
        calls.extend(quote! {
            .complete(#name, { #share #holdall::Completer::new(move |#typed, _| #callee(#this #typed)) })
        });
    }
    calls
}

fn list_call(list: &Ident, function: &Function) -> TokenStream {
    let cursor = ours("cursor");
    let (share, callee, this) = sibling(list, function);
    quote!(.list({ #share move |#cursor, _| #callee(#this #cursor) }))
}

/// The function named beside this one: what to share, its path, its receiver.
fn sibling(ident: &Ident, function: &Function) -> (Option<TokenStream>, TokenStream, Option<TokenStream>) {
    if function.has_receiver {
        let this = ours("this");
        (Some(share()), quote!(Self::#ident), Some(quote!(&#this,)))
    } else {
        (None, quote!(#ident), None)
    }
}

/// The variables of the template and the parameters of the function must be the same.
fn check_variables(text: &LitStr, options: &Options, function: &Function, mistakes: &mut Mistakes) {
    let variables = match uri::variables(&text.value()) {
        Ok(variables) => variables,
        Err(problem) => return mistakes.at(text, problem),
    };
    if variables.is_empty()
        && let Some(list) = &options.list
    {
        mistakes.at(
            list,
            "a resource without variables lists itself; leave `list` out",
        );
    }
    for argument in function.arguments() {
        let name = &argument.name;
        match variables.iter().find(|variable| variable.name == *name) {
            None => mistakes.at(
                &argument.ident,
                format!(
                    "`{name}` is no variable of the URI; write `{{{name}}}` into it, or take `State` for what the server owns"
                ),
            ),
            Some(variable) if variable.in_query && !argument.optional && argument.options.default.is_none() => {
                mistakes.at(
                    &argument.ident,
                    format!("`{name}` stands in the query and may be left out; make it an `Option` or give `#[arg(default = …)]`"),
                );
            }
            Some(_) => {}
        }
    }
    for variable in &variables {
        if !function
            .arguments()
            .any(|argument| argument.name == variable.name)
        {
            let ty = if variable.in_query {
                "Option<String>"
            } else {
                "String"
            };
            mistakes.at(
                text,
                format!(
                    "the URI's variable `{0}` has no parameter; add `{0}: {ty}`",
                    variable.name
                ),
            );
        }
    }
}
