//! What is generated, looked at as text: it calls what the documentation of `holdall` shows, and nothing in it can
//! panic.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use crate::generate::free_function;
use crate::options::Kind;
use crate::toolset;

/// Everything of `holdall` that generated code names, all of it documented there.
const PUBLIC: &[&str] = &[
    "Argument",
    "Cache",
    "Call",
    "CallResult",
    "Completer",
    "Components",
    "Icon",
    "Prompt",
    "PromptFunction",
    "Resource",
    "ResourceFunction",
    "Tool",
    "TaskSupport",
    "ToolFunction",
    "Toolset",
];

/// What could panic, or go around the type system.
const FORBIDDEN: &[&str] = &[
    "unwrap",
    "expect",
    "unwrap_unchecked",
    "panic",
    "unreachable",
    "todo",
    "assert",
    "unsafe",
    "static",
    "transmute",
];

fn expansions() -> Vec<TokenStream> {
    let options = quote!(
        title = "T",
        icons("https://a/b.png"),
        tags("a"),
        scopes("s"),
        timeout = "1s",
        meta("a.b/c" = 1),
        version = "1"
    );
    let parameters = quote!(
        /// Text.
        #[arg(length = 1..=9, pattern = "a", default = "b")] a: &str,
        #[arg(range = 1..5, one_of = [1, 2], examples = [1])] b: u8,
        c: Option<&str>,
        ctx: &Context,
        state: State<Db>,
        #[arg(flatten)] rest: Rest
    );
    let tool = free_function(
        Kind::Tool,
        quote!(#options, confirm, read_only, max_result_bytes = 9, task = "required", task_after = "0s", task_ttl = "2h"),
        quote!(async fn f(#parameters) -> Result<Json<u8>, Error> { body() }),
    );
    let blocking = free_function(
        Kind::Tool,
        quote!(),
        quote!(
            fn f(#[arg(header = "A")] a: u8) {}
        ),
    );
    let prompt = free_function(
        Kind::Prompt,
        quote!(#options, complete(a = g)),
        quote!(fn f(#parameters) -> String { body() }),
    );
    let resource = free_function(
        Kind::Resource,
        quote!(
            "a://{a}{?b}",
            ttl = "1s",
            cache = "public",
            audience("user"),
            priority = 0.5,
            size = 3,
            list = l,
            complete(a = g)
        ),
        quote!(
            fn f(a: String, b: Option<u8>) -> String {
                body()
            }
        ),
    );
    let toolset = toolset::expand(
        quote!(),
        quote!(impl S {
            /// Doc.
            #[tool]
            async fn f(&self, a: u8, b: u8) {}
            #[cfg(unix)]
            #[resource("a://{a}", list = l, complete(a = g))]
            fn r(&self, a: &str) -> String { body() }
        }),
    );
    [tool, blocking, prompt, resource, toolset]
        .into_iter()
        .map(|expansion| expansion.expect("it is right"))
        .collect()
}

/// The words and signs of the tokens, groups opened.
fn flat(tokens: TokenStream) -> Vec<String> {
    tokens
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Group(group) => flat(group.stream()),
            other => vec![other.to_string()],
        })
        .collect()
}

#[test]
fn generated_code_names_public_items_of_holdall_only() {
    for expansion in expansions() {
        let words = flat(expansion);
        let of_holdall = words
            .windows(4)
            .filter(|window| window[0] == "holdall" && window[1] == ":" && window[2] == ":");
        let mut count = 0;
        for window in of_holdall {
            count += 1;
            assert!(PUBLIC.contains(&window[3].as_str()), "{window:?}");
        }
        assert!(count > 2, "{words:?}");
    }
}

#[test]
fn generated_code_cannot_panic() {
    for expansion in expansions() {
        for word in flat(expansion) {
            assert!(!FORBIDDEN.contains(&word.as_str()), "{word}");
        }
    }
}
