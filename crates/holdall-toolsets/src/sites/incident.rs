//! What a model is told about an incident: [`plan`].

use std::fmt::Write;

use super::site::authority;
use crate::outbound::Url;

/// How to find out why `url` fails, what its status means, and what the monitor saw.
pub(super) fn plan(url: &Url, status: Option<u16>, history: Option<String>) -> String {
    let mut text = format!("{url} ");
    match status {
        Some(status) => {
            let word = http::StatusCode::from_u16(status)
                .ok()
                .and_then(|status| status.canonical_reason());
            let word = word.map_or_else(String::new, |word| format!(" ({word})"));
            let _ = write!(text, "answers with status {status}{word}. {}", meaning(status));
        }
        None => text.push_str("does not answer."),
    }
    text.push_str(" Help me find out why.\n\nGo step by step, and say what each step showed:\n");
    let mut steps = vec![format!(
        "Call check_site_status with url=\"{url}\": is it still so? Look at status, redirects, timings and reason."
    )];
    if url.scheme() == "https" {
        let host = url.host_str().unwrap_or_default();
        let port = url
            .port()
            .map_or_else(String::new, |port| format!(" and port={port}"));
        steps.push(format!(
            "Call check_ssl_expiry with hostname=\"{host}\"{port}: is the certificate good, and for how long?"
        ));
    }
    steps.push(match &history {
        Some(_) => format!(
            "Look at the history below, and call site_history with site=\"{}\" for more: since when, how often, with \
             what pattern?",
            authority(url)
        ),
        None => "It is not watched, so ask me since when it fails, for whom, and what was changed before.".to_owned(),
    });
    steps.push(
        "Check the root of the host, too, if the URL has a path: does all of it fail, or this page alone?"
            .to_owned(),
    );
    steps.push(
        "Sum up: what is wrong, how sure you are and why, the likeliest causes in order, and for each what to look \
         at or do next. Say which part needs somebody with access to the server."
            .to_owned(),
    );
    for (index, step) in steps.iter().enumerate() {
        let _ = writeln!(text, "{}. {step}", index + 1);
    }
    if let Some(history) = history {
        let _ = write!(text, "\nWhat the monitor saw:\n{history}");
    }
    text
}

/// Where to look first.
fn meaning(status: u16) -> &'static str {
    match status {
        401 => "It wants to know who asks: credentials are missing or wrong.",
        403 => {
            "It knows what is asked for and does not allow it: permissions, a firewall for web applications, or a country block."
        }
        404 | 410 => {
            "There is nothing at this path: a wrong address, a failed deployment, or a changed route."
        }
        408 => {
            "It waited for a request that did not come: a slow network, or a connection kept open too long."
        }
        421 => {
            "The server that answered is not responsible for this host: names or certificates are mixed up."
        }
        429 => "Too many requests: a rate limit. Do not check more often.",
        400 | 402 | 405..=407 | 409 | 411..=420 | 422..=428 | 430..=499 => {
            "The server finds fault with the request."
        }
        500 => "The program behind it failed: its log has the error.",
        502 => {
            "The proxy in front got no proper answer: the program behind it is down, restarting, or crashed."
        }
        503 => {
            "It is not available for now: overload, maintenance, or no healthy program behind the load balancer."
        }
        504 => {
            "The proxy in front waited in vain: the program behind it is too slow, or hangs on a database or another service."
        }
        520..=527 => "A content delivery network reports trouble with the server behind it.",
        501 | 505..=519 | 528..=599 => "The server failed.",
        300..=399 => "It sends elsewhere: a redirect that is not followed, or goes in a circle.",
        _ => "That is no error by itself: see what was expected instead.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_fits_the_url() {
        let plan_of = |url: &str, status, history: Option<&str>| {
            plan(&url.parse().unwrap(), status, history.map(str::to_owned))
        };
        let watched = plan_of(
            "https://example.com:8443/shop",
            Some(502),
            Some("2026-05-01 DOWN"),
        );
        assert!(
            watched.contains("status 502 (Bad Gateway). The proxy in front got no proper answer"),
            "{watched}"
        );
        assert!(
            watched.contains("hostname=\"example.com\" and port=8443"),
            "{watched}"
        );
        assert!(
            watched.ends_with("What the monitor saw:\n2026-05-01 DOWN"),
            "{watched}"
        );
        let plain = plan_of("http://example.com/", None, None);
        assert!(
            plain.starts_with("http://example.com/ does not answer. Help"),
            "{plain}"
        );
        assert!(
            !plain.contains("check_ssl_expiry") && plain.contains("not watched"),
            "{plain}"
        );
    }
}
