//! The rule: what every request is answered with. It is written from what the documentation promises, not from the
//! code, so that one of the two is wrong when they differ.

/// Versions of the protocol that open a session first.
pub(super) const WITH_SESSIONS: &[&str] = &["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
/// Versions that do without.
pub(super) const STATELESS: &[&str] = &["2026-07-28"];
/// All of them.
const EVERY: &[&str] = &[
    "2024-11-05",
    "2025-03-26",
    "2025-06-18",
    "2025-11-25",
    "2026-07-28",
];
/// Where it makes no difference.
const NONE: &[&str] = &[""];

/// Who is answered at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// Whoever asks.
    Anybody,
    /// Those who say who they are.
    Known,
}

/// Every path there is. There is nothing at any other.
pub(super) const PATHS: [(&str, Who); 9] = [
    ("/mcp", Who::Known),
    ("/sse", Who::Known),
    ("/messages/", Who::Known),
    ("/ws", Who::Known),
    // Behind a proxy, as here: without one, for this machine too, which `tokens` tries.
    ("/metrics", Who::Known),
    ("/health", Who::Anybody),
    ("/ready", Who::Anybody),
    ("/.well-known/oauth-protected-resource", Who::Anybody),
    ("/.well-known/oauth-protected-resource/mcp", Who::Anybody),
];

/// Paths that look like one of them.
pub(super) const NO_PATHS: [&str; 5] = ["/", "/mcp/", "/MCP", "/messages", "/health%2f"];

/// Methods that are tried everywhere.
pub(super) const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "FROB"];

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// Nothing in particular.
    Plain,
    /// What a page may do, as browsers ask.
    Preflight,
    /// A call without a session, of a tool that is answered directly.
    DirectCall,
    /// A call without a session, of a tool that looks at its context.
    Call,
    /// A stream without a session.
    Listen,
    /// A session of Streamable HTTP.
    Initialize,
    /// A call within one.
    CallInSession,
    /// A stream within one.
    StreamInSession,
    /// The end of one.
    EndSession,
    /// A session of HTTP+SSE, which is a stream.
    OpenSse,
    /// A message within one.
    Message,
    /// A connection of WebSocket.
    Upgrade,
}

impl What {
    /// Whether it belongs to a session.
    pub(super) fn is_in_session(self) -> bool {
        matches!(
            self,
            Self::CallInSession | Self::StreamInSession | Self::EndSession | Self::Message
        )
    }

    /// Whether it opens what stays open.
    pub(super) fn is_stream(self) -> bool {
        matches!(
            self,
            Self::Listen | Self::StreamInSession | Self::OpenSse | Self::Upgrade
        )
    }

    /// Whether a tool is called that asks for a scope.
    pub(super) fn is_call(self) -> bool {
        matches!(self, Self::DirectCall | Self::Call | Self::CallInSession)
    }
}

/// One thing that is answered: where, to which method, in which versions; the status if all is right, and if all is but
/// the scopes.
pub(super) struct Row(
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) What,
    pub(super) &'static [&'static str],
    pub(super) u16,
    pub(super) u16,
);

