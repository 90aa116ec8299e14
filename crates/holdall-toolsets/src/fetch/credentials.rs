//! Secrets that go out with a request and must not come back with its answer.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use holdall::prelude::*;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderName, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::config::{CredentialConfig, InvalidFetchConfig};
use crate::outbound::{HostPattern, Url};

/// Shorter secrets are found in ordinary text.
pub(super) const SECRET_BYTES_MIN: usize = 8;
/// What stands where a secret was.
const HIDDEN: &str = "[secret]";

/// The credentials of the configuration, by name.
#[derive(Default)]
pub(super) struct Credentials {
    known: BTreeMap<String, Credential>,
    /// What must not be seen in a reply, the longest first, so that no part of a longer one is left.
    hidden: Vec<String>,
}

struct Credential {
    header: HeaderName,
    value: HeaderValue,
    hosts: Vec<HostPattern>,
}

impl Credentials {
    pub(super) fn new(configs: &BTreeMap<String, CredentialConfig>) -> Result<Self, InvalidFetchConfig> {
        let mut credentials = Self::default();
        for (name, config) in configs {
            let invalid_header = || InvalidFetchConfig::Header {
                name: name.clone(),
                header: config.header.clone(),
            };
            let header: HeaderName = config.header.parse().map_err(|_| invalid_header())?;
            if [HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE].contains(&header) {
                return Err(invalid_header());
            }
            let secret = config.secret.expose();
            if secret.len() < SECRET_BYTES_MIN {
                return Err(InvalidFetchConfig::Short(name.clone()));
            }
            if config.hosts.is_empty() || config.hosts.iter().any(HostPattern::is_every) {
                return Err(InvalidFetchConfig::Hosts(name.clone()));
            }
            let whole = format!("{}{secret}", config.prefix);
            let mut value =
                HeaderValue::from_str(&whole).map_err(|_| InvalidFetchConfig::Value(name.clone()))?;
            value.set_sensitive(true);
            credentials.hidden.extend(forms(secret));
            let hosts = config.hosts.clone();
            let credential = Credential { header, value, hosts };
            credentials.known.insert(name.clone(), credential);
        }
        credentials
            .hidden
            .sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        credentials.hidden.dedup();
        Ok(credentials)
    }

    /// The header that proves `name` to `url`.
    pub(super) fn header(&self, name: &str, url: &Url) -> CallResult<(HeaderName, HeaderValue)> {
        let Some(credential) = self.known.get(name) else {
            let known: Vec<&str> = self.known.keys().map(String::as_str).collect();
            let hint = match known.is_empty() {
                true => "leave `credential` out: none is set up".to_owned(),
                false => format!("known: {}", known.join(", ")),
            };
            return Err(CallError::not_found(format!("there is no credential `{name}`")).hint(hint));
        };
        let fits = credential
            .hosts
            .iter()
            .any(|pattern| pattern.matches(url) && (url.scheme() == "https" || pattern.allows_plain()));
        if !fits {
            let hosts: Vec<String> = credential.hosts.iter().map(ToString::to_string).collect();
            let host = url.host_str().unwrap_or_default();
            let message = format!(
                "the credential `{name}` does not go to `{}://{host}`",
                url.scheme()
            );
            return Err(CallError::new(ErrorKind::PermissionDenied, message).hint(format!(
                "it goes, encrypted unless http:// is said, to: {}",
                hosts.join(", ")
            )));
        }
        Ok((credential.header.clone(), credential.value.clone()))
    }

    /// `text` without any secret a server may have repeated.
    pub(super) fn hide(&self, text: String) -> String {
        self.hidden
            .iter()
            .fold(text, |text, secret| match text.contains(secret.as_str()) {
                true => text.replace(secret.as_str(), HIDDEN),
                false => text,
            })
    }
}

