use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::lexical::tests::{Base, WordCounter};
use crate::note::ContentHash;

fn find(base: &Base, request: &SearchRequest) -> SearchResults {
    let vector = WordCounter::vector(&request.query);
    search(&base.generation(), request, Some(&vector)).expect("searches")
}

fn found(base: &Base, request: &SearchRequest) -> Vec<String> {
    let mut paths: Vec<String> = find(base, request)
        .hits
        .iter()
        .map(|hit| hit.path().to_string())
        .collect();
    paths.dedup();
    paths
}

fn sorted(mut paths: Vec<String>) -> Vec<String> {
    paths.sort();
    paths.dedup();
    paths
}

const MODES: [SearchMode; 3] = [SearchMode::Lexical, SearchMode::Dense, SearchMode::Hybrid];

fn request(query: &str, mode: SearchMode) -> SearchRequest {
    SearchRequest {
        mode,
        ..SearchRequest::new(query)
    }
}

fn garden() -> Base {
    Base::with(&[
        (
            "2026-05-01 roses.md",
            "---\ntags: [garden/flowers, spring]\n---\n# Roses\n\nRoses need water in the garden.",
        ),
        (
            "work/2026-05-02 server.md",
            "---\ntags: [work]\n---\n# Server\n\nThe server needs water cooling.",
        ),
        (
            "work/deep/2026-05-03 pump.md",
            "---\ntags: [work, garden]\n---\n# Pump\n\nA pump moves water to the garden.",
        ),
        (
            "workshop/2026-05-04 saw.md",
            "# Saw\n\nA saw cuts wood. No water near it.",
        ),
    ])
}

#[test]
fn filters_apply_before_ranking_in_every_leg() {
    let base = garden();
    let day = |day: i8| -> Timestamp { format!("2026-05-0{day}T00:00:00Z").parse().expect("a time") };
    let tags = |tags: &[&str], any_tag| Filter {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        any_tag,
        ..Filter::default()
    };
    let folder = |folder: &str| Filter {
        folder: Some(folder.to_owned()),
        ..Filter::default()
    };
    let [roses, server, pump, saw] = [
        "2026-05-01 roses.md",
        "work/2026-05-02 server.md",
        "work/deep/2026-05-03 pump.md",
        "workshop/2026-05-04 saw.md",
    ];
    let cases: Vec<(Filter, Vec<&str>)> = vec![
        (Filter::default(), vec![roses, server, pump, saw]),
        (
            Filter {
                interval: Some(day(2)..day(4)),
                ..Filter::default()
            },
            vec![server, pump],
        ),
        (
            Filter {
                interval: Some(day(4)..day(4)),
                ..Filter::default()
            },
            vec![],
        ),
        (tags(&["#Garden"], false), vec![roses, pump]),
        (tags(&["garden", "work"], false), vec![pump]),
        (tags(&["garden", "work"], true), vec![roses, server, pump]),
        (tags(&["garden/flowers"], false), vec![roses]),
        (tags(&["gard"], false), vec![]),
        (folder("work"), vec![server, pump]),
        (folder("/work/deep/"), vec![pump]),
        (folder(""), vec![roses, server, pump, saw]),
        (folder("wor"), vec![]),
        (
            Filter {
                folder: Some("work".into()),
                ..tags(&["garden"], false)
            },
            vec![pump],
        ),
    ];
    for (filter, expected) in cases {
        for mode in MODES {
            let request = SearchRequest {
                filter: filter.clone(),
                ..request("water", mode)
            };
            assert_eq!(sorted(found(&base, &request)), expected, "{mode:?} {filter:?}");
        }
        let generation = base.generation();
        let listed = generation.files().values().filter(|file| filter.matches(file));
        assert_eq!(
            listed.map(|file| file.path.as_str()).collect::<Vec<_>>(),
            expected,
            "listing {filter:?}"
        );
    }
}

#[test]
fn a_filter_leaves_the_best_of_what_it_lets_through() {
    let mut base = Base::new();
    (0..300).for_each(|i| base.put(&format!("crowd/{i}.md"), &format!("water water water {i}")));
    base.put(
        "quiet/one.md",
        "a little water and many, many other words about something else",
    );
    base.commit();
    base.embed();
    for mode in MODES {
        let filter = Filter {
            folder: Some("quiet".into()),
            ..Filter::default()
        };
        assert_eq!(
            found(
                &base,
                &SearchRequest {
                    filter,
                    ..request("water", mode)
                }
            ),
            ["quiet/one.md"],
            "{mode:?}"
        );
    }
}