/// Everything that is answered. Whatever else is sent to these paths is no method of theirs.
#[rustfmt::skip]
pub(super) const ROWS: [Row; 25] = [
    Row("/mcp",       "POST",   What::DirectCall,      STATELESS,     200, 403),
    Row("/mcp",       "POST",   What::Call,            STATELESS,     200, 403),
    Row("/mcp",       "POST",   What::Listen,          STATELESS,     200, 200),
    Row("/mcp",       "POST",   What::Initialize,      WITH_SESSIONS, 200, 200),
    Row("/mcp",       "POST",   What::CallInSession,   WITH_SESSIONS, 200, 403),
    Row("/mcp",       "GET",    What::StreamInSession, WITH_SESSIONS, 200, 200),
    Row("/mcp",       "DELETE", What::EndSession,      WITH_SESSIONS, 204, 204),
    // Without a session there is nothing to get, to end or to say.
    Row("/mcp",       "GET",    What::Plain,           NONE,          400, 400),
    Row("/mcp",       "DELETE", What::Plain,           NONE,          400, 400),
    Row("/mcp",       "POST",   What::Plain,           NONE,          400, 400),
    Row("/sse",       "GET",    What::OpenSse,         EVERY,         200, 200),
    // What a message is answered comes on the stream, refusals for lack of scopes too.
    Row("/messages/", "POST",   What::Message,         EVERY,         202, 202),
    Row("/messages/", "POST",   What::Plain,           NONE,          400, 400),
    Row("/ws",        "GET",    What::Upgrade,         EVERY,         101, 101),
    Row("/ws",        "GET",    What::Plain,           NONE,          426, 426),
    Row("/metrics",   "GET",    What::Plain,           NONE,          200, 403),
    Row("/metrics",   "HEAD",   What::Plain,           NONE,          200, 403),
    Row("/health",    "GET",    What::Plain,           NONE,          200, 200),
    Row("/health",    "HEAD",   What::Plain,           NONE,          200, 200),
    Row("/ready",     "GET",    What::Plain,           NONE,          200, 200),
    Row("/ready",     "HEAD",   What::Plain,           NONE,          200, 200),
    Row("/.well-known/oauth-protected-resource", "GET",  What::Plain, NONE, 200, 200),
    Row("/.well-known/oauth-protected-resource", "HEAD", What::Plain, NONE, 200, 200),
    Row("/.well-known/oauth-protected-resource/mcp", "GET",  What::Plain, NONE, 200, 200),
    Row("/.well-known/oauth-protected-resource/mcp", "HEAD", What::Plain, NONE, 200, 200),
];

/// How somebody says who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Credential {
    /// Not at all.
    Nothing,
    /// Tokens made by this program.
    Unknown,
    Expired,
    Revoked,
    Lacking,
    Good,
    /// Tokens of an authorization server.
    Forged,
    ExpiredAccess,
    AccessElsewhere,
    LackingAccess,
    GoodAccess,
    /// Good ones, where none belongs or twice.
    InAddress,
    Twice,
    /// Somebody else's.
    Another,
}

impl Credential {
    pub(super) const EACH: [Self; 13] = [
        Self::Nothing,
        Self::Unknown,
        Self::Expired,
        Self::Revoked,
        Self::Lacking,
        Self::Good,
        Self::Forged,
        Self::ExpiredAccess,
        Self::AccessElsewhere,
        Self::LackingAccess,
        Self::GoodAccess,
        Self::InAddress,
        Self::Twice,
    ];
}

/// Which host is addressed, by which page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// By no page.
    None,
    Own,
    Listed,
    Foreign,
    /// `Origin: null`
    Opaque,
    /// One that is listed, and one that is not.
    Two,
    ForeignHost,
    NoHost,
    TwoHosts,
}

impl Page {
    pub(super) const EACH: [Self; 9] = [
        Self::None,
        Self::Own,
        Self::Listed,
        Self::Foreign,
        Self::Opaque,
        Self::Two,
        Self::ForeignHost,
        Self::NoHost,
        Self::TwoHosts,
    ];
}

/// Whose session it is about, where it is about one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Session {
    Own,
    Anothers,
    Unknown,
}

/// What comes as a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    Right,
    WrongType,
    /// Said to be larger than allowed.
    AnnouncedTooLarge,
    /// Larger than allowed, which nobody said.
    TooLarge,
    /// Its end does not come.
    Slow,
}

impl Body {
    pub(super) const EACH: [Self; 5] = [
        Self::Right,
        Self::WrongType,
        Self::AnnouncedTooLarge,
        Self::TooLarge,
        Self::Slow,
    ];
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub(super) path: &'static str,
    pub(super) method: &'static str,
    pub(super) what: What,
    pub(super) version: &'static str,
    pub(super) page: Page,
    pub(super) credential: Credential,
    pub(super) session: Session,
    pub(super) body: Body,
}

