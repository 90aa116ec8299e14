//! The block of fields at the top of a file: what the prompt is called, and what is filled in.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::placeholders::is_name;
use super::read::{Mistake, check_count, quoted, visible};
use super::{TemplateArgument, VALUE_CHARS_MAX};

/// The longest block of fields, in bytes: twenty arguments with descriptions take a tenth of it.
const FIELDS_BYTES_MAX: usize = 32 * 1024;
/// The longest title, and the longest of the choices, in characters: they stand in menus.
pub(super) const LABEL_CHARS_MAX: usize = 200;
/// The longest description, in characters: a paragraph.
pub(super) const DESCRIPTION_CHARS_MAX: usize = 2_000;
/// The most choices of an argument: as many as a completion holds.
const CHOICES_MAX: usize = 100;

/// The fields of a file.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Fields {
    pub(super) name: Option<Spanned<String>>,
    pub(super) title: Option<Spanned<String>>,
    pub(super) description: Option<Spanned<String>>,
    pub(super) arguments: Option<Vec<Spanned<ArgumentFields>>>,
}

/// The fields of one argument.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArgumentFields {
    name: String,
    title: Option<String>,
    description: Option<String>,
    required: Option<bool>,
    default: Option<String>,
    choices: Option<Vec<String>>,
}

/// The block of fields, if there is one, and the byte at which the body begins. The block keeps the break before it,
/// so that its lines are counted as those of the file.
pub(super) fn split(text: &str) -> Result<(Option<&str>, usize), Mistake> {
    let first = text.lines().next().unwrap_or_default();
    if first.trim_end() != "---" {
        return Ok((None, 0));
    }
    let mut at = text.find('\n').map_or(text.len(), |end| end + 1);
    while at < text.len() {
        let end = text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
        if text[at..end].trim_end() == "---" {
            let block = &text[first.len()..at];
            if block.len() > FIELDS_BYTES_MAX {
                let message = format!(
                    "the fields have {} bytes, at most {FIELDS_BYTES_MAX} are read",
                    block.len()
                );
                return Err(Mistake::at(1, message));
            }
            return Ok((Some(block), end));
        }
        at = end;
    }
    Err(Mistake::at(
        1,
        "the fields opened by `---` are never closed by another line `---`",
    ))
}

pub(super) fn fields(yaml: &str) -> Result<Fields, Mistake> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 8,
            max_nodes: 4_000,
            max_events: 10_000,
            max_documents: 1,
            max_aliases: 20,
            max_anchors: 20,
            max_recorded_anchor_events: 1_000,
            max_recorded_anchor_bytes: FIELDS_BYTES_MAX,
            max_total_scalar_bytes: 2 * FIELDS_BYTES_MAX,
            max_merge_keys: 20,
            flow_nesting_limit: 8,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 1_000,
            max_replay_stack_depth: 8,
            max_alias_expansions_per_anchor: 100,
        },
        strict_booleans: true,
        with_snippet: false,
    };
    let fields = serde_saphyr::from_str_with_options::<Option<Fields>>(yaml, options);
    fields.map(Option::unwrap_or_default).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line());
        let message = error.without_snippet().to_string();
        let words: Vec<&str> = message.split_whitespace().collect();
        Mistake::at(line as usize, visible(&words.join(" ")))
    })
}

pub(super) fn arguments(
    fields: Vec<Spanned<ArgumentFields>>,
) -> Result<Vec<(usize, TemplateArgument)>, Mistake> {
    let mut arguments: Vec<(usize, TemplateArgument)> = Vec::with_capacity(fields.len());
    for field in fields {
        let line = line(&field);
        check_count(arguments.len() + 1, line)?;
        let argument = argument(field.value).map_err(|message| Mistake::at(line, message))?;
        if arguments.iter().any(|(_, other)| other.name == argument.name) {
            return Err(Mistake::at(
                line,
                format!("there are two arguments `{}`", argument.name),
            ));
        }
        arguments.push((line, argument));
    }
    Ok(arguments)
}

fn argument(fields: ArgumentFields) -> Result<TemplateArgument, String> {
    let name = fields.name;
    if !is_name(&name) {
        return Err(format!(
            "{} cannot be the name of an argument: use 1 to 64 letters, digits, `_`, `-` and `.`",
            quoted(&name)
        ));
    }
    let default = fields.default.filter(|default| !default.is_empty());
    if default.is_some() && fields.required == Some(true) {
        return Err(format!(
            "`{name}` has a default, so it cannot be required: remove one of the two"
        ));
    }
    let choices = fields.choices.unwrap_or_default();
    if choices.len() > CHOICES_MAX {
        return Err(format!(
            "`{name}` has {} choices, at most {CHOICES_MAX} are shown",
            choices.len()
        ));
    }
    for (at, choice) in choices.iter().enumerate() {
        if choice.trim().is_empty() || choice.chars().count() > LABEL_CHARS_MAX || visible(choice) != *choice
        {
            return Err(format!(
                "{} cannot be a choice of `{name}`: write 1 to {LABEL_CHARS_MAX} visible characters",
                quoted(choice)
            ));
        }
        if choices[..at].contains(choice) {
            return Err(format!(
                "{} is twice among the choices of `{name}`",
                quoted(choice)
            ));
        }
    }
    if let Some(default) = &default {
        if !choices.is_empty() && !choices.contains(default) {
            return Err(format!(
                "the default {} of `{name}` is none of its choices: {}",
                quoted(default),
                choices.join(", ")
            ));
        }
        if default.chars().count() > VALUE_CHARS_MAX {
            return Err(format!(
                "the default of `{name}` has more than {VALUE_CHARS_MAX} characters"
            ));
        }
    }
    let label = |text: Option<String>, chars_max| {
        let text = text
            .map(|text| visible(text.trim()))
            .filter(|text| !text.is_empty());
        match text {
            Some(text) if text.chars().count() > chars_max => Err(format!(
                "what `{name}` is called or described by has more than {chars_max} characters"
            )),
            text => Ok(text),
        }
    };
    Ok(TemplateArgument {
        title: label(fields.title, LABEL_CHARS_MAX)?,
        description: label(fields.description, DESCRIPTION_CHARS_MAX)?,
        required: fields.required.unwrap_or(default.is_none()),
        default,
        choices,
        name,
    })
}

pub(super) fn short(text: &Spanned<String>, chars_max: usize) -> Result<String, Mistake> {
    let short = visible(text.value.trim());
    let count = short.chars().count();
    if count > chars_max {
        let message = format!("this text has {count} characters, at most {chars_max} are shown");
        return Err(Mistake::at(line(text), message));
    }
    Ok(short)
}

pub(super) fn line<T>(spanned: &Spanned<T>) -> usize {
    spanned.referenced.line() as usize
}
