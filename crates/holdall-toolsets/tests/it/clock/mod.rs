//! The clock, as clients see it, at a moment that stands still.

use holdall::Server;
use holdall_testkit::Client;
use holdall_toolsets::clock::{ClockConfig, ClockToolset};
use serde_json::{Value, json};

const VERSIONS: [&str; 5] = [
    "2024-11-05",
    "2025-03-26",
    "2025-06-18",
    "2025-11-25",
    "2026-07-28",
];

/// It is a Saturday in Berlin.
fn server() -> Server {
    let config = ClockConfig {
        timezone: Some("Europe/Berlin".into()),
    };
    let now = "2026-11-21T17:12:00Z".parse().unwrap();
    Server::new("test").add(ClockToolset::new(&config).unwrap().with_now(move || now))
}

async fn text(client: &Client, tool: &str, arguments: Value) -> String {
    let shown = arguments.to_string();
    match client.call(tool, arguments).await.outcome() {
        Ok(text) => text,
        Err(text) => panic!("{tool} {shown}: {text}"),
    }
}

#[tokio::test]
async fn every_version_is_told_the_time() {
    for version in VERSIONS {
        let client = Client::connect(server()).protocol(version).await;
        let here =
            "Saturday, 2026-11-21T18:12:00+01:00, Europe/Berlin (CET), week 2026-W47, day 325 of the year";
        assert_eq!(text(&client, "current_time", json!({})).await, here, "{version}");
        let there = text(&client, "current_time", json!({"timezone": "Asia/Kathmandu"})).await;
        assert!(
            there.starts_with("Saturday, 2026-11-21T22:57:00+05:45, Asia/Kathmandu"),
            "{there}"
        );
    }
    let client = Client::connect(server()).await;
    // A zone that is not what most who name it mean.
    let fixed = text(&client, "current_time", json!({"timezone": "EST"})).await;
    assert!(
        fixed.contains("\n(`EST` is a fixed offset without daylight saving time"),
        "{fixed}"
    );
    let reply = client
        .call("current_time", json!({"timezone": "UTC+2"}))
        .await
        .json();
    assert_eq!(
        reply,
        json!({
            "datetime": "2026-11-21T19:12:00+02:00",
            "timezone": "+02",
            "offset": "+02:00",
            "abbreviation": "+02",
            "is_dst": false,
            "weekday": "Saturday",
            "week": "2026-W47",
            "day_of_year": 325,
            "unix_seconds": 1795281120
        })
    );
}