/// What a server may make of a secret when it repeats it.
fn forms(secret: &str) -> Vec<String> {
    let mut plain = vec![secret.to_owned()];
    // The value may hold a scheme in front of the secret itself, and `Basic` holds user and password.
    let words = secret
        .split_whitespace()
        .filter(|word| word.len() >= SECRET_BYTES_MIN);
    plain.extend(words.map(str::to_owned));
    let decoded: Vec<String> = plain
        .iter()
        .filter_map(|word| String::from_utf8(BASE64_STANDARD.decode(word).ok()?).ok())
        .filter(|text| text.chars().all(|c| !c.is_control()))
        .collect();
    let passwords: Vec<String> = decoded
        .iter()
        .filter_map(|pair| Some(pair.split_once(':')?.1.to_owned()))
        .collect();
    plain.extend(decoded);
    plain.extend(passwords);
    plain.retain(|text| text.len() >= SECRET_BYTES_MIN);
    let mut forms = Vec::new();
    for text in plain {
        let percent = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
        // RFC 3986 leaves these as they are, forms leave `*` and write a blank as `+`.
        let usual = percent
            .replace("%2D", "-")
            .replace("%2E", ".")
            .replace("%5F", "_")
            .replace("%7E", "~");
        forms.push(usual.replace("%20", "+").replace("%2A", "*").replace('~', "%7E"));
        forms.extend([lower_escapes(&usual), lower_escapes(&percent), percent, usual]);
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        forms.push(quoted.replace('/', "\\/"));
        forms.push(quoted);
        let html = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        forms.push(html.replace('"', "&quot;").replace('\'', "&#39;"));
        forms.push(html);
        forms.extend(
            [
                BASE64_STANDARD,
                BASE64_STANDARD_NO_PAD,
                BASE64_URL_SAFE,
                BASE64_URL_SAFE_NO_PAD,
            ]
            .map(|engine| engine.encode(&text)),
        );
        forms.push(text);
    }
    forms.sort();
    forms.dedup();
    forms
}

/// `%2F` as `%2f`.
fn lower_escapes(text: &str) -> String {
    let mut parts = text.split('%');
    let mut lower = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // What follows is two hexadecimal digits: a percent sign of the text itself is escaped, too.
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        lower.push('%');
        lower.push_str(&digits.to_ascii_lowercase());
        lower.push_str(rest);
    }
    lower
}

#[cfg(test)]
mod tests {
    use holdall::Secret;

    use super::*;

    fn credentials(prefix: &str, secret: &str) -> Credentials {
        let hosts = vec!["api.example".parse().expect("a pattern")];
        let mut config = CredentialConfig::bearer(Secret::new(secret), hosts);
        config.prefix = prefix.to_owned();
        Credentials::new(&BTreeMap::from([("it".to_owned(), config)])).expect("it is right")
    }

    #[test]
    fn what_a_server_repeats_is_hidden() {
        let secret = "s3cr=t/with \"all\"&more";
        let credentials = credentials("Bearer ", secret);
        for echo in [
            secret.to_owned(),
            format!("Bearer {secret}"),
            format!("{secret}{secret}"),
            "s3cr%3Dt%2Fwith%20%22all%22%26more".to_owned(),
            "s3cr%3dt%2fwith%20%22all%22%26more".to_owned(),
            "s3cr%3Dt%2Fwith+%22all%22%26more".to_owned(),
            "s3cr=t/with \\\"all\\\"&more".to_owned(),
            "s3cr=t\\/with \\\"all\\\"&more".to_owned(),
            "s3cr=t/with &quot;all&quot;&amp;more".to_owned(),
            BASE64_STANDARD.encode(secret),
        ] {
            let shown = credentials.hide(format!("<{echo}>"));
            assert!(shown.contains(HIDDEN), "{shown}");
            assert!(!shown.contains("s3cr"), "{shown}");
        }
        assert_eq!(
            credentials.hide("all & more".to_owned()),
            "all & more",
            "short words of it are no secrets"
        );
    }

    #[test]
    fn the_password_within_basic_is_hidden_too() {
        let credentials = credentials("Basic ", &BASE64_STANDARD.encode("ada:correct horse"));
        assert_eq!(
            credentials.hide("you are ada with correct horse".to_owned()),
            "you are ada with [secret]"
        );
        assert_eq!(credentials.hide("ada:correct horse".to_owned()), "[secret]");
    }
}
