//! What texts in attributes must look like. The builder of `holdall` checks the same when a server is built; here it
//! is said earlier and at the right place.

use syn::LitStr;

/// The formats of texts that are enforced.
const FORMATS: &[&str] = &[
    "date",
    "date-time",
    "time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
    "regex",
    "json-pointer",
];

/// Turns a rule into a result at the place of the text.
pub(crate) fn check(text: &LitStr, rule: impl Fn(&str) -> Option<String>) -> syn::Result<LitStr> {
    match rule(&text.value()) {
        Some(problem) => Err(syn::Error::new(text.span(), problem)),
        None => Ok(text.clone()),
    }
}

/// Names of tools and prompts.
pub(crate) fn name(text: &str) -> Option<String> {
    (!of_alphabet(text, 128))
        .then(|| format!("`{text}` is not a valid name: use 1 to 128 letters, digits, `_`, `-` and `.`"))
}

/// Names of arguments of tools.
pub(crate) fn argument_name(text: &str) -> Option<String> {
    (!of_alphabet(text, 64)).then(|| {
        format!("`{text}` is not a valid name of an argument: use 1 to 64 letters, digits, `_`, `-` and `.`")
    })
}

fn of_alphabet(text: &str, length_max: usize) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=length_max).contains(&text.len()) && text.chars().all(fits)
}

/// Names of HTTP header fields: tokens of RFC 9110.
pub(crate) fn header(text: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (text.is_empty() || !text.bytes().all(fits)).then(|| {
        format!("`{text}` is no name of a header: use letters, digits and `-`, as in `header = \"Region\"`")
    })
}

/// Scopes travel in `WWW-Authenticate`, separated by spaces and within quotes.
pub(crate) fn scope(text: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\');
    (text.is_empty() || !text.chars().all(fits)).then(|| {
        format!("`{text}` is not a valid scope: use visible ASCII characters except `\"` and `\\`, no spaces")
    })
}

/// MIME types.
pub(crate) fn mime_type(text: &str) -> Option<String> {
    let essence = text.split(';').next().unwrap_or_default();
    let fits = essence.split_once('/').is_some_and(|(kind, rest)| {
        !kind.is_empty() && !rest.is_empty() && !essence.contains(char::is_whitespace)
    });
    (!fits).then(|| format!("`{text}` is not a MIME type: write it as in `text/plain`"))
}

/// Where an icon is.
pub(crate) fn icon_source(text: &str) -> Option<String> {
    let known = ["https:", "http:", "data:"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    (!known).then(|| {
        format!("`{text}` is neither an `https:` URL nor a `data:` URI, and clients show no other icons")
    })
}

/// The size of an icon.
pub(crate) fn icon_size(text: &str) -> Option<String> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = text == "any"
        || text
            .split_once('x')
            .is_some_and(|(width, height)| is_number(width) && is_number(height));
    (!fits).then(|| format!("`{text}` is not a size: write `\"48x48\"`, or `\"any\"` for what scales"))
}

/// Keys of `_meta`.
pub(crate) fn meta_key(text: &str) -> Option<String> {
    let prefixed = text
        .split_once('/')
        .is_some_and(|(prefix, name)| !prefix.is_empty() && !name.is_empty() && prefix != "holdall");
    (!prefixed).then(|| {
        format!(
            "`{text}` is not a key for `_meta`: write it as `\"com.example/name\"`, after a domain of yours"
        )
    })
}

/// Formats of texts.
pub(crate) fn format(text: &str) -> Option<String> {
    (!FORMATS.contains(&text)).then(|| {
        format!(
            "the format `{text}` is not known; known are {}; for another rule write `pattern = \"…\"`",
            FORMATS.join(", ")
        )
    })
}

/// Patterns that could take for ever.
pub(crate) fn pattern(text: &str) -> Option<String> {
    let looks_around = ["(?=", "(?!", "(?<=", "(?<!"]
        .iter()
        .any(|start| text.contains(start));
    looks_around.then(|| {
        format!("the pattern `{text}` looks around, which could take for ever; write it without `(?=`, `(?!`, `(?<=` and `(?<!`")
    })
}