#[tokio::test]
async fn times_are_read_as_people_write_them() {
    let client = Client::connect(server()).await;
    for (written, expected) in [
        ("2026-05-01T15:30", "2026-05-01T15:30:00+02:00"),
        ("2026-05-01 15:30", "2026-05-01T15:30:00+02:00"),
        ("2026-05-01", "2026-05-01T00:00:00+02:00"),
        ("2026-05-01T15:30Z", "2026-05-01T17:30:00+02:00"),
        ("2026-05-01 15:30 +09:00", "2026-05-01T08:30:00+02:00"),
        ("2026-05-01T15:30[America/New_York]", "2026-05-01T15:30:00-04:00"),
        ("15:30", "2026-11-21T15:30:00+01:00"),
        ("3:30 pm", "2026-11-21T15:30:00+01:00"),
        ("3pm", "2026-11-21T15:00:00+01:00"),
        ("noon", "2026-11-21T12:00:00+01:00"),
        ("now", "2026-11-21T18:12:00+01:00"),
        ("tomorrow 9:00", "2026-11-22T09:00:00+01:00"),
        ("yesterday at 9am", "2026-11-20T09:00:00+01:00"),
        ("1 May 2026", "2026-05-01T00:00:00+02:00"),
        ("May 1, 2026 15:30", "2026-05-01T15:30:00+02:00"),
        ("May 12 2026 15:30", "2026-05-12T15:30:00+02:00"),
        ("12May2026", "2026-05-12T00:00:00+02:00"),
        ("01.05.2026 15:30", "2026-05-01T15:30:00+02:00"),
        ("2026-W18-5", "2026-05-01T00:00:00+02:00"),
        ("Fri, 1 May 2026 15:30:00 +0200", "2026-05-01T15:30:00+02:00"),
        ("@0", "1970-01-01T01:00:00+01:00"),
        ("1795281120", "2026-11-21T18:12:00+01:00"),
        ("2024-02-29", "2024-02-29T00:00:00+01:00"),
        ("9999-12-30", "9999-12-30T00:00:00+01:00"),
        ("-009999-01-03", "-009999-01-03T00:00:00+00:53:28"),
        ("-9999-01-03", "-009999-01-03T00:00:00+00:53:28"),
        ("-0044-03-15T12:00", "-000044-03-15T12:00:00+00:53:28"),
        ("2026-05-01 15:30 Asia/Tokyo", "2026-05-01T15:30:00+09:00"),
        ("1 May 2026 3:30 pm america/new_york", "2026-05-01T15:30:00-04:00"),
        ("2026-05-01 Asia/Tokyo", "2026-05-01T00:00:00+09:00"),
        ("15:30 Asia/Tokyo", "2026-11-22T15:30:00+09:00"),
        ("2026-05-01 15:30 UTC", "2026-05-01T17:30:00+02:00"),
        ("1 May 2026 15:30 +09:00", "2026-05-01T08:30:00+02:00"),
        ("15:30 tomorrow", "2026-11-22T15:30:00+01:00"),
        ("Friday, 1 May 2026", "2026-05-01T00:00:00+02:00"),
        ("Fri 2026-05-01 15:30", "2026-05-01T15:30:00+02:00"),
        ("13/06/2026", "2026-06-13T00:00:00+02:00"),
        ("06/13/2026 15:30", "2026-06-13T15:30:00+02:00"),
        ("06/06/2026", "2026-06-06T00:00:00+02:00"),
    ] {
        let arguments = json!({"time": written, "format": "iso"});
        assert_eq!(
            text(&client, "format_datetime", arguments).await,
            expected,
            "{written}"
        );
    }
    for (written, said) in [
        ("", "no time is given"),
        ("soon", "`soon` is not understood as a time"),
        ("2026-02-29", "the calendar or the clock has no `2026-02-29`"),
        ("2026-13-01", "has no `2026-13-01`"),
        ("25:00", "not understood"),
        ("05/06/2026", "unclear which number"),
        ("99999-01-01", "not understood"),
        ("\u{202e}\u{0}", "not understood"),
        ("May 2026", "`May 2026` names no day"),
        ("Dec 2026", "`Dec 2026` names no day"),
        ("May 2026 15:30", "`May 2026` names no day"),
        ("1 May", "`1 May` names no year"),
        ("May 12 3pm", "`May 12` names no year"),
        ("september", "`september` names no day and no year"),
        ("1 May 26", "`1 May 26` has a year of two digits"),
        ("1 May 26 15:30", "`1 May 26` has a year of two digits"),
        ("31 Dec 99", "`31 Dec 99` has a year of two digits"),
        ("Dec 31, 99", "has a year of two digits"),
        ("01.05.26", "`01.05.26` has a year of two digits"),
        ("26/05/01", "`26/05/01` has a year of two digits"),
        ("1 May 026", "`1 May 026` has no year of four digits"),
        ("May 12026", "has no year of four digits"),
        ("2026-05-01T15:30+09:00[Europe/Berlin]", "the offset in"),
        ("@99999999999999999999", "not understood"),
        (
            "@999999999999",
            "beyond the times calculated here: 2 January -9999 to 30 December 9999",
        ),
        ("9999-12-31T23:59:59", "beyond the times calculated here"),
        ("-9999-01-01", "beyond the times calculated here"),
        ("2026-05-01 15:30 PST", "there is no time zone `PST`"),
        (
            "Mon, 1 May 2026 15:30:00 +0200",
            "the weekday of `Mon, 1 May 2026 15:30:00` is wrong: 2026-05-01 is a Friday",
        ),
        ("Monday, 1 May 2026", "2026-05-01 is a Friday"),
        ("Monday 15:30", "not understood"),
        ("13/14/2026", "neither number can be the month"),
        ("31/02/2026", "the calendar has no `31/02/2026`"),
        ("13/06/26", "has a year of two digits"),
        (&"1".repeat(100_000), "not understood"),
    ] {
        let error = client.call("format_datetime", json!({ "time": written })).await;
        let error = error.expect_error("invalid_arguments");
        assert!(error.message.contains(said), "{written:.20}: {error}");
        assert!(
            error.message.chars().count() < 200 && error.hint.is_some(),
            "{error}"
        );
        assert!(!error.message.contains(['\u{202e}', '\u{0}']), "{error}");
    }
}

