//! Reading, listing, relating.

use holdall_notes::{Filter, ListRequest, Relation, Sort};

use crate::support::{Desk, found};

#[test]
fn lines_are_counted_from_one_and_end_where_the_note_does() {
    let desk = Desk::new(&[("a.md", "one\ntwo\r\nthree"), ("empty.md", "")]);
    let notebook = desk.open_words();
    let read = |path: &str, lines| {
        let note = notebook.read(path, lines).unwrap();
        (note.text, note.lines, note.lines_total)
    };
    assert_eq!(read("a.md", None), ("one\ntwo\r\nthree".into(), 1..4, 3));
    assert_eq!(read("a", Some(2..3)), ("two\r\n".into(), 2..3, 3));
    assert_eq!(read("a.md", Some(0..1)), (String::new(), 1..1, 3));
    assert_eq!(read("a.md", Some(3..u32::MAX)), ("three".into(), 3..4, 3));
    assert_eq!(read("a.md", Some(9..12)), (String::new(), 4..4, 3));
    #[expect(clippy::reversed_empty_ranges, reason = "what a caller may give")]
    let backwards = 3..1;
    assert_eq!(read("a.md", Some(backwards)), (String::new(), 3..3, 3));
    assert_eq!(read("empty.md", None), (String::new(), 1..1, 0));
}

#[test]
fn a_bare_name_means_the_only_note_that_has_it() {
    let desk = Desk::new(&[
        ("a/plan.md", "x"),
        ("b/plan.md", "y"),
        ("a/Idea.md", "z"),
        ("caf\u{e9}.md", "w"),
    ]);
    let notebook = desk.open_words();
    assert_eq!(notebook.resolve("idea").unwrap().as_str(), "a/Idea.md");
    assert_eq!(notebook.resolve("Idea.md").unwrap().as_str(), "a/Idea.md");
    assert_eq!(
        notebook.resolve("cafe\u{301}.md").unwrap().as_str(),
        "caf\u{e9}.md"
    );
    let error = notebook.resolve("plan").unwrap_err();
    assert_eq!(error.kind(), "ambiguous");
    assert!(error.to_string().contains("a/plan.md, b/plan.md"), "{error}");
    assert_eq!(notebook.resolve("nothing").unwrap_err().kind(), "not_found");
}

#[test]
fn pages_together_are_the_list() {
    let desk = Desk::new(&[]);
    for n in 0..57 {
        desk.put(
            &format!("2026-01-{:02} n{n}.md", n % 28 + 1),
            format!("# T{}\n", n % 10),
        );
    }
    let notebook = desk.open_words();
    for sort in [Sort::Date, Sort::Modified, Sort::Path, Sort::Title] {
        let mut request = ListRequest {
            sort,
            limit: 10,
            ..ListRequest::default()
        };
        let mut seen = Vec::new();
        loop {
            let page = notebook.list(&request).unwrap();
            assert_eq!(page.total, 57);
            seen.extend(page.notes.iter().map(|note| note.path.to_string()));
            request.cursor = match page.next {
                Some(next) => Some(next),
                None => break,
            };
        }
        let whole = ListRequest {
            sort,
            limit: 57,
            ..ListRequest::default()
        };
        let whole: Vec<_> = notebook
            .list(&whole)
            .unwrap()
            .notes
            .iter()
            .map(|note| note.path.to_string())
            .collect();
        assert_eq!(seen, whole, "{sort:?}");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 57);
    }
    let request = ListRequest {
        cursor: Some("nothing.md".into()),
        ..ListRequest::default()
    };
    assert_eq!(notebook.list(&request).unwrap_err().kind(), "invalid_argument");
    let request = ListRequest {
        filter: Filter {
            folder: Some("x".into()),
            ..Filter::default()
        },
        ..ListRequest::default()
    };
    assert_eq!(notebook.list(&request).unwrap().total, 0);
}

#[test]
fn related_notes_are_linked_or_alike() {
    let desk = Desk::new(&[
        ("car.md", "The mechanic repaired the engine, see [[trip]]."),
        ("trip.md", "We drove to the sea."),
        ("garage.md", "A mechanic fixes engines of cars."),
        ("diary.md", "Today: [the car](car.md)."),
        ("soup.md", "Onions, carrots and stock."),
    ]);
    let notebook = desk.open();
    let related = notebook.related("car", 10).unwrap();
    let of = |path: &str| {
        related
            .iter()
            .find(|related| related.note.path.as_str() == path)
            .unwrap()
    };
    assert!(of("trip.md").relations.contains(&Relation::LinksTo));
    assert!(of("diary.md").relations.contains(&Relation::LinkedFrom));
    assert_eq!(of("garage.md").relations, [Relation::Similar]);
    let similar: Vec<_> = related
        .iter()
        .filter(|related| related.relations == [Relation::Similar])
        .collect();
    assert_eq!(similar[0].note.path.as_str(), "garage.md");
    assert!(
        related
            .iter()
            .all(|related| related.note.path.as_str() != "car.md")
    );
    assert_eq!(notebook.related("car", 2).unwrap().len(), 2);
}

#[test]
fn other_languages_are_found() {
    let desk = Desk::new(&[
        ("zh.md", "妈妈下周来，要准备房间和药。"),
        ("th.md", "ข้าวซอยต้องเคี่ยวไก่นานสี่สิบนาที"),
        (
            "de.md",
            "Die Heizkörper müssen entlüftet werden, bevor es kalt wird.",
        ),
        ("es.md", "Comemos paella de arroz en el mercado de Valencia."),
        ("en.md", "Something else entirely."),
    ]);
    let notebook = desk.open_words();
    for (query, path) in [
        ("准备房间", "zh.md"),
        ("เคี่ยวไก่นาน", "th.md"),
        ("heizkorper entluften", "de.md"),
        ("¿dónde comemos arroz?", "es.md"),
    ] {
        assert_eq!(found(&notebook, query)[0], path, "{query}");
    }
}
