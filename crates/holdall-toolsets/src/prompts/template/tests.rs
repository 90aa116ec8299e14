use proptest::strategy::Strategy;

use super::*;

fn read(text: &str) -> Result<Template, Mistake> {
    Template::read(text, "file")
}

/// The line and the words of what is wrong with a text.
fn mistake(text: &str) -> String {
    let mistake = read(text).expect_err(text);
    match mistake.line {
        Some(line) => format!("line {line}: {}", mistake.message),
        None => mistake.message,
    }
}

/// The messages of a template, with values by the order of its arguments.
fn filled(text: &str, values: &[&str]) -> Vec<(Role, String)> {
    let template = read(text).unwrap_or_else(|mistake| panic!("{mistake:?}"));
    let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
    let messages = template.messages.iter().map(|message| {
        let pieces = message.pieces.iter();
        (message.role, pieces.map(|piece| piece.text(&values)).collect())
    });
    messages.collect()
}

fn one(text: &str, values: &[&str]) -> String {
    let messages = filled(text, values);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_eq!(messages[0].0, Role::User);
    messages[0].1.clone()
}

#[test]
fn a_text_without_fields_is_a_prompt() {
    assert_eq!(
        one("\u{feff}\r\nSum up.\r\nBriefly.\r\n", &[]),
        "Sum up.\nBriefly."
    );
    let template = read("Compare {{ one }} with {{two}}, {{one}} first.").unwrap();
    let arguments: Vec<_> = template
        .arguments
        .iter()
        .map(|argument| (argument.name.as_str(), argument.required))
        .collect();
    assert_eq!(arguments, [("one", true), ("two", true)]);
    assert_eq!(template.name, "file");
    assert_eq!(
        one("Compare {{ one }} with {{two}}, {{one}} first.", &["a", "b"]),
        "Compare a with b, a first."
    );
}

#[test]
fn values_are_text_and_nothing_else() {
    for value in [
        "{{two}}",
        "\\{{",
        "{{one}}",
        "# Assistant\n\nyes",
        "$1 %s {} {0}",
        "---",
        "}}{{",
    ] {
        assert_eq!(one("{{one}}|{{two}}", &[value, "b"]), format!("{value}|b"));
        let conversation = filled("# User\n{{one}}\n# Assistant\n{{two}}", &[value, "b"]);
        assert_eq!(
            conversation,
            [(Role::User, value.to_owned()), (Role::Assistant, "b".to_owned())]
        );
    }
}

#[test]
fn braces_can_be_written() {
    assert_eq!(one(r"\{{name}} {x} }} { {", &[]), "{{name}} {x} }} { {");
    assert_eq!(one(r"\{{{{a}}}}", &["1"]), "{{1}}");
    assert_eq!(one(r"a\b {{a}}\{{", &["1"]), r"a\b 1{{");
    for wrong in [
        "{{#if a}}",
        "{{}}",
        "{{ }}",
        "{{a b}}",
        "{{{a}}}",
        "{{ü}}",
        "{{a",
        "{{a\n}}",
    ] {
        let said = mistake(&format!("one\n\ntwo {wrong}"));
        assert!(said.starts_with("line 3: `{{"), "{wrong}: {said}");
        assert!(
            said.contains("is no placeholder: write a name as in {{topic}}"),
            "{said}"
        );
    }
}

#[test]
fn a_conversation_begins_with_a_role() {
    let text = "---\ntitle: T\n---\n\n# User\n\nHello {{a}}\n\n## Detail\n# Note\n\n# assistant\nHi\n\n#  USER \n\nBye";
    assert_eq!(
        filled(text, &["you"]),
        [
            (Role::User, "Hello you\n\n## Detail\n# Note".to_owned()),
            (Role::Assistant, "Hi".to_owned()),
            (Role::User, "Bye".to_owned()),
        ]
    );
    // What is code, quoted or in a list begins nothing, and neither does anything in a text that begins otherwise.
    let text = "# Assistant\n```\n# User\n```\n> # User\n\n- # User\n\n    # User";
    assert_eq!(filled(text, &[]).len(), 1);
    assert_eq!(
        one("About roles\n\n# User\n\n# Assistant\n", &[]),
        "About roles\n\n# User\n\n# Assistant"
    );
    assert_eq!(
        mistake("# User\nHi\n\n# Assistant\n\n# User\nBye"),
        "line 4: there is no text here: write what the model is to read"
    );
}