#[tokio::test]
async fn gaps_and_folds_are_said_out_loud() {
    let client = Client::connect(server()).await;
    let convert = async |time: &str, from: &str| {
        let arguments = json!({"time": time, "from": from, "to": "UTC"});
        client.call("convert_timezone", arguments).await.json()
    };
    let gap = convert("2026-03-29T02:30", "Europe/Berlin").await;
    assert_eq!(gap["target"]["datetime"], "2026-03-29T01:30:00+00:00");
    assert_eq!(
        gap["notes"],
        json!([
            "2026-03-29T02:30:00 does not exist in Europe/Berlin: the clocks go forward there, from offset +01 to +02; it \
             is read as 2026-03-29T03:30:00 (offset +02)"
        ])
    );
    let fold = convert("2026-10-25T02:30", "Europe/Berlin").await;
    assert_eq!(fold["target"]["datetime"], "2026-10-25T00:30:00+00:00");
    assert_eq!(
        fold["notes"],
        json!([
            "2026-10-25T02:30:00 comes twice in Europe/Berlin: the clocks go back there, from offset +02 to +01; the first \
             is taken, the second is 2026-10-25T02:30:00+01"
        ])
    );
    // What the note says can be written.
    let second = convert("2026-10-25T02:30:00+01", "Europe/Berlin").await;
    assert_eq!(second["target"]["datetime"], "2026-10-25T01:30:00+00:00");
    assert_eq!(second["notes"], Value::Null);
    // Half an hour, in the other hemisphere.
    let half = convert("2026-04-05T01:45", "Australia/Lord_Howe").await;
    assert!(
        half["notes"][0]
            .as_str()
            .unwrap()
            .contains("from offset +11 to +10:30"),
        "{half}"
    );
    // A day Samoa never had.
    let lost = convert("2011-12-30T12:00", "Pacific/Apia").await;
    assert!(
        lost["notes"][0].as_str().unwrap().contains("does not exist"),
        "{lost}"
    );
    let fixed = convert("2026-07-01T12:00", "EST").await;
    assert!(
        fixed["notes"][0]
            .as_str()
            .unwrap()
            .contains("without daylight saving"),
        "{fixed}"
    );
}

