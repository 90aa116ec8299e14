use proptest::prelude::*;

use super::*;

/// A Friday in week 47.
fn now() -> Zoned {
    "2026-11-20T15:30[Europe/Berlin]".parse().unwrap()
}

fn described(text: &str) -> String {
    let text = interval(text, &now())
        .unwrap_or_else(|error| panic!("{error}"))
        .describe();
    text.replace(" 00:00", "").replace(" Europe/Berlin", "")
}

#[test]
fn expressions_mean_intervals() {
    for (text, expected) in [
        ("today", "2026-11-20 … 2026-11-21"),
        ("Yesterday", "2026-11-19 … 2026-11-20"),
        ("this week", "2026-11-16 … 2026-11-23"),
        ("last week", "2026-11-09 … 2026-11-16"),
        ("last month", "2026-10-01 … 2026-11-01"),
        ("this quarter", "2026-10-01 … 2027-01-01"),
        ("last quarter", "2026-07-01 … 2026-10-01"),
        ("last year", "2025-01-01 … 2026-01-01"),
        ("in the last 7 days", "2026-11-14 … 2026-11-21"),
        ("past week", "2026-11-14 … 2026-11-21"),
        ("last two months", "2026-09-21 … 2026-11-21"),
        ("past 24 hours", "2026-11-19 15:30 … 2026-11-20 15:30"),
        ("3 days ago", "2026-11-17 … 2026-11-18"),
        ("a week ago", "2026-11-09 … 2026-11-16"),
        ("2 months ago", "2026-09-01 … 2026-10-01"),
        ("2026", "2026-01-01 … 2027-01-01"),
        ("2026-05", "2026-05-01 … 2026-06-01"),
        ("2026-05-03", "2026-05-03 … 2026-05-04"),
        ("2026-w18", "2026-04-27 … 2026-05-04"),
        ("2026-W53", "2026-12-28 … 2027-01-04"),
        ("2026-Q2", "2026-04-01 … 2026-07-01"),
        ("Q4", "2026-10-01 … 2027-01-01"),
        ("May 2026", "2026-05-01 … 2026-06-01"),
        ("in March", "2026-03-01 … 2026-04-01"),
        ("november", "2026-11-01 … 2026-12-01"),
        ("last November", "2025-11-01 … 2025-12-01"),
        ("december", "2025-12-01 … 2026-01-01"),
        ("last monday", "2026-11-16 … 2026-11-17"),
        ("friday", "2026-11-20 … 2026-11-21"),
        ("last friday", "2026-11-13 … 2026-11-14"),
        ("last weekend", "2026-11-14 … 2026-11-16"),
        ("3 May 2026", "2026-05-03 … 2026-05-04"),
        ("May 3rd", "2026-05-03 … 2026-05-04"),
        ("dec 24", "2025-12-24 … 2025-12-25"),
        ("2026/05/03", "2026-05-03 … 2026-05-04"),
        ("since May 2026", "since 2026-05-01"),
        ("since yesterday", "since 2026-11-19"),
        ("since 2026-05-03 14:00", "since 2026-05-03 14:00"),
        ("after 2026-05", "since 2026-06-01"),
        ("before 2026-05", "before 2026-05-01"),
        ("until 2026-05", "before 2026-06-01"),
        ("2026-05-01..2026-05-03", "2026-05-01 … 2026-05-04"),
        ("..2026-05-03", "before 2026-05-04"),
        ("2026-05-01 .. ", "since 2026-05-01"),
        ("from May to July 2026", "2026-05-01 … 2026-08-01"),
        ("from 2026-05-01 to yesterday", "2026-05-01 … 2026-11-20"),
        ("between monday and wednesday", "2026-11-16 … 2026-11-19"),
        ("any time", "any time"),
    ] {
        assert_eq!(described(text), expected, "{text}");
    }
}

#[test]
fn unknown_expressions_are_explained() {
    for text in [
        "",
        "soon",
        "last",
        "last foo",
        "2026-13",
        "2026-02-30",
        "2026-W60",
        "since",
        "..",
        "last 0 days",
        "last 999999999999 years",
        "99999",
        "q5",
        &"x".repeat(500),
    ] {
        let error = interval(text, &now()).unwrap_err();
        assert_eq!(error.kind(), "unknown_time", "{text}");
        assert!(error.hint().unwrap().contains("last Monday"));
    }
    assert_eq!(
        interval("2026-05..2026-03", &now()).unwrap_err().kind(),
        "invalid_argument"
    );
}

#[test]
fn single_times_include_their_last_day() {
    let local = |at: Timestamp| {
        at.to_zoned(now().time_zone().clone())
            .strftime("%F %H:%M")
            .to_string()
    };
    assert_eq!(
        local(point("2026-05-03", End::Since, &now()).unwrap()),
        "2026-05-03 00:00"
    );
    assert_eq!(
        local(point("2026-05-03", End::Until, &now()).unwrap()),
        "2026-05-04 00:00"
    );
    assert_eq!(
        local(point("last week", End::Until, &now()).unwrap()),
        "2026-11-16 00:00"
    );
    assert_eq!(
        local(point("2026-05-03 14:00", End::Until, &now()).unwrap()),
        "2026-05-03 14:00"
    );
    assert_eq!(
        point("2026-05-03T14:00:00Z", End::Since, &now())
            .unwrap()
            .to_string(),
        "2026-05-03T14:00:00Z"
    );
}

#[test]
fn days_are_as_long_as_the_zone_has_them() {
    let spring: Zoned = "2026-03-29T12:00[Europe/Berlin]".parse().unwrap();
    let today = interval("today", &spring).unwrap();
    assert_eq!(
        today
            .until
            .unwrap()
            .duration_since(today.since.unwrap())
            .as_hours(),
        23
    );
    assert!(today.contains(spring.timestamp()) && !today.contains(today.until.unwrap()));
    let fixed = now().with_time_zone(TimeZone::fixed(jiff::tz::offset(7)));
    assert_eq!(
        interval("today", &fixed).unwrap().describe(),
        "2026-11-20 00:00 … 2026-11-21 00:00 UTC+07"
    );
}

#[test]
fn what_is_no_span_is_told_why() {
    let fail = |text| interval(text, &now()).unwrap_err().to_string();
    assert!(fail("2026-05-01 10:00").contains("is a single moment: give a day"));
    assert!(fail("2026-05-02..2026-05-01").contains("ends before it begins"));
    let both = interval("2026-05-01 10:00..2026-05-01 12:00", &now()).unwrap();
    assert!(both.since < both.until);
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,30}|((since|last|from|to|ago|may|[0-9]{1,5}|-|q|w|\\.\\.|days?|week|monday) ?){0,6}") {
        if let Ok(Interval { since: Some(since), until: Some(until), .. }) = interval(&text, &now()) {
            prop_assert!(since < until);
        }
    }
}