#[test]
fn phrases_must_be_there_and_excluded_words_must_not() {
    let base = Base::with(&[
        ("a.md", "hot reload of the server"),
        ("b.md", "reload while it is hot"),
        ("c.md", "# Hot reload\n\nserver in python"),
        ("d.md", "cold start"),
    ]);
    for mode in MODES {
        let find = |query: &str| sorted(found(&base, &request(query, mode)));
        assert_eq!(find("\"hot reload\""), ["a.md", "c.md"], "{mode:?}");
        assert_eq!(find("\"hot reload\" -python"), ["a.md"], "{mode:?}");
        assert_eq!(
            find("reload -\"hot reload\"").first().map(String::as_str),
            Some("b.md"),
            "{mode:?}"
        );
        assert!(!find("hot -reload").contains(&"b.md".to_owned()), "{mode:?}");
        assert!(find("\"reload hot\"").is_empty(), "{mode:?}");
        assert!(find("\"no such words\"").is_empty(), "{mode:?}");
    }
}

#[test]
fn chinese_japanese_korean_and_thai_are_found_by_their_words() {
    let base = Base::with(&[
        ("zh1.md", "# 机器学习\n\n机器学习是人工智能的一个分支。"),
        ("zh2.md", "# 园艺\n\n玫瑰需要阳光和水。我的猫喜欢花园。"),
        ("th1.md", "# การเรียนรู้\n\nการเรียนรู้ของเครื่องเป็นสาขาหนึ่งของปัญญาประดิษฐ์"),
        ("th2.md", "# สวน\n\nกุหลาบต้องการแสงแดดและน้ำ"),
        ("ja.md", "# 庭\n\nバラには日光と水が必要です。"),
        ("ko.md", "# 정원\n\n장미는 햇빛과 물이 필요합니다."),
        ("en.md", "# Garden\n\nRoses need sunlight and water."),
    ]);
    let first = |query: &str| {
        found(&base, &request(query, SearchMode::Lexical))
            .first()
            .cloned()
    };
    let expected = [
        ("什么是机器学习", "zh1.md"),
        ("玫瑰 阳光", "zh2.md"),
        ("猫", "zh2.md"),
        ("ปัญญาประดิษฐ์คืออะไร", "th1.md"),
        ("กุหลาบ", "th2.md"),
        ("ﾊﾞﾗ", "ja.md"),
        ("장미", "ko.md"),
        ("rose sunlight", "en.md"),
        ("\"人工智能\"", "zh1.md"),
    ];
    for (query, path) in expected {
        assert_eq!(first(query).as_deref(), Some(path), "{query}");
    }
    assert_eq!(first("\"智能人工\""), None);
    assert_eq!(first("阳光 -玫瑰"), None);
}

#[test]
fn words_alone_are_searched_without_a_vector_or_before_embedding() {
    let mut base = garden();
    let words_only = search(&base.generation(), &SearchRequest::new("roses"), None).expect("searches");
    assert_eq!((words_only.legs.lexical, words_only.legs.dense), (true, false));
    assert_eq!(words_only.hits[0].score.dense, None);
    base.put("late.md", "roses without a vector");
    base.commit();
    let results = find(&base, &SearchRequest::new("roses"));
    assert_eq!((results.legs.passages, results.legs.embedded), (5, 4));
    let late = results
        .hits
        .iter()
        .find(|hit| hit.path().as_str() == "late.md")
        .expect("it is found by its words");
    assert!(late.score.lexical.is_some() && late.score.dense.is_none());
    let nothing = search(&base.generation(), &request("roses", SearchMode::Dense), None).expect("searches");
    assert!(nothing.hits.is_empty() && !nothing.legs.dense && !nothing.legs.lexical);
}

#[test]
fn removed_notes_are_not_found_in_any_leg() {
    let mut base = garden();
    base.remove("2026-05-01 roses.md");
    base.commit();
    for mode in MODES {
        let found = found(&base, &request("roses water garden", mode));
        assert!(
            !found.is_empty() && found.iter().all(|path| !path.contains("roses")),
            "{mode:?}"
        );
    }
}