#[tokio::test]
async fn unknown_zones_get_near_names() {
    let client = Client::connect(server()).await;
    for (zone, hint) in [
        ("Europe/Berln", "did you mean Europe/Berlin?"),
        ("Berlin", "did you mean Europe/Berlin?"),
        ("new york", "did you mean America/New_York?"),
        ("PST", "did you mean America/Los_Angeles?"),
        ("CST", "did you mean America/Chicago, Asia/Shanghai?"),
        ("San Francisco", "did you mean America/Los_Angeles?"),
        ("../../etc/passwd", "give an IANA name"),
        ("+25:00", "give an IANA name"),
        ("Zürich", "did you mean Europe/Zurich?"),
        (&"x".repeat(100_000), "give an IANA name"),
    ] {
        let error = client.call("current_time", json!({ "timezone": zone })).await;
        let error = error.expect_error("invalid_arguments");
        assert!(error.message.starts_with("there is no time zone `"), "{error}");
        assert!(
            error.hint.clone().unwrap().starts_with(hint),
            "{zone:.20}: {error}"
        );
        assert!(error.message.chars().count() < 100, "{error}");
    }
    for known in [
        "europe/berlin",
        " UTC ",
        "Z",
        "-03:30",
        "+0545",
        "GMT+1",
        "",
        "local",
    ] {
        let _ = text(&client, "current_time", json!({ "timezone": known })).await;
    }
    let config = ClockConfig {
        timezone: Some("Mars/Olympus".into()),
    };
    let error = ClockToolset::new(&config).unwrap_err();
    assert_eq!(error.to_string(), "there is no time zone `Mars/Olympus`");
}

#[tokio::test]
async fn durations_are_added() {
    let client = Client::connect(server()).await;
    let add = async |time: &str, duration: &str| {
        let reply = client
            .call("add_duration", json!({"time": time, "duration": duration}))
            .await;
        let reply = reply.json();
        (
            reply["result"]["datetime"].as_str().unwrap().to_owned(),
            reply["notes"].clone(),
        )
    };
    for (time, duration, expected) in [
        ("2026-11-21T18:12", "2 weeks 3 days", "2026-12-08T18:12:00+01:00"),
        (
            "2026-11-21T18:12",
            "2 weeks and 3 days",
            "2026-12-08T18:12:00+01:00",
        ),
        ("2026-11-21T18:12", "P2W3D", "2026-12-08T18:12:00+01:00"),
        ("2026-11-21T18:12", "-90 minutes", "2026-11-21T16:42:00+01:00"),
        ("2026-11-21T18:12", "90 minutes ago", "2026-11-21T16:42:00+01:00"),
        ("2026-11-21T18:12", "1h 30m", "2026-11-21T19:42:00+01:00"),
        ("2026-11-21T18:12", "an hour", "2026-11-21T19:12:00+01:00"),
        ("2026-11-21T18:12", "-P1Y2M", "2025-09-21T18:12:00+02:00"),
        ("2026-11-20T09:00", "1 business day", "2026-11-23T09:00:00+01:00"),
        ("2026-11-21T09:00", "1 business day", "2026-11-23T09:00:00+01:00"),
        ("2026-11-21T09:00", "-1 business day", "2026-11-20T09:00:00+01:00"),
        ("2026-11-20T09:00", "10 working days", "2026-12-04T09:00:00+01:00"),
        (
            "2026-11-20T09:00",
            "5 business days ago",
            "2026-11-13T09:00:00+01:00",
        ),
        ("2024-02-29", "4 years", "2028-02-29T00:00:00+01:00"),
        (
            "2026-11-20T09:00",
            "in 10 business days",
            "2026-12-04T09:00:00+01:00",
        ),
        ("2026-11-20T09:00", "in 3 days", "2026-11-23T09:00:00+01:00"),
        ("2026-11-20T09:00", "In an hour", "2026-11-20T10:00:00+01:00"),
    ] {
        let (result, notes) = add(time, duration).await;
        assert_eq!(result, expected, "{time} {duration}: {notes}");
    }
    let (result, notes) = add("2024-02-29", "1 year").await;
    assert_eq!(result, "2025-02-28T00:00:00+01:00");
    assert_eq!(
        notes,
        json!(["February 2025 has no day 29: the last day of the month is taken"])
    );
    let (result, notes) = add("2026-03-28T02:30", "1 day").await;
    assert_eq!(result, "2026-03-29T03:30:00+02:00");
    assert!(notes[0].as_str().unwrap().contains("does not exist"), "{notes}");
    // A day is no 24 hours when the clocks change.
    let (result, notes) = add("2026-03-28T12:00", "24 hours").await;
    assert_eq!(result, "2026-03-29T13:00:00+02:00");
    assert_eq!(
        notes,
        json!(["the clocks of Europe/Berlin change in between, from offset +01 to +02"])
    );
    for (duration, said) in [
        ("", "not understood as a duration"),
        ("many moons", "not understood as a duration"),
        ("in 3 days ago", "not understood as a duration"),
        ("20000 years", "`20000 years` is too large"),
        ("-20000 years", "`-20000 years` is too large"),
        ("99999999 years", "`99999999 years` is too large"),
        ("P99999Y", "`P99999Y` is too large"),
        ("9000 years", "beyond the times"),
        ("9999999999999999999 business days", "are too many"),
        ("6000001 business days", "`6000001 business days` are too many"),
        ("6000000 business days", "beyond the times"),
        ("-9223372036854775808 seconds", ""),
    ] {
        let arguments = json!({"time": "now", "duration": duration});
        let error = client
            .call("add_duration", arguments)
            .await
            .expect_error("invalid_arguments");
        assert!(
            error.message.contains(said) && error.hint.is_some(),
            "{duration}: {error}"
        );
    }
}

