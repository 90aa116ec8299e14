//! Turns, incidents, and what is let go of.

use std::cell::Cell;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use super::{Check, History, Pace, Retention};
use crate::store::StoreError;

const PACE: Pace = Pace {
    interval_ms: 60_000,
    jitter_percent: 0,
};
const RETENTION: Retention = Retention {
    checks_max: 100,
    days_max: 30,
};

fn at(seconds: i64) -> Timestamp {
    "2026-06-15T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

fn history(folder: &TempDir) -> History {
    History::open(&folder.path().join("deep/sites.db"), RETENTION).unwrap()
}

fn check(site: &str, seconds: i64, state: &str) -> Check {
    Check {
        site: site.to_owned(),
        at: at(seconds),
        up: state == "up",
        state: state.to_owned(),
        status: None,
        total_ms: 7,
        message: (state != "up").then(|| format!("it is {state}")),
        certificate_until: None,
        changed: false,
    }
}

fn middle() -> f64 {
    0.5
}

#[test]
fn each_site_is_checked_once_an_interval_by_whoever_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (history(&folder), history(&folder));
    let sites = ["a", "b", "c"];
    assert_eq!(one.claim(&sites, at(0), PACE, 2, middle).unwrap(), [0, 1]);
    assert_eq!(other.claim(&sites, at(0), PACE, 8, middle).unwrap(), [2]);
    assert!(one.claim(&sites, at(59), PACE, 8, middle).unwrap().is_empty());
    // Another process may watch other sites, too.
    assert_eq!(other.claim(&["d", "a"], at(59), PACE, 8, middle).unwrap(), [0]);
    assert_eq!(one.claim(&sites, at(60), PACE, 8, middle).unwrap(), [0, 1, 2]);
    assert!(other.claim(&sites, at(61), PACE, 8, middle).unwrap().is_empty());
    assert!(one.claim(&sites, at(600), PACE, 0, middle).unwrap().is_empty());
    assert!(one.claim(&[], at(600), PACE, 8, middle).unwrap().is_empty());
}

#[test]
fn who_waits_longest_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(&folder);
    assert_eq!(history.claim(&["a"], at(0), PACE, 8, middle).unwrap(), [0]);
    assert_eq!(history.claim(&["b"], at(10), PACE, 8, middle).unwrap(), [0]);
    let sites = ["b", "a", "new"];
    assert_eq!(history.claim(&sites, at(100), PACE, 1, middle).unwrap(), [2]);
    assert_eq!(history.claim(&sites, at(100), PACE, 1, middle).unwrap(), [1]);
    assert_eq!(history.claim(&sites, at(100), PACE, 1, middle).unwrap(), [0]);
}

#[test]
fn a_clock_that_was_wrong_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(&folder);
    assert_eq!(
        history.claim(&["a"], at(1_000_000), PACE, 8, middle).unwrap(),
        [0]
    );
    assert_eq!(history.claim(&["a"], at(0), PACE, 8, middle).unwrap(), [0]);
    assert!(history.claim(&["a"], at(1), PACE, 8, middle).unwrap().is_empty());
}

#[test]
fn checks_come_earlier_or_later_by_as_much_as_was_said() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(&folder);
    let pace = Pace {
        jitter_percent: 10,
        ..PACE
    };
    for (chance, due) in [(0.0, 54), (0.5, 60), (1.0, 66)] {
        let site = [format!("{chance}")];
        let site = [site[0].as_str()];
        let asked = Cell::new(0);
        let chance = || {
            asked.set(asked.get() + 1);
            chance
        };
        assert_eq!(history.claim(&site, at(0), pace, 8, chance).unwrap(), [0]);
        assert_eq!(asked.get(), 1);
        assert!(
            history
                .claim(&site, at(due - 1), pace, 8, middle)
                .unwrap()
                .is_empty()
        );
        assert_eq!(history.claim(&site, at(due), pace, 8, middle).unwrap(), [0]);
    }
}