#[test]
fn a_note_gives_two_passages_at_most_and_answers_stay_in_their_budget() {
    let section = |i: usize| format!("## Part {i}\n\n{}\n\n", format!("water {i} ").repeat(120));
    let long: String = (0..6).map(section).collect();
    let base = Base::with(&[("long.md", &long), ("short.md", "a bit of water")]);
    let results = find(&base, &SearchRequest::new("water"));
    let of_long = results
        .hits
        .iter()
        .filter(|hit| hit.path().as_str() == "long.md")
        .count();
    assert_eq!((of_long, results.hits.len()), (2, 3));
    let tight = SearchRequest {
        tokens_max: 1,
        ..SearchRequest::new("water")
    };
    assert_eq!(
        find(&base, &tight).hits.len(),
        1,
        "the best comes whatever its length"
    );
    assert_eq!(
        find(
            &base,
            &SearchRequest {
                limit: 2,
                ..SearchRequest::new("water")
            }
        )
        .hits
        .len(),
        2
    );
    assert!(
        find(
            &base,
            &SearchRequest {
                limit: 0,
                ..SearchRequest::new("water")
            }
        )
        .hits
        .is_empty()
    );
    assert!(
        !find(
            &base,
            &SearchRequest {
                limit: usize::MAX,
                ..SearchRequest::new("water")
            }
        )
        .hits
        .is_empty()
    );
}

#[test]
fn every_score_is_exact_whichever_leg_found_the_passage() {
    let mut base = Base::new();
    for i in 0..400u32 {
        let hash = ContentHash::of(&i.to_le_bytes()).0;
        let words: Vec<String> = hash
            .iter()
            .take(12)
            .map(|byte| format!("w{}", byte % 40))
            .collect();
        base.put(&format!("{i}.md"), &words.join(" "));
        if i % 150 == 0 {
            base.commit();
        }
    }
    base.commit();
    base.embed();
    let generation = base.generation();
    let text = "w1 w2 w3 \"w4\"";
    let query = TextQuery::parse(text, &Analyser::new());
    let vector = WordCounter::vector(text);
    let rank = |mode, limit| {
        let request = SearchRequest {
            limit,
            ..request(text, mode)
        };
        super::rank(&generation, &request, &query, Some(&vector))
            .expect("ranks")
            .candidates
    };
    let all_words = rank(SearchMode::Lexical, 1_000);
    let all_meaning = rank(SearchMode::Dense, 1_000);
    let fused = rank(SearchMode::Hybrid, 10);
    assert!(fused.len() > 100);
    for candidate in fused {
        let lexical = all_words.iter().find(|other| other.address == candidate.address);
        let dense = all_meaning
            .iter()
            .find(|other| other.address == candidate.address);
        let close = |a: Option<f32>, b: Option<f32>| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-4,
            (a, b) => a == b,
        };
        assert!(
            close(
                candidate.score.lexical,
                lexical.and_then(|other| other.score.lexical)
            ),
            "{candidate:?} {lexical:?}"
        );
        assert!(
            close(candidate.score.dense, dense.and_then(|other| other.score.dense)),
            "{candidate:?} {dense:?}"
        );
    }
}

#[test]
fn a_filter_changes_what_is_found_and_no_score() {
    let mut base = Base::new();
    for i in 0..400u32 {
        let hash = ContentHash::of(&i.to_le_bytes()).0;
        let words: Vec<String> = hash
            .iter()
            .take(12)
            .map(|byte| format!("w{}", byte % 40))
            .collect();
        let share = if i % 10 == 0 { "tenth" } else { "rest" };
        base.put(&format!("{share}/{i}.md"), &words.join(" "));
        if i % 150 == 0 {
            base.commit();
        }
    }
    base.commit();
    let generation = base.generation();
    let text = "w1 w2 w3 w4";
    let query = TextQuery::parse(text, &Analyser::new());
    let rank = |folder: Option<&str>, limit| {
        let mut request = request(text, SearchMode::Lexical);
        (request.limit, request.filter.folder) = (limit, folder.map(Into::into));
        let ranking = super::rank(&generation, &request, &query, None);
        ranking.expect("ranks").candidates
    };
    let all = rank(None, 1_000);
    // Few passages are looked up, many are ranked: both must come to the same.
    for folder in ["tenth", "rest"] {
        let expected: Vec<_> = all
            .iter()
            .filter(|candidate| {
                let file = generation.file_of(candidate.address).expect("a file");
                file.path.folder() == folder
            })
            .collect();
        let found = rank(Some(folder), 5);
        assert!(found.len() >= 20, "{folder}: {}", found.len());
        for (found, expected) in found.iter().zip(expected) {
            let scores = found.score.lexical.zip(expected.score.lexical);
            let (found, expected) = scores.expect("both were found by words");
            assert!((found - expected).abs() < 1e-4, "{folder}: {found} {expected}");
        }
    }
}

