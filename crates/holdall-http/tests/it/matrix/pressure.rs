//! What is answered when there is too much of something: every door with a few pages, by somebody who may do everything.

use std::time::Duration;

use futures_util::StreamExt;
use holdall_http::{HttpConfig, Rate};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::ask::{By, ask, written};
use super::rule::{Case, Credential, Page, Pressure, Session, What, expected_under};
use super::server::Guarded;
use super::{AT_ONCE, doors, none_wrong, open_session};

/// Once, and then for as long as a test takes no more.
fn apply(pressure: Pressure, config: &mut HttpConfig) {
    let once = Some(Rate::every(Duration::from_secs(3600), 1));
    let limits = &mut config.limits;
    match pressure {
        Pressure::Address => limits.requests_per_address = once,
        Pressure::FailedLogins => limits.failed_logins_per_address = once,
        Pressure::Principal => limits.requests_per_principal = once,
        Pressure::Calls => {
            (limits.calls_max, limits.waiting_max) = (1, 0);
            // The one that has the place keeps it.
            config.transports.body_timeout = Duration::from_secs(3600);
            config.transports.body_idle_timeout = Duration::from_secs(3600);
        }
        Pressure::CallsOfPrincipal => {
            limits.calls_per_principal_max = Some(0);
            limits.waiting_per_principal_max = Some(0);
        }
        Pressure::Streams => config.transports.streams_max = 0,
        Pressure::Sessions => config.sessions.max = 1,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_is_refused_by_the_rule() {
    for pressure in Pressure::EACH {
        let server = Guarded::start(|config| apply(pressure, config)).await;
        let _taken = match pressure {
            Pressure::Calls => Some(call_without_end(&server).await),
            Pressure::Sessions => {
                let mut doors = doors().into_iter();
                let first = doors.find(|door| door.what == What::Initialize).expect("one");
                open_session(&server, &first).await;
                None
            }
            _ => None,
        };
        let pages = [Page::None, Page::Listed, Page::Foreign, Page::ForeignHost];
        let cases = doors().into_iter().flat_map(|door| {
            // Where a session is needed to get that far there is one.
            let session = match (pressure, door.what) {
                (Pressure::Streams, What::StreamInSession) => Session::Own,
                _ => Session::Unknown,
            };
            let credentials = match pressure {
                Pressure::FailedLogins => &[Credential::Good, Credential::Unknown][..],
                _ => &[Credential::Good],
            };
            let pages = pages.into_iter();
            pages.flat_map(move |page| {
                credentials.iter().map(move |credential| Case {
                    page,
                    session,
                    credential: *credential,
                    ..door
                })
            })
        });
        let cases: Vec<Case> = cases.collect();
        let tried = cases
            .iter()
            .enumerate()
            .map(|(n, case)| tried(&server, pressure, case, n));
        let outcomes: Vec<_> = futures_util::stream::iter(tried)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let wrong: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
        none_wrong(&wrong, cases.len());
    }
}

/// A call that has its place, and whose body does not come.
async fn call_without_end(server: &Guarded) -> TcpStream {
    let token = server.token(Credential::Good).expect("a token");
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
    );
    let mut stream = TcpStream::connect(server.address).await.expect("it listens");
    stream.write_all(head.as_bytes()).await.expect("it reads");
    // The body is asked for once the call has been let in.
    let mut go_on = [0; 12];
    stream.read_exact(&mut go_on).await.expect("it answers");
    assert_eq!(&go_on, b"HTTP/1.1 100");
    stream
}

/// Tries one case; says what is wrong with the reply. Everybody asks for themselves, so that nobody is refused for what
/// another has done.
async fn tried(server: &Guarded, pressure: Pressure, case: &Case, n: usize) -> Result<(), String> {
    let good = match pressure {
        Pressure::Principal => server.token_of(&format!("principal-{n}")),
        _ => server.token(case.credential).expect("a token").to_owned(),
    };
    let session = match case.session {
        Session::Own => {
            open_session(
                server,
                &Case {
                    page: Page::None,
                    ..*case
                },
            )
            .await
            .0
        }
        _ => "0123456789abcdef".to_owned(),
    };
    let address = format!("192.0.{}.{}", n / 250, n % 250 + 1);
    let by = |token| By {
        token: Some(token),
        session: &session,
        address: &address,
    };
    let first = |path, token| {
        let first = Case {
            path,
            method: "GET",
            what: What::Plain,
            page: Page::None,
            ..*case
        };
        let request = written(&first, by(token));
        async move { ask(server.address, &request).await.head.status }
    };
    match pressure {
        Pressure::Address => assert_eq!(first("/health", &good).await, 200),
        Pressure::FailedLogins => assert_eq!(first("/metrics", "hold_nobody's").await, 401),
        Pressure::Principal => assert_eq!(first("/metrics", &good).await, 200),
        _ => {}
    }
    let head = ask(server.address, &written(case, by(&good))).await.head;
    let expected = expected_under(pressure, case);
    if head.status != expected {
        return Err(format!(
            "{}, not {expected}, with too much of {pressure:?}: {case:?}",
            head.status
        ));
    }
    if expected == 429 && head.header("retry-after").is_none() {
        return Err(format!(
            "not told when to come back, with too much of {pressure:?}: {case:?}"
        ));
    }
    Ok(())
}