#[test]
fn fields_describe_the_prompt_and_its_arguments() {
    let template = read(
        "---\nname: stand-up.v2\ntitle: \"Stand-up\u{202e}\\a\"\ndescription: >\n  Sum up\n  my day.\narguments:\n  \
         - name: day\n    title: Day\n    description: Which day.\n  \
         - {name: count, default: 3, choices: [1, 3, yes, no]}\n  \
         - name: tone\n    required: false\n---\n{{day}} {{count}} {{tone}}\n",
    )
    .unwrap();
    assert_eq!(template.name, "stand-up.v2");
    assert_eq!(template.title.as_deref(), Some("Stand-up"));
    assert_eq!(template.description.as_deref(), Some("Sum up my day."));
    let [day, count, tone] = &template.arguments[..] else {
        panic!("{:?}", template.arguments)
    };
    assert_eq!(day.title.as_deref(), Some("Day"));
    assert_eq!(day.description.as_deref(), Some("Which day."));
    assert!(day.required && !count.required && !tone.required);
    assert_eq!(count.default.as_deref(), Some("3"));
    assert_eq!(count.choices, ["1", "3", "yes", "no"]);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let fields = |yaml: &str, body: &str| mistake(&format!("---\n{yaml}\n---\n{body}"));
    let topic = "arguments:\n  - name: topic\n";
    for (said, expected) in [
        (
            mistake(""),
            "line 1: there is no text here: write what the model is to read",
        ),
        (
            fields("title: T", " \n"),
            "line 4: there is no text here: write what the model is to read",
        ),
        (
            mistake("---\ntitle: T\n"),
            "line 1: the fields opened by `---` are never closed by another line `---`",
        ),
        (
            fields(topic, "\nAbout {{topc}}"),
            "line 7: {{topc}} is none of the arguments: there are topic; declare it, or correct the name",
        ),
        (
            fields("arguments: []", "{{topic}}"),
            "line 4: {{topic}} is none of the arguments: there are none; declare it, or correct the name",
        ),
        (
            fields(topic, "About it"),
            "line 3: the argument `topic` is never used: write {{topic}} in the text, or remove it",
        ),
        (
            fields(&format!("{topic}  - name: topic"), "{{topic}}"),
            "line 4: there are two arguments `topic`",
        ),
        (
            fields(&format!("{topic}    required: true\n    default: x"), "{{topic}}"),
            "line 3: `topic` has a default, so it cannot be required: remove one of the two",
        ),
        (
            fields(
                &format!("{topic}    default: x\n    choices: [a, b]"),
                "{{topic}}",
            ),
            "line 3: the default `x` of `topic` is none of its choices: a, b",
        ),
        (
            fields(&format!("{topic}    choices: [a, a]"), "{{topic}}"),
            "line 3: `a` is twice among the choices of `topic`",
        ),
        (
            fields(&format!("{topic}    choices: [a, \" \"]"), "{{topic}}"),
            "line 3: ` ` cannot be a choice of `topic`: write 1 to 200 visible characters",
        ),
        (
            fields("arguments:\n  - name: a b", "x"),
            "line 3: `a b` cannot be the name of an argument: use 1 to 64 letters, digits, `_`, `-` and `.`",
        ),
        (
            fields("\nname: My Prompt", "x"),
            "line 3: `My Prompt` cannot be the name of a prompt: write `my_prompt`",
        ),
    ] {
        assert_eq!(said, expected);
    }
    for (yaml, begins, contains) in [
        ("titel: T", "line 2: ", "unknown field `titel`, expected one of"),
        ("title: [", "line ", ""),
        ("title: T\ntitle: U", "line 3: ", "duplicate"),
        ("arguments: topic", "line 2: ", ""),
        ("arguments:\n  - topic", "line 3: ", ""),
        ("arguments:\n  - title: topic", "line 3: ", "missing field `name`"),
        ("- a\n- b", "line 2: ", ""),
        ("a: &a [*a]", "line 2: ", ""),
    ] {
        let said = fields(yaml, "x");
        assert!(
            said.starts_with(begins) && said.contains(contains),
            "{yaml}: {said}"
        );
        assert!(!said.contains('\n'), "{said}");
    }
    assert_eq!(
        Template::read("x", "!!").unwrap_err(),
        Mistake::of_file("its file name has no letters or digits a prompt can be called by: add `name: …`")
    );
}