#[test]
fn incidents_begin_and_end_and_only_what_is_new_is_news() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(&folder);
    let reader = History::open(&folder.path().join("deep/sites.db"), RETENTION).unwrap();
    let known = reader.newest().unwrap();
    for (seconds, state) in [
        (0, "up"),
        (60, "up"),
        (120, "timed_out"),
        (180, "timed_out"),
        (240, "refused"),
        (300, "up"),
    ] {
        history.record(&check("a", seconds, state)).unwrap();
    }
    let (changed, newest) = reader.news(known).unwrap();
    assert_eq!((changed, newest), (vec!["a".to_owned()], 6));
    assert_eq!(reader.news(newest).unwrap(), (vec![], 6));
    history.record(&check("a", 360, "up")).unwrap();
    assert_eq!(reader.news(6).unwrap(), (vec![], 7));
    let changed = reader.checks("a", None, true, 10).unwrap();
    let changed: Vec<_> = changed
        .iter()
        .map(|check| (check.at, check.state.as_str()))
        .collect();
    assert_eq!(
        changed,
        [
            (at(300), "up"),
            (at(240), "refused"),
            (at(120), "timed_out"),
            (at(0), "up")
        ]
    );
    let incidents = reader.incidents("a", 10).unwrap();
    let [incident] = incidents.as_slice() else {
        panic!("{incidents:?}")
    };
    assert_eq!(
        (incident.began, incident.ended, incident.checks),
        (at(120), Some(at(300)), 3)
    );
    assert_eq!(
        (incident.state.as_str(), incident.message.as_deref()),
        ("refused", Some("it is refused"))
    );
    let summary = reader.summary("a", at(400)).unwrap().unwrap();
    assert_eq!(
        (summary.since, summary.last.at, summary.day, summary.month),
        (at(300), at(360), (7, 4), (7, 4))
    );
    assert_eq!(reader.summary("b", at(400)).unwrap(), None);
}

#[test]
fn checks_are_paged_and_told_apart_by_site() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(&folder);
    for seconds in 0..10 {
        history.record(&check("a", seconds, "up")).unwrap();
        history.record(&check("b", seconds, "up")).unwrap();
    }
    let page = history.checks("a", None, false, 4).unwrap();
    assert_eq!(
        page.iter().map(|check| check.at).collect::<Vec<_>>(),
        [at(9), at(8), at(7), at(6)]
    );
    let next = history.checks("a", Some(page[3].at), false, 4).unwrap();
    assert_eq!(
        next.iter().map(|check| check.at).collect::<Vec<_>>(),
        [at(5), at(4), at(3), at(2)]
    );
    assert_eq!(history.latest(&["b"], 3).unwrap().len(), 3);
    assert!(
        history
            .latest(&["b", "c"], 100)
            .unwrap()
            .iter()
            .all(|check| check.site == "b")
    );
    assert!(history.latest(&[], 3).unwrap().is_empty());
}

#[test]
fn the_oldest_checks_go_first() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(&folder);
    for minute in 0..250 {
        history.record(&check("a", minute * 60, "up")).unwrap();
    }
    let kept = history.checks("a", None, false, 1000).unwrap();
    assert_eq!((kept.len(), kept.last().unwrap().at), (100, at(150 * 60)));
    // When it became what it is has been let go of; it has been so for as long as is known.
    assert_eq!(history.summary("a", at(0)).unwrap().unwrap().since, at(150 * 60));
    let month = 31 * 24 * 60 * 60;
    history.record(&check("gone", 0, "timed_out")).unwrap();
    history.record(&check("gone", 1, "up")).unwrap();
    history.claim(&["gone"], at(0), PACE, 1, middle).unwrap();
    history.record(&check("a", month + 250 * 60, "up")).unwrap();
    assert!(history.checks("gone", None, false, 1000).unwrap().is_empty());
    assert!(history.incidents("gone", 1000).unwrap().is_empty());
    assert_eq!(history.checks("a", None, false, 1000).unwrap().len(), 1);
    let names = history.store.read(|reading| {
        Ok::<i64, StoreError>(reading.query_row("SELECT count(*) FROM sites", [], |row| row.get(0))?)
    });
    let names = names.unwrap();
    assert_eq!(names, 0);
}

