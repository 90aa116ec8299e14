//! Every route by every method, in every version of the protocol, by everybody, from every page, with every body.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `mod` | which combinations are tried |
//! | `rule` | what each of them is answered with |
//! | `pressure` | the same when there is too much of something |
//! | `ask` | how a request is written, and its reply read |
//! | `server` | the server, and the credentials of those who ask |

mod ask;
mod pressure;
mod rule;
mod server;

use std::collections::{BTreeSet, HashMap};

use futures_util::StreamExt;
use holdall_http::Route;
use holdall_testkit::Client;
use serde_json::json;

use self::ask::{Answered, By, ask, ready, written};
use self::rule::{
    Body, Case, Credential, METHODS, NO_PATHS, PATHS, Page, ROWS, Row, Session, What, Who, expected,
};
use self::server::{Guarded, LISTED};

/// Requests under way at once.
const AT_ONCE: usize = 48;

/// Whoever may hold a session.
const HOLDERS: [Credential; 5] = [
    Credential::Good,
    Credential::GoodAccess,
    Credential::Lacking,
    Credential::LackingAccess,
    Credential::Another,
];

#[test]
fn the_table_knows_every_route() {
    let known: BTreeSet<(&str, bool)> = PATHS.map(|(path, who)| (path, who == Who::Anybody)).into();
    let there: BTreeSet<(&str, bool)> = Route::ALL.map(|route| (route.path(), route.is_open())).into();
    assert_eq!(known, there);
    let known: BTreeSet<(&str, &str)> = ROWS.map(|Row(path, method, ..)| (path, method)).into();
    let there = Route::ALL.into_iter().flat_map(|route| {
        let methods = route.methods().iter();
        methods.map(move |method| (route.path(), method.as_str()))
    });
    assert_eq!(known, there.collect());
}

/// What is asked for where, in which version: all that the table has, and all that it has not.
fn doors() -> Vec<Case> {
    let door = |path, method, what, version| Case {
        path,
        method,
        what,
        version,
        page: Page::None,
        credential: Credential::Good,
        session: Session::Own,
        body: Body::Right,
    };
    let rows = ROWS.iter().flat_map(|Row(path, method, what, versions, ..)| {
        versions
            .iter()
            .map(move |version| door(path, method, *what, version))
    });
    let paths = || PATHS.into_iter().map(|(path, _)| path).chain(NO_PATHS);
    let preflights = paths().map(|path| door(path, "OPTIONS", What::Preflight, ""));
    let others = paths().flat_map(|path| METHODS.map(|method| door(path, method, What::Plain, "")));
    let answered = |case: &Case| {
        ROWS.iter()
            .any(|Row(path, method, ..)| (*path, *method) == (case.path, case.method))
    };
    let others = others.filter(|case| !answered(case));
    rows.chain(preflights).chain(others).collect()
}

/// Every door, with every page, credential and body; and with the sessions of others.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for door in doors() {
        let bodies = match door.method {
            "POST" => &Body::EACH[..],
            _ => &[Body::Right],
        };
        for (page, credential, body) in product(&Page::EACH, &Credential::EACH, bodies) {
            cases.push(Case {
                page,
                credential,
                body,
                ..door
            });
        }
        if door.what.is_in_session() {
            let (pages, credentials) = (
                [Page::None, Page::Foreign],
                [
                    Credential::Nothing,
                    Credential::Lacking,
                    Credential::Good,
                    Credential::GoodAccess,
                ],
            );
            for (page, credential, body) in product(&pages, &credentials, bodies) {
                for session in [Session::Anothers, Session::Unknown] {
                    cases.push(Case {
                        page,
                        credential,
                        body,
                        session,
                        ..door
                    });
                }
            }
        }
    }
    cases
}

fn product<'a>(
    pages: &'a [Page],
    credentials: &'a [Credential],
    bodies: &'a [Body],
) -> impl Iterator<Item = (Page, Credential, Body)> + 'a {
    pages.iter().flat_map(move |page| {
        let credentials = credentials.iter();
        credentials.flat_map(move |credential| bodies.iter().map(move |body| (*page, *credential, *body)))
    })
}

/// Sessions that are open, by what they are for, the version and whose they are.
#[derive(Default)]
struct Sessions {
    ids: HashMap<(bool, &'static str, Credential), String>,
    /// Sessions of HTTP+SSE last as long as their streams.
    _streams: Vec<Answered>,
}

impl Sessions {
    async fn open(server: &Guarded) -> Self {
        let mut sessions = Self::default();
        let in_session = doors().into_iter().filter(|door| door.what.is_in_session());
        for door in in_session {
            for holder in HOLDERS {
                let key = (door.what == What::Message, door.version, holder);
                if sessions.ids.contains_key(&key) {
                    continue;
                }
                let about = Case {
                    credential: holder,
                    ..door
                };
                let (id, stream) = open_session(server, &about).await;
                sessions.ids.insert(key, id);
                sessions._streams.extend(stream);
            }
        }
        sessions
    }

