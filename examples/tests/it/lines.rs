//! The table of the README tells how many lines each server has, and the same one with FastMCP.

use std::fs;
use std::path::Path;

const BEGIN: &str = "<!-- lines: written by the test `lines` of the examples -->\n";
const END: &str = "<!-- end of lines -->";
const PAIRS: [&str; 6] = [
    "hello",
    "profile",
    "five_tools",
    "site_monitor",
    "task_tracker",
    "remote",
];

/// Lines of code: neither empty nor a comment, and not of the text at the head of a file. What describes a function or
/// a field counts in both languages: clients see it.
fn code_lines(source: &str, python: bool) -> usize {
    let body = match source.strip_prefix("\"\"\"") {
        Some(head) if python => head.split_once("\"\"\"").unwrap().1,
        _ => source,
    };
    let is_code = |line: &str| match python {
        true => !line.starts_with('#'),
        false => !line.starts_with("//") || line.starts_with("///"),
    };
    let lines = body.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && is_code(line)).count()
}

#[test]
fn comments_blanks_and_heads_are_not_counted() {
    let rust = "//! Head.\n\n// Why.\n/// What.\nfn a() {\n\n    // So.\n    b(); // c\n}\n";
    assert_eq!(code_lines(rust, false), 4);
    let python = "\"\"\"Head.\n\nMore.\n\"\"\"\n\n# Why.\ndef a():\n    \"\"\"What.\"\"\"\n    b()  # c\n";
    assert_eq!(code_lines(python, true), 3);
}

/// `UPDATE_EXAMPLE_LINES=1 cargo test -p examples lines` writes the table anew.
#[test]
fn the_table_is_right() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut table = "| server | Holdall | FastMCP |\n| --- | --- | --- |\n".to_owned();
    for name in PAIRS {
        let read = |path: String| fs::read_to_string(folder.join(path)).unwrap();
        let rust = code_lines(&read(format!("{name}.rs")), false);
        let python = code_lines(&read(format!("python/{name}.py")), true);
        table += &format!("| {name} | [{rust}]({name}.rs) | [{python}](python/{name}.py) |\n");
    }
    let page = folder.join("README.md");
    let text = fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if written != table && std::env::var_os("UPDATE_EXAMPLE_LINES").is_some() {
        fs::write(&page, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(
        written, table,
        "run `UPDATE_EXAMPLE_LINES=1 cargo test -p examples lines`"
    );
}

#[test]
fn every_python_original_is_counted() {
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("python")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        if let Some(name) = file.strip_suffix(".py") {
            assert!(PAIRS.contains(&name), "{file} is not in the table");
        }
    }
}