#[test]
fn incidents_are_bounded_too() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(&folder);
    for number in 0..i64::from(super::INCIDENTS_MAX) + 5 {
        history.record(&check("a", number * 2, "timed_out")).unwrap();
        history.record(&check("a", number * 2 + 1, "up")).unwrap();
    }
    let kept = history.incidents("a", 5_000).unwrap();
    assert_eq!(
        (kept.len(), kept.last().unwrap().began),
        (super::INCIDENTS_MAX as usize, at(10))
    );
}

#[test]
fn the_questions_asked_each_second_use_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(&folder);
    for question in [
        "SELECT state FROM checks WHERE site = 'a' ORDER BY id DESC LIMIT 1",
        "SELECT at_ms FROM checks WHERE site = 'a' AND changed ORDER BY id DESC LIMIT 1",
        "SELECT count(*), coalesce(sum(up), 0) FROM checks WHERE site = 'a' AND at_ms >= 1",
        "SELECT id, site, changed FROM checks WHERE id > 1 ORDER BY id LIMIT 10",
        "DELETE FROM checks WHERE at_ms < 1",
        "DELETE FROM incidents WHERE ended_ms < 1",
        "UPDATE incidents SET checks = 2 WHERE site = 'a' AND ended_ms IS NULL",
    ] {
        let plan = history.store.read(|reading| {
            let mut statement = reading.prepare(&format!("EXPLAIN QUERY PLAN {question}"))?;
            let steps = statement.query_map([], |row| row.get::<_, String>(3))?;
            Ok::<_, StoreError>(steps.collect::<Result<Vec<_>, _>>()?)
        });
        let plan = plan.unwrap().join("; ");
        assert!(
            plan.contains("SEARCH") && !plan.contains("SCAN") && !plan.contains("TEMP"),
            "{question}: {plan}"
        );
    }
}

#[test]
fn files_of_others_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("letter.txt");
    std::fs::write(
        &text,
        "Dear Ada, this is no database at all, but long enough to be taken for one",
    )
    .unwrap();
    assert!(matches!(History::open(&text, RETENTION), Err(StoreError::Foreign { path, .. }) if path == text));
    assert!(std::fs::read_to_string(&text).unwrap().starts_with("Dear Ada"));

    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE letters (text)")
        .unwrap();
    assert!(matches!(
        History::open(&other, RETENTION),
        Err(StoreError::Foreign { .. })
    ));

    let newer = folder.path().join("newer.db");
    drop(History::open(&newer, RETENTION).unwrap());
    rusqlite::Connection::open(&newer)
        .unwrap()
        .pragma_update(None, "user_version", 2)
        .unwrap();
    let error = History::open(&newer, RETENTION).err().unwrap();
    assert!(
        matches!(
            error,
            StoreError::Newer {
                found: 2,
                known: 1,
                ..
            }
        ),
        "{error}"
    );

    assert!(matches!(
        History::open(folder.path(), RETENTION),
        Err(StoreError::Open { .. })
    ));
}

#[cfg(unix)]
#[test]
fn nobody_else_reads_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    drop(history(&folder));
    let mode = std::fs::metadata(folder.path().join("deep/sites.db"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn many_may_write_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let histories: Vec<History> = (0..4).map(|_| history(&folder)).collect();
    let sites: Vec<String> = (0..40).map(|number| format!("site {number}")).collect();
    let names: Vec<&str> = sites.iter().map(String::as_str).collect();
    let claimed: usize = std::thread::scope(|scope| {
        let workers = histories.iter().map(|history| {
            let names = &names;
            scope.spawn(move || {
                let mut claimed = 0;
                loop {
                    let mine = history.claim(names, at(0), PACE, 3, middle).unwrap();
                    if mine.is_empty() {
                        return claimed;
                    }
                    claimed += mine.len();
                    for index in mine {
                        history.record(&check(names[index], 0, "up")).unwrap();
                    }
                }
            })
        });
        let workers: Vec<_> = workers.collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    assert_eq!(claimed, 40, "each was checked by one");
    assert_eq!(histories[0].latest(&names, 1000).unwrap().len(), 40);
}