#[test]
fn hostile_queries_are_answered() {
    let base = garden();
    let megabyte = "water ".repeat(200_000);
    let one_word = "x".repeat(1_000_000);
    let quotes = "\"a b\" ".repeat(10_000);
    let dashes = "-water ".repeat(10_000);
    let han = "水".repeat(100_000);
    let queries = [
        "",
        " ",
        "\0",
        "water\0",
        "!!! ??? ...",
        "the of and",
        ".*[(^$+?{}|\\",
        "\"",
        "\"\"",
        "-",
        "--",
        "-\"",
        "\u{301}",
        "title:water AND (garden OR",
        "😀",
        &megabyte,
        &one_word,
        &quotes,
        &dashes,
        &han,
        "'s",
        "_-._-.",
        "\"水\"",
        "\"a\"",
    ];
    for query in queries {
        for mode in MODES {
            let results = find(&base, &request(query, mode));
            assert!(results.hits.len() <= 10);
            assert!(
                results.hits.iter().all(|hit| hit.score.total.is_finite()),
                "{query:.20}"
            );
        }
    }
    assert!(!found(&base, &SearchRequest::new("water\0")).is_empty());
    assert!(!found(&base, &request(&megabyte, SearchMode::Lexical)).is_empty());
}

#[test]
fn a_query_of_another_model_is_refused() {
    let base = garden();
    let error =
        search(&base.generation(), &SearchRequest::new("water"), Some(&[1.0; 3])).expect_err("it is refused");
    assert!(
        matches!(
            error,
            SearchError::Vectors(VectorError::Dimensions {
                expected: 64,
                found: 3
            })
        ),
        "{error}"
    );
}

#[test]
fn files_without_words_do_not_change_scores() {
    let mut base = garden();
    let score = |base: &Base| {
        find(base, &request("pump", SearchMode::Lexical)).hits[0]
            .score
            .lexical
    };
    let before = score(&base);
    for i in 0..100 {
        let empty = crate::lexical::tests::note(&format!("empty/{i}.md"), "");
        base.words.put_note(&empty).expect("the note is put");
    }
    base.commit();
    assert_eq!(score(&base), before);
}

#[test]
fn similar_notes_are_near_in_meaning_and_never_the_note_itself() {
    let base = garden();
    let path = NotePath::new("2026-05-01 roses.md");
    let similar = similar_notes(&base.generation(), &path, 2).expect("searches");
    assert_eq!(similar.len(), 2);
    assert!(similar.iter().all(|(file, _)| file.path != path));
    assert!(similar[0].1 >= similar[1].1);
    let unknown = similar_notes(&base.generation(), &NotePath::new("no.md"), 2).expect("searches");
    assert!(unknown.is_empty());
}

#[test]
fn searches_go_on_while_notes_change() {
    let mut base = garden();
    std::thread::scope(|scope| {
        let index = &base.index;
        let store = std::sync::Arc::clone(base.vectors.store());
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        scope.spawn(move || {
            while stopped.recv_timeout(Duration::ZERO) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                let generation = index.refresh(Some(store.rows())).expect("refreshes");
                let vector = WordCounter::vector("saw");
                let results =
                    search(&generation, &SearchRequest::new("saw"), Some(&vector)).expect("searches");
                assert_eq!(results.hits[0].path().as_str(), "workshop/2026-05-04 saw.md");
            }
        });
        for round in 0..30 {
            let note = crate::lexical::tests::note("work/changing.md", &format!("round {round}\n\nwater"));
            base.words.put_note(&note).expect("the note is put");
            base.words.commit().expect("commits");
        }
        drop(stop);
    });
}

mod snippets {
    use super::*;

    fn snippet(text: &str, query: &str) -> String {
        let analyser = Analyser::new();
        super::snippet::snippet(text, &TextQuery::parse(query, &analyser), &analyser)
    }

    #[test]
    fn the_sentences_that_answer_are_shown_whole() {
        let filler = "This sentence is about nothing in particular. ".repeat(12);
        let text = format!("{filler}Roses drink water. They like the sun.\n\n{filler}");
        let shown = snippet(&text, "do roses need water");
        assert!(
            shown.starts_with("Roses drink water. They like the sun."),
            "{shown}"
        );
        assert!(shown.chars().count() <= 300 && shown.ends_with('.'), "{shown}");
    }

    #[test]
    fn without_a_match_the_beginning_is_shown() {
        assert_eq!(snippet("One. Two.\n- three", "zebra"), "One. Two. - three");
        assert_eq!(snippet("", "zebra"), "");
    }

    #[test]
    fn a_long_sentence_is_cut_at_a_word() {
        let shown = snippet(&"word ".repeat(500), "word");
        assert!(
            shown.chars().count() <= 300 && shown.ends_with("word…"),
            "{shown}"
        );
        let unbroken = snippet(&"水".repeat(1_000), "水");
        assert!(unbroken.chars().count() <= 300);
    }
}
