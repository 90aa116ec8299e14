//! Generation: calls to the public builder of `holdall`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, ItemFn, LitStr};

use crate::function::{Function, Parameter, Role, plain};
use crate::mistakes::Mistakes;
use crate::options::{Kind, Options};

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
    let options = Options::parse(kind, options, &mut mistakes);
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
    let (implemented, method, made) = match kind {
        Kind::Tool => (quote!(ToolFunction), quote!(tool), quote!(Tool)),
        Kind::Resource => (quote!(ResourceFunction), quote!(resource), quote!(Resource)),
        Kind::Prompt => (quote!(PromptFunction), quote!(prompt), quote!(Prompt)),
    };
    // A braced struct shares the function's name without taking its place among the values.
    Ok(quote! {
        #item
        #[doc(hidden)]
        #[allow(non_camel_case_types, missing_docs, dead_code)]
        #visibility struct #ident {}
        #[automatically_derived]
        impl ::holdall::#implemented for #ident {
            fn #method() -> ::holdall::#made {
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
    let name = options
        .name
        .as_ref()
        .map_or_else(|| plain(&function.ident), LitStr::value);
    let description = function
        .description
        .as_ref()
        .map(|text| quote!(.description(#text)));
    let calls = &options.builder_calls;
    let states = function
        .parameters
        .iter()
        .filter_map(|parameter| match &parameter.role {
            Role::State(ty) => Some(quote!(.requires::<#ty>())),
            _ => None,
        });
    let arguments = function.arguments().map(|(_, argument)| argument.builder());
    let completions = completions(options, function);
    let handler = handler(kind, function);
    match kind {
        Kind::Tool => {
            let output = &function.output;
            let returns = quote_spanned!(output.span()=> .returns::<#output, _>());
            let looks = |parameter: &Parameter| matches!(parameter.role, Role::Context { .. });
            let without_context =
                (!function.parameters.iter().any(looks)).then(|| quote!(.without_context()));
            quote! {
                ::holdall::Tool::new(#name) #description #(.argument(#arguments))* #returns #without_context
                    #(#states)* #(#calls)* #handler
            }
        }
        Kind::Prompt => quote! {
            ::holdall::Prompt::new(#name) #description #(.argument(#arguments))* #(#states)* #(#calls)* #completions #handler
        },
        Kind::Resource => {
            let uri = options.uri.as_ref();
            if let Some(uri) = uri {
                check_variables(uri, function, mistakes);
            }
            let named = options.name.is_none().then(|| quote!(.name(#name)));
            let list = options.list.as_ref().map(|list| list_call(list, function));
            quote! {
                ::holdall::Resource::new(#uri) #named #description #(.variable(#arguments))* #(#states)* #(#calls)*
                    #list #completions #handler
            }
        }
    }
}

/// `.handler(…)` or `.blocking_handler(…)`.
fn handler(kind: Kind, function: &Function) -> TokenStream {
    let span = function.output.span();
    let (convert, result) = match kind {
        Kind::Tool => (
            quote_spanned!(span=> ::holdall::IntoToolResult::into_tool_result),
            quote!(::holdall::protocol::CallToolResult),
        ),
        Kind::Resource => (
            quote_spanned!(span=> ::holdall::IntoResourceBody::into_resource_body),
            quote!(::holdall::ResourceBody),
        ),
        Kind::Prompt => (
            quote_spanned!(span=> ::holdall::IntoPromptResult::into_prompt_result),
            quote!(::holdall::protocol::GetPromptResult),
        ),
    };
    let result = quote!(::holdall::CallResult<#result>);
    let takes = function.parameters.iter().map(take);
    let passes = function.parameters.iter().map(pass);
    let ident = &function.ident;
    let receiver = function.has_receiver.then(|| quote!(&this,));
    let callee = if function.has_receiver {
        quote!(Self::#ident)
    } else {
        quote!(#ident)
    };
    let share = function.has_receiver.then(share);
    // A function without arguments leaves the call untouched.
    let binding = quote!(#[allow(unused_mut, unused_variables)] mut call: ::holdall::Call);
    if function.is_async {
        quote! {
            .handler({
                #share
                move |#binding| {
                    #share
                    async move {
                        #(#takes)*
                        let reply: #result = #convert(#callee(#receiver #(#passes),*).await);
                        reply
                    }
                }
            })
        }
    } else {
        quote! {
            .blocking_handler({
                #share
                move |#binding| -> #result {
                    #(#takes)*
                    #convert(#callee(#receiver #(#passes),*))
                }
            })
        }
    }
}

/// A handle of its own on the value behind the methods.
fn share() -> TokenStream {
    quote!(let this = ::std::sync::Arc::clone(&this);)
}

fn take(parameter: &Parameter) -> TokenStream {
    let Parameter { ident, role } = parameter;
    match role {
        Role::Argument(argument) => {
            let (name, taken) = (&argument.name, &argument.taken);
            quote!(let #ident: #taken = call.take(#name)?;)
        }
        Role::Context { .. } => quote!(let #ident = ::std::clone::Clone::clone(call.context());),
        Role::State(ty) => quote!(let #ident = call.state::<#ty>()?;),
    }
}

fn pass(parameter: &Parameter) -> TokenStream {
    let ident = &parameter.ident;
    match &parameter.role {
        Role::Argument(argument) if argument.is_str => quote!(&#ident),
        Role::Context { by_reference: true } => quote!(&#ident),
        _ => quote!(#ident),
    }
}

fn completions(options: &Options, function: &Function) -> TokenStream {
    let calls = options.complete.iter().map(|(argument, completer)| {
        let name = plain(argument);
        let (share, callee, this) = sibling(completer, function);
        quote!(.complete(#name, { #share ::holdall::Completer::new(move |typed, _| #callee(#this typed)) }))
    });
    quote!(#(#calls)*)
}

fn list_call(list: &Ident, function: &Function) -> TokenStream {
    let (share, callee, this) = sibling(list, function);
    quote!(.list({ #share move |cursor, _| #callee(#this cursor) }))
}

/// The function named beside this one: what to share, its path, its receiver.
fn sibling(ident: &Ident, function: &Function) -> (Option<TokenStream>, TokenStream, Option<TokenStream>) {
    if function.has_receiver {
        (Some(share()), quote!(Self::#ident), Some(quote!(&this,)))
    } else {
        (None, quote!(#ident), None)
    }
}

/// The variables of the template and the parameters of the function must be the same.
fn check_variables(uri: &LitStr, function: &Function, mistakes: &mut Mistakes) {
    let text = uri.value();
    let mut variables: Vec<(String, bool)> = Vec::new();
    for expression in text.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
        let in_query = expression.starts_with(['?', '&']);
        for name in expression
            .trim_start_matches(['+', '#', '.', '/', '?', '&'])
            .split(',')
        {
            variables.push((name.trim_end_matches('*').to_owned(), in_query));
        }
    }
    for (parameter, argument) in function.arguments() {
        match variables.iter().find(|(name, _)| *name == argument.name) {
            None => mistakes.at(
                &parameter.ident,
                format!("`{}` is no variable of the URI; write `{{{}}}` into it, or take `State` for what the server owns", argument.name, argument.name),
            ),
            Some((_, true)) if !argument.optional && argument.options.default.is_none() => mistakes.at(
                &parameter.ident,
                format!("`{}` stands in the query and may be left out; make it an `Option` or give `#[arg(default = …)]`", argument.name),
            ),
            Some(_) => {}
        }
    }
    for (name, _) in &variables {
        if !function.arguments().any(|(_, argument)| argument.name == *name) {
            mistakes.at(
                uri,
                format!("the URI's variable `{name}` has no parameter; add `{name}: String`"),
            );
        }
    }
}