#[tokio::test]
async fn the_time_between_is_counted() {
    let client = Client::connect(server()).await;
    let between = async |start: &str, end: &str| {
        let reply = client
            .call("time_between", json!({"start": start, "end": end}))
            .await;
        reply.json()
    };
    let reply = between("1990-05-17", "2026-11-21").await;
    assert_eq!(reply["words"], "36 years, 6 months, 4 days");
    assert_eq!(
        (&reply["iso"], &reply["days"]),
        (&json!("P36Y6M4D"), &json!(13337))
    );
    let reply = between("2026-11-21", "2026-11-16").await;
    assert_eq!(reply["words"], "5 days earlier");
    assert_eq!(
        (&reply["days"], &reply["business_days"]),
        (&json!(-5), &json!(-5))
    );
    for (start, end, business) in [
        ("2026-11-16", "2026-11-23", 5),
        ("2026-11-20", "2026-11-23", 1),
        ("2026-11-21", "2026-11-22", 0),
        ("2026-01-01", "2027-01-01", 261),
    ] {
        assert_eq!(
            between(start, end).await["business_days"],
            business,
            "{start} {end}"
        );
    }
    let reply = between("2026-03-28T12:00", "2026-03-29T12:00").await;
    assert_eq!(
        (&reply["words"], &reply["seconds"]),
        (&json!("1 day"), &json!(82_800.0))
    );
    assert!(
        reply["notes"][0].as_str().unwrap().contains("change in between"),
        "{reply}"
    );
    let reply = between("-009999-01-03", "9999-12-30").await;
    assert_eq!(reply["days"], 7_304_480, "{reply}");
    assert_eq!(between("now", "now").await["words"], "0 seconds");
}

#[tokio::test]
async fn times_are_written_in_other_forms() {
    let client = Client::connect(server()).await;
    for (format, expected) in [
        ("long", "Friday, 1 May 2026, 15:30:00 +02:00"),
        ("date", "2026-05-01"),
        ("week", "2026-W18-5"),
        ("rfc2822", "Fri, 1 May 2026 15:30:00 +0200"),
        ("unix", "1777642200"),
        ("%d.%m.%Y %H:%M %Z", "01.05.2026 15:30 CEST"),
        ("100 %% of day %j", "100 % of day 121"),
    ] {
        let arguments = json!({"time": "2026-05-01T15:30", "format": format});
        assert_eq!(
            text(&client, "format_datetime", arguments).await,
            expected,
            "{format}"
        );
    }
    for format in ["", "fancy", "%", "%!", "%€", &"%A".repeat(101)] {
        let arguments = json!({"time": "now", "format": format});
        let error = client.call("format_datetime", arguments).await;
        let error = error.expect_error("invalid_arguments");
        assert!(error.message.contains("is no format"), "{format}: {error}");
    }
}