impl Case {
    /// The row of the table it is answered by.
    pub(super) fn row(&self) -> Option<&'static Row> {
        let Self {
            path, method, what, ..
        } = self;
        ROWS.iter()
            .find(|Row(at, to, for_what, ..)| (at, to, for_what) == (path, method, what))
    }

    /// Who is answered at its path.
    pub(super) fn who(&self) -> Option<Who> {
        PATHS
            .iter()
            .find(|(path, _)| *path == self.path)
            .map(|(_, who)| *who)
    }
}

/// The status every request is answered with: the first thing that is wrong decides.
pub(super) fn expected(case: &Case) -> u16 {
    match case.page {
        Page::None | Page::Own | Page::Listed => {}
        Page::Foreign | Page::Opaque | Page::Two | Page::ForeignHost => return 403,
        Page::NoHost | Page::TwoHosts => return 400,
    }
    let Some(who) = case.who() else {
        return 404;
    };
    if case.what == What::Preflight && case.page != Page::None {
        return 204;
    }
    if who == Who::Known {
        match case.credential {
            Credential::Nothing | Credential::Unknown | Credential::Expired | Credential::Revoked => {
                return 401;
            }
            Credential::Forged | Credential::ExpiredAccess | Credential::AccessElsewhere => return 401,
            Credential::InAddress | Credential::Twice => return 400,
            Credential::Lacking | Credential::LackingAccess => {}
            Credential::Good | Credential::GoodAccess | Credential::Another => {}
        }
    }
    let Some(Row(_, method, what, _, right, lacking)) = case.row() else {
        return 405;
    };
    if what.is_in_session() && case.session != Session::Own {
        return 404;
    }
    // A message without a session is for nobody, whatever it says.
    if *method == "POST" && (case.path, *what) != ("/messages/", What::Plain) {
        match case.body {
            Body::WrongType => return 415,
            Body::AnnouncedTooLarge | Body::TooLarge => return 413,
            Body::Slow => return 408,
            Body::Right => {}
        }
    }
    match case.credential {
        Credential::Lacking | Credential::LackingAccess => *lacking,
        _ => *right,
    }
}

/// What there is too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pressure {
    /// Requests from the address.
    Address,
    /// Attempts from the address to say who one is.
    FailedLogins,
    /// Requests of the principal.
    Principal,
    /// Calls under way, all together.
    Calls,
    /// Calls under way of the principal.
    CallsOfPrincipal,
    /// Streams.
    Streams,
    /// Sessions of Streamable HTTP.
    Sessions,
}

impl Pressure {
    pub(super) const EACH: [Self; 7] = [
        Self::Address,
        Self::FailedLogins,
        Self::Principal,
        Self::Calls,
        Self::CallsOfPrincipal,
        Self::Streams,
        Self::Sessions,
    ];
}

/// The status of a request under pressure, by somebody who may do everything or nobody knows. Sessions it names are
/// unknown.
pub(super) fn expected_under(pressure: Pressure, case: &Case) -> u16 {
    let usual = expected(case);
    let who = match (case.page, case.who()) {
        (Page::None, Some(who)) => who,
        (Page::Listed, Some(who)) if case.what != What::Preflight => who,
        // Refused or answered before anything is counted.
        _ => return usual,
    };
    let known = who == Who::Known;
    match pressure {
        Pressure::Address => 429,
        // Who is known is let in all the same.
        Pressure::FailedLogins if known && case.credential == Credential::Unknown => 429,
        Pressure::Principal if known => 429,
        Pressure::Calls if known && needs_place(case) => 503,
        Pressure::CallsOfPrincipal if known && needs_place(case) => 429,
        // In a session that is somebody else's there are no streams to have.
        Pressure::Streams if usual == 404 => 404,
        Pressure::Streams if case.what.is_stream() || (case.path, case.method) == ("/mcp", "GET") => 503,
        Pressure::Sessions if case.what == What::Initialize => 503,
        _ => usual,
    }
}

/// Whether a request needs a place among the calls under way. What is got is a stream, or as quickly answered as counted;
/// in a session it is the calls that need one, and in one that is unknown there is none.
fn needs_place(case: &Case) -> bool {
    let is_in_session = case.what.is_in_session() || case.path == "/messages/";
    case.method != "GET" && case.what != What::Listen && !is_in_session
}