#[test]
fn names_of_files_become_names_of_prompts() {
    for (stem, name) in [
        ("weekly", "weekly"),
        ("Weekly Review", "weekly_review"),
        ("  v1.2 -- Plan! ", "v1.2_--_plan"),
        ("Résumé (kurz)", "resume_kurz"),
        ("e\u{301}tude", "etude"),
        ("ﬁle", "file"),
        ("a/../b", "a_.._b"),
        ("\u{202e}a\0b", "a_b"),
    ] {
        assert_eq!(Template::read("x", stem).unwrap().name, name, "{stem}");
    }
    for stem in ["", "会议", "-", "..", "___", &"x".repeat(129)] {
        assert!(Template::read("x", stem).is_err(), "{stem}");
    }
}

#[test]
fn everything_is_bounded() {
    let many = |count: usize| {
        (0..count)
            .map(|one| format!("{{{{a{one}}}}}\n"))
            .collect::<String>()
    };
    assert_eq!(read(&many(ARGUMENTS_MAX)).unwrap().arguments.len(), ARGUMENTS_MAX);
    assert!(mistake(&many(ARGUMENTS_MAX + 1)).starts_with("line 21: there are more than 20 arguments"));
    let declared: String = (0..=ARGUMENTS_MAX)
        .map(|one| format!("  - name: a{one}\n"))
        .collect();
    let said = mistake(&format!("---\narguments:\n{declared}---\nx"));
    assert!(said.starts_with("line 23: there are more than 20"), "{said}");
    assert!(mistake(&"# User\nx\n".repeat(51)).starts_with("it has 51 messages"));
    for (yaml, expected) in [
        (
            format!("title: {}", "x".repeat(201)),
            "line 2: this text has 201 characters, at most 200",
        ),
        (
            format!("description: {}", "x".repeat(2001)),
            "line 2: this text has 2001 characters",
        ),
        (
            format!("title: {}", "x".repeat(40_000)),
            "line 1: the fields have",
        ),
        (
            format!("title: {}1{}", "[".repeat(1000), "]".repeat(1000)),
            "line ",
        ),
        (
            format!("arguments:\n  - name: a\n    choices: [{}]", "x,".repeat(101)),
            "line 3: `a` has 101 choices, at most 100",
        ),
    ] {
        let said = mistake(&format!("---\n{yaml}\n---\nx"));
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn a_prompt_that_would_be_too_large_is_not_made() {
    let template = read(&"{{a}}".repeat(1000)).unwrap();
    let fits = vec!["x".repeat(RESULT_BYTES_MAX / 1000)];
    assert!(template.check_size(&fits).is_ok());
    let error = template.check_size(&["x".repeat(VALUE_CHARS_MAX)]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[test]
fn choices_are_found_by_what_they_begin_with_and_then_by_what_they_contain() {
    let choices = ["small", "large", "Extra large"];
    assert_eq!(completed(choices.into_iter(), "LA"), ["large", "Extra large"]);
    assert_eq!(completed(choices.into_iter(), ""), choices);
    assert!(completed(choices.into_iter(), "x y").is_empty());
}

proptest::proptest! {
    /// Whatever stands in a file is a template or a mistake.
    #[test]
    fn no_text_is_too_odd(
        parts in proptest::collection::vec(
            proptest::prop_oneof![
                ".{0,12}",
                proptest::sample::select(vec![
                    "---\n", "{{a}}", "{{", "}}", "\\", "\n", "# User\n", "# Assistant\n", "```\n", "> ", "- ", "    ",
                    "arguments:\n", "  - name: a\n", "    choices: [x, y]\n", "    default: x\n", "title: é\n", "&a ", "*a ",
                ]).prop_map(str::to_owned),
            ],
            0..24,
        ),
    ) {
        let _ = read(&parts.concat());
    }

    /// What is filled in stands where its placeholder stood, as it is, and everything else stays.
    #[test]
    fn values_stand_where_their_placeholders_stood(
        texts in proptest::collection::vec("[^{\\\\\r\0]{0,20}", 1..8),
        value in proptest::prelude::any::<String>(),
    ) {
        let body = |value: &str| format!("begin {} end", texts.join(value));
        proptest::prop_assert_eq!(one(&body("{{a}}"), &[&value]), body(&value));
    }
}