    /// The session that a case is about, if it is one that others may use as well.
    fn of(&self, case: &Case) -> &str {
        let holder = match (case.session, case.credential) {
            (Session::Unknown, _) => return "0123456789abcdef",
            (Session::Anothers, _) => Credential::Another,
            (Session::Own, own) if HOLDERS.contains(&own) => own,
            // It does not get so far.
            (Session::Own, _) => Credential::Good,
        };
        let key = (case.what == What::Message, case.version, holder);
        self.ids.get(&key).map_or("", String::as_str)
    }
}

/// Opens a session for the holder of a credential, and of the kind that belongs to what is asked for.
async fn open_session(server: &Guarded, about: &Case) -> (String, Option<Answered>) {
    let token = server.token(about.credential);
    let by = |session| By {
        token,
        session,
        ..By::default()
    };
    if about.what == What::Message {
        let open = Case {
            path: "/sse",
            method: "GET",
            what: What::OpenSse,
            ..*about
        };
        let mut answered = ask(server.address, &written(&open, by(""))).await;
        let id = answered.until("sessionId=", "\n").await;
        return (id, Some(answered));
    }
    let initialize = Case {
        path: "/mcp",
        method: "POST",
        what: What::Initialize,
        ..*about
    };
    let answered = ask(server.address, &written(&initialize, by(""))).await;
    let id = answered
        .head
        .header("mcp-session-id")
        .expect("a session")
        .to_owned();
    let answered = ask(server.address, &ready(&initialize, by(&id))).await;
    assert_eq!(answered.head.status, 202);
    (id, None)
}

/// Tries one case; says what is wrong with the reply.
async fn tried(server: &Guarded, sessions: &Sessions, case: Case) -> Result<(), String> {
    let expected = expected(&case);
    // What goes well uses its session up, or keeps others from it.
    let own = matches!(case.what, What::StreamInSession | What::EndSession) && expected < 300;
    let (id, _stream) = match own {
        true => open_session(server, &case).await,
        false => (sessions.of(&case).to_owned(), None),
    };
    let by = By {
        token: server.token(case.credential),
        session: &id,
        ..By::default()
    };
    let head = ask(server.address, &written(&case, by)).await.head;
    if head.status != expected {
        return Err(format!("{}, not {expected}: {case:?}", head.status));
    }
    let is_stream = head.header("content-type") == Some("text/event-stream");
    if is_stream && !(case.what.is_stream() && expected == 200) {
        return Err(format!("a stream: {case:?}"));
    }
    let readable = head.header("access-control-allow-origin");
    if readable != (case.page == Page::Listed).then_some(LISTED) {
        return Err(format!("readable for {readable:?}: {case:?}"));
    }
    let is_challenge = |challenge: &str| challenge.starts_with("Bearer");
    if expected == 401 && !head.header("www-authenticate").is_some_and(is_challenge) {
        return Err(format!("no challenge: {case:?}"));
    }
    Ok(())
}

fn none_wrong(wrong: &[String], tried: usize) {
    let shown: Vec<_> = wrong.iter().take(30).map(String::as_str).collect();
    assert!(
        wrong.is_empty(),
        "{} of {tried} are wrong:\n{}",
        wrong.len(),
        shown.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_answered_by_the_rule() {
    let server = Guarded::start(|_| ()).await;
    let sessions = Sessions::open(&server).await;
    let cases = cases();
    let tried = futures_util::stream::iter(&cases).map(|case| tried(&server, &sessions, *case));
    let outcomes: Vec<_> = tried.buffer_unordered(AT_ONCE).collect().await;
    let wrong: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    none_wrong(&wrong, cases.len());
    // Nobody who was refused has reached a tool.
    let calls = cases
        .iter()
        .filter(|case| case.what.is_call() && expected(case) == 200);
    assert_eq!(server.calls(), calls.count());
}

#[tokio::test]
async fn scopes_are_asked_for_on_every_transport_in_every_version() {
    let server = Guarded::start(|_| ()).await;
    for (scheme, path) in [("http", "/mcp"), ("http", "/sse"), ("ws", "/ws")] {
        for version in rule::WITH_SESSIONS.iter().chain(rule::STATELESS) {
            for (credential, listed) in [
                (Credential::Good, 2),
                (Credential::Lacking, 0),
                (Credential::LackingAccess, 0),
            ] {
                let token = server.token(credential).expect("a token");
                let client = Client::at(format!("{scheme}://{}{path}", server.address))
                    .protocol(version)
                    .header("Authorization", format!("Bearer {token}"))
                    .await;
                // Over Streamable HTTP it is the status that says so.
                let is_told = path != "/mcp";
                let what = format!("{path} {version} {credential:?}");
                assert_eq!(client.list_tools().await.len(), listed, "{what}");
                if listed > 0 {
                    let reply = client.call("read_in_context", json!({})).await;
                    assert_eq!(reply.text(), "notes", "{what}");
                } else if is_told {
                    let error = client.call("read_in_context", json!({})).await.error();
                    assert!(error.text.contains("notes:read"), "{what}: {error}");
                }
                client.close().await;
            }
        }
    }
}
