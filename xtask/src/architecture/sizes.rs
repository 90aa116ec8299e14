//! How long a file and a function may be. Tests count for neither.

use anyhow::Context as _;
use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, Item, ItemFn, Meta, Signature};

use crate::finding::Finding;
use crate::sources::Source;

/// Lines of a file, without its tests.
const FILE_LINES_MAX: usize = 600;
/// Lines of a function, from `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

const FILE_RULE: &str =
    "a file aims at 300 lines and stops at 600, not counting tests, so that it is about one thing";
const FUNCTION_RULE: &str = "a function stops at 70 lines, so that it is read in one look";

/// Finds what is too long in `source`.
pub(super) fn check(source: &Source) -> anyhow::Result<Vec<Finding>> {
    let file = syn::parse_file(&source.text).with_context(|| format!("{} is not Rust", source.path))?;
    let mut measure = Measure::default();
    measure.visit_file(&file);

    let mut findings = Vec::new();
    let file_lines = source.text.lines().count() - measure.test_lines;
    if file_lines > FILE_LINES_MAX {
        findings.push(Finding {
            place: source.path.clone(),
            problem: format!("{file_lines} lines without tests"),
            rule: FILE_RULE,
            remedy: "find the second thing this file is about and give it a file of its own, named after it"
                .to_owned(),
        });
    }
    let long = measure
        .functions
        .iter()
        .filter(|function| function.lines > FUNCTION_LINES_MAX);
    findings.extend(long.map(|function| Finding {
        place: format!("{}:{}", source.path, function.line),
        problem: format!("the function `{}` has {} lines", function.name, function.lines),
        rule: FUNCTION_RULE,
        remedy:
            "give its steps names: a function for each, or a table in place of a chain of cases".to_owned(),
    }));
    Ok(findings)
}

struct Function {
    name: String,
    /// Line of its `fn`, from 1.
    line: usize,
    lines: usize,
}

/// Counts lines of tests, and of functions outside tests.
#[derive(Default)]
struct Measure {
    test_lines: usize,
    functions: Vec<Function>,
}

impl Measure {
    fn function(&mut self, signature: &Signature, block: &Block) {
        let line = signature.span().start().line;
        let lines = block.span().end().line + 1 - line;
        self.functions.push(Function {
            name: signature.ident.to_string(),
            line,
            lines,
        });
    }
}

impl<'ast> Visit<'ast> for Measure {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_test(item) {
            self.test_lines += lines(item.span());
        } else {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.function(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

fn lines(span: Span) -> usize {
    span.end().line + 1 - span.start().line
}

/// Whether an item is compiled for tests alone: `#[cfg(test)]`, `#[test]`, `#[tokio::test]`.
fn is_test(item: &Item) -> bool {
    let attributes: &[Attribute] = match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    };
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        let is_cfg_test = path.is_ident("cfg")
            && matches!(&attribute.meta, Meta::List(list) if list.tokens.to_string() == "test");
        is_cfg_test
            || path
                .segments
                .last()
                .is_some_and(|segment| segment.ident == "test")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: String) -> Vec<Finding> {
        check(&Source {
            path: "crates/holdall/src/long.rs".into(),
            text,
        })
        .unwrap()
    }

    fn function(head: &str, lines: usize) -> String {
        format!("{head} {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    #[test]
    fn the_longest_function_allowed_passes_and_one_line_more_does_not() {
        assert!(findings(function("fn long()", 70)).is_empty());
        let found = findings(format!("//! Doc.\n\n{}", function("fn long()", 71)));
        assert_eq!(found[0].place, "crates/holdall/src/long.rs:3");
        assert_eq!(found[0].problem, "the function `long` has 71 lines");
    }

    #[test]
    fn methods_defaults_of_traits_and_functions_within_modules_are_measured() {
        let body = function("fn long(&self)", 80);
        for text in [
            format!("impl Thing {{ {body} }}"),
            format!("trait Thing {{ {body} }}"),
            format!("mod inner {{ {} }}", function("pub async fn long()", 80)),
        ] {
            assert_eq!(findings(text).len(), 1);
        }
    }

    #[test]
    fn documentation_and_attributes_are_not_lines_of_a_function() {
        let text = format!(
            "{}#[inline]\n{}",
            "/// Words.\n".repeat(30),
            function("fn documented()", 60)
        );
        assert!(findings(text).is_empty());
    }

    #[test]
    fn a_file_stops_at_its_limit() {
        assert!(findings("// line\n".repeat(600)).is_empty());
        assert_eq!(
            findings("// line\n".repeat(601))[0].problem,
            "601 lines without tests"
        );
    }

    #[test]
    fn tests_are_not_measured() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function("fn helper()", 500));
        assert!(findings(format!("{}{tests}", "// line\n".repeat(590))).is_empty());
        assert!(findings(format!("#[tokio::test]\n{}", function("async fn long()", 90))).is_empty());
        assert_eq!(
            findings(format!("#[cfg(unix)]\n{}", function("fn long()", 90))).len(),
            1
        );
    }
}
