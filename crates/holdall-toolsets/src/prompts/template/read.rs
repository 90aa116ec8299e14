//! What the text of a file means: its name, its messages, its places for values.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::fields::{DESCRIPTION_CHARS_MAX, LABEL_CHARS_MAX, arguments, fields, line, short, split};
use super::placeholders::{Written, written};
use super::{ARGUMENTS_MAX, Message, Piece, Template, TemplateArgument, messages};

/// The most messages of a template.
const MESSAGES_MAX: usize = 50;
/// The longest name of a prompt, in characters; the framework's rule.
const PROMPT_NAME_CHARS_MAX: usize = 128;
/// How much of what a file says is repeated in a message, in characters.
const QUOTED_CHARS_MAX: usize = 60;

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::prompts) struct Mistake {
    /// The line, counted from 1, if it is one line that is wrong.
    pub(in crate::prompts) line: Option<usize>,
    pub(in crate::prompts) message: String,
}

impl Mistake {
    pub(super) fn at(line: usize, message: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            message: message.into(),
        }
    }

    pub(in crate::prompts) fn of_file(message: impl Into<String>) -> Self {
        Self {
            line: None,
            message: message.into(),
        }
    }
}

impl Template {
    /// Reads the text of a file whose name, without its ending, is `stem`.
    pub(in crate::prompts) fn read(text: &str, stem: &str) -> Result<Self, Mistake> {
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let (yaml, body_start) = split(&text)?;
        let fields = yaml.map(fields).transpose()?.unwrap_or_default();
        let name = match &fields.name {
            Some(name) if prompt_name(&name.value).as_deref() == Some(&name.value) => name.value.clone(),
            Some(name) => return Err(Mistake::at(line(name), wrong_name(&name.value))),
            None => prompt_name(stem).ok_or_else(|| {
                Mistake::of_file(
                    "its file name has no letters or digits a prompt can be called by: add `name: …`",
                )
            })?,
        };
        let declared = fields.arguments.map(arguments).transpose()?;
        let mut arguments = Arguments {
            lines: declared.iter().flatten().map(|(line, _)| *line).collect(),
            open: declared.is_none(),
            used: Vec::new(),
            all: declared.into_iter().flatten().map(|(_, one)| one).collect(),
        };
        arguments.used.resize(arguments.all.len(), false);
        let messages = read_messages(&text, body_start, &mut arguments)?;
        arguments.check_used()?;
        Ok(Self {
            name,
            title: fields
                .title
                .as_ref()
                .map(|title| short(title, LABEL_CHARS_MAX))
                .transpose()?,
            description: (fields.description.as_ref())
                .map(|text| short(text, DESCRIPTION_CHARS_MAX))
                .transpose()?,
            arguments: arguments.all,
            messages,
        })
    }
}

/// What a prompt is called whose file or field says this: lower case, without accents, `_` for what names cannot hold.
fn prompt_name(text: &str) -> Option<String> {
    let mut name = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)) {
        match c {
            'a'..='z' | '0'..='9' | '-' | '.' => name.push(c),
            'A'..='Z' => name.push(c.to_ascii_lowercase()),
            _ if name.ends_with('_') => {}
            _ => name.push('_'),
        }
    }
    let name = name.trim_matches('_');
    let named = name.contains(|c: char| c.is_ascii_alphanumeric());
    (named && name.len() <= PROMPT_NAME_CHARS_MAX).then(|| name.to_owned())
}

/// Text for people and models without what a terminal would obey, or what would reorder it.
pub(in crate::prompts) fn visible(text: &str) -> String {
    let is_obeyed = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().filter(|c| !is_obeyed(*c)).collect()
}

/// What stands in a file, fit for a message.
pub(super) fn quoted(text: &str) -> String {
    let text = visible(text).replace('\n', " ");
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// The arguments of a template while its text is read.
struct Arguments {
    all: Vec<TemplateArgument>,
    /// The lines they are declared in.
    lines: Vec<usize>,
    used: Vec<bool>,
    /// Whether the text may name arguments that are not there: a file that declares none has those it uses.
    open: bool,
}

impl Arguments {
    /// The place of an argument that is named in the text.
    fn find(&mut self, name: &str, line: usize) -> Result<usize, Mistake> {
        if let Some(at) = self.all.iter().position(|argument| argument.name == name) {
            self.used[at] = true;
            return Ok(at);
        }
        if !self.open {
            let known: Vec<&str> = self.all.iter().map(|argument| argument.name.as_str()).collect();
            let known = match known.is_empty() {
                true => "there are none".to_owned(),
                false => format!("there are {}", known.join(", ")),
            };
            let message =
                format!("{{{{{name}}}}} is none of the arguments: {known}; declare it, or correct the name");
            return Err(Mistake::at(line, message));
        }
        check_count(self.all.len() + 1, line)?;
        self.all.push(TemplateArgument {
            name: name.to_owned(),
            title: None,
            description: None,
            required: true,
            default: None,
            choices: Vec::new(),
        });
        self.used.push(true);
        Ok(self.all.len() - 1)
    }

    /// A value somebody fills in must go somewhere.
    fn check_used(&self) -> Result<(), Mistake> {
        let Some(unused) = self.used.iter().position(|used| !used) else {
            return Ok(());
        };
        let name = &self.all[unused].name;
        let message =
            format!("the argument `{name}` is never used: write {{{{{name}}}}} in the text, or remove it");
        Err(Mistake::at(self.lines[unused], message))
    }
}

fn read_messages(text: &str, body_start: usize, arguments: &mut Arguments) -> Result<Vec<Message>, Mistake> {
    let line_of = |at: usize| text[..at].matches('\n').count() + 1;
    let split = messages::split(&text[body_start..]);
    if split.len() > MESSAGES_MAX {
        let message = format!("it has {} messages, at most {MESSAGES_MAX} are read", split.len());
        return Err(Mistake::of_file(message));
    }
    let mut messages = Vec::with_capacity(split.len());
    for (role, range) in split {
        let whole = &text[body_start..][range.clone()];
        let trimmed = whole.trim();
        let start = body_start + range.start + (whole.len() - whole.trim_start().len());
        if trimmed.is_empty() {
            let line = line_of(body_start + range.start.saturating_sub(1));
            return Err(Mistake::at(
                line,
                "there is no text here: write what the model is to read",
            ));
        }
        let mut pieces = Vec::new();
        for written in written(trimmed, |at| line_of(start + at))? {
            pieces.push(match written {
                Written::Text(text) => Piece::Text(text.to_owned()),
                Written::Braces => Piece::Text("{{".to_owned()),
                Written::Name(name, at) => Piece::Value(arguments.find(name, line_of(start + at))?),
            });
        }
        messages.push(Message { role, pieces });
    }
    Ok(messages)
}

pub(super) fn check_count(count: usize, line: usize) -> Result<(), Mistake> {
    if count <= ARGUMENTS_MAX {
        return Ok(());
    }
    let message = format!("there are more than {ARGUMENTS_MAX} arguments: a person has to fill them in");
    Err(Mistake::at(line, message))
}

fn wrong_name(name: &str) -> String {
    match prompt_name(name) {
        Some(near) => format!("{} cannot be the name of a prompt: write `{near}`", quoted(name)),
        None => format!(
            "{} cannot be the name of a prompt: use 1 to {PROMPT_NAME_CHARS_MAX} lower case letters, digits, `_`, `-` and `.`",
            quoted(name)
        ),
    }
}
