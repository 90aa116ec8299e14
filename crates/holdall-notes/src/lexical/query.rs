//! What a query asks for: words to score by, phrases that must be there, words that must not, and filters.

use std::collections::HashSet;
use std::ops::{Bound, Range};
use std::sync::LazyLock;

use jiff::Timestamp;
use tantivy::Term;
use tantivy::query::{
    AllQuery, Bm25StatisticsProvider, BooleanQuery, FuzzyTermQuery, Occur, PhraseQuery, Query, RangeQuery,
    TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use super::analyse::Kind;
use super::schema::{Fields, ancestors};
use super::{Analyser, FileRecord, Generation, Token};

/// What is longer is cut: nobody asks with more, and every word costs.
const QUERY_CHARACTERS_MAX: usize = 4_000;
const WORDS_MAX: usize = 64;
const PHRASES_MAX: usize = 8;

/// Words that say nothing about what is sought: articles, pronouns, auxiliaries, question words. Words such as
/// `up`, `before` or `only` are not among them, they can be the point of a question.
const STOP_WORDS: &str = "a an and are as at be by can could did do does don't for from has have how i if in is it \
    its me my of on or our should that the their there these they this those to us was we were what when where \
    which who why will with would you your";

static STOP_TOKENS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    Analyser::new()
        .tokens(STOP_WORDS)
        .into_iter()
        .map(|token| token.text)
        .collect()
});

/// What passages must be like to be found at all. The default lets all through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The note's date lies in here, the end excluded.
    pub interval: Option<Range<Timestamp>>,
    /// The note has these tags, or tags below them: `a` also finds `a/b`. Case and a leading `#` do not matter.
    pub tags: Vec<String>,
    /// Whether one of the tags is enough; all of them are needed otherwise.
    pub any_tag: bool,
    /// The note lies in this folder or below it.
    pub folder: Option<String>,
}

impl Filter {
    /// Whether a file gets through.
    pub fn matches(&self, file: &FileRecord) -> bool {
        let has = |tag: &String| {
            file.tags
                .iter()
                .flat_map(|own| ancestors(own))
                .any(|own| own == tag.as_str())
        };
        let tags = self.plain_tags();
        self.interval
            .as_ref()
            .is_none_or(|interval| interval.contains(&file.date.at))
            && (tags.is_empty()
                || if self.any_tag {
                    tags.iter().any(has)
                } else {
                    tags.iter().all(has)
                })
            && self
                .plain_folder()
                .is_none_or(|folder| ancestors(file.path.folder()).any(|own| own == folder))
    }

    fn plain_tags(&self) -> Vec<String> {
        let tags = self.tags.iter().map(|tag| {
            tag.trim()
                .trim_start_matches('#')
                .trim_matches('/')
                .to_lowercase()
        });
        tags.filter(|tag| !tag.is_empty()).collect()
    }

    fn plain_folder(&self) -> Option<&str> {
        self.folder
            .as_deref()
            .map(|folder| folder.trim().trim_matches('/'))
            .filter(|folder| !folder.is_empty())
    }

    fn clauses(&self, fields: &Fields) -> Vec<(Occur, Box<dyn Query>)> {
        let exact = |field, text: &str| -> Box<dyn Query> {
            Box::new(TermQuery::new(
                Term::from_field_text(field, text),
                IndexRecordOption::Basic,
            ))
        };
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        if let Some(interval) = &self.interval {
            let at = |time: Timestamp| Term::from_field_i64(fields.date, time.as_microsecond());
            let range = RangeQuery::new(
                Bound::Included(at(interval.start)),
                Bound::Excluded(at(interval.end)),
            );
            clauses.push((Occur::Must, Box::new(range)));
        }
        let tags: Vec<Box<dyn Query>> = self
            .plain_tags()
            .iter()
            .map(|tag| exact(fields.tag, tag))
            .collect();
        if self.any_tag && !tags.is_empty() {
            clauses.push((Occur::Must, Box::new(BooleanQuery::union(tags))));
        } else {
            clauses.extend(tags.into_iter().map(|tag| (Occur::Must, tag)));
        }
        if let Some(folder) = self.plain_folder() {
            clauses.push((Occur::Must, exact(fields.folder, folder)));
        }
        clauses
    }
}

/// A query as it was written, understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TextQuery {
    /// Words to score by, those of phrases included.
    words: Vec<Word>,
    phrases: Vec<Vec<Token>>,
    excluded: Vec<Vec<Token>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    text: String,
    /// A single character of a script without spaces begins the pairs it is in.
    begins: bool,
}

impl TextQuery {
    /// Understands `text`: `"a phrase"` must be there, `-word` and `-"a phrase"` must not.
    ///
    /// A dash excludes only what has three characters or more, so that `tar -x` asks about `x`, and only if
    /// something else is asked for. Never fails: what cannot be meant is taken as words.
    pub(crate) fn parse(text: &str, analyser: &Analyser) -> Self {
        let text: String = text.chars().take(QUERY_CHARACTERS_MAX).collect();
        let pieces = pieces(&text);
        let wanted = |piece: &Piece<'_>| !piece.excluded && !analyser.tokens(piece.text).is_empty();
        let excludes = pieces.iter().any(wanted);
        let mut query = Self::default();
        let mut words = Vec::new();
        for piece in pieces {
            let tokens = analyser.tokens(piece.text);
            let excluded = excludes && piece.excluded;
            if excluded || piece.quoted {
                let kept = if excluded {
                    &mut query.excluded
                } else {
                    &mut query.phrases
                };
                let phrase: Vec<Token> = tokens
                    .iter()
                    .filter(|token| token.kind != Kind::Whole)
                    .cloned()
                    .collect();
                if !phrase.is_empty() && kept.len() < PHRASES_MAX {
                    kept.push(without_end(phrase));
                }
            }
            if !excluded {
                words.extend(tokens);
            }
        }
        query.words = scored_words(words);
        query
    }

    /// Whether there is nothing to score by.
    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How many of the words `tokens` has, each counted once.
    pub(crate) fn matched(&self, tokens: &[Token]) -> impl Iterator<Item = usize> {
        let found: Vec<usize> = (0..)
            .zip(&self.words)
            .filter(|(_, word)| {
                let is = |token: &Token| {
                    token.text == word.text || (word.begins && token.text.starts_with(&word.text))
                };
                tokens.iter().any(is)
            })
            .map(|(index, _)| index)
            .collect();
        found.into_iter()
    }

    /// Passages with any of the words, scored. A word counts the same in title, headings and text: title and
    /// headings are short, which is weight enough, and measured boosts did not help.
    pub(crate) fn scored(&self, fields: &Fields) -> BooleanQuery {
        let words = self.words.iter().flat_map(|word| {
            [fields.title, fields.headings, fields.body].map(|field| -> Box<dyn Query> {
                let term = Term::from_field_text(field, &word.text);
                if word.begins {
                    Box::new(FuzzyTermQuery::new_prefix(term, 0, false))
                } else {
                    Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
                }
            })
        });
        BooleanQuery::union(words.collect())
    }

    /// Passages that may be found at all; `None` if all may.
    pub(crate) fn restriction(&self, filter: &Filter, fields: &Fields) -> Option<Restriction> {
        let mut clauses = filter.clauses(fields);
        clauses.extend(
            self.phrases
                .iter()
                .map(|phrase| (Occur::Must, anywhere(phrase, fields))),
        );
        let excluded = self.excluded.iter().map(|phrase| anywhere(phrase, fields));
        let excluded: Vec<_> = excluded.collect();
        if clauses.is_empty() && excluded.is_empty() {
            return None;
        }
        if clauses.is_empty() {
            clauses.push((Occur::Must, Box::new(AllQuery)));
        }
        Some(Restriction {
            within: BooleanQuery::new(clauses),
            without: (!excluded.is_empty()).then(|| BooleanQuery::union(excluded)),
        })
    }
}

/// Passages that may be found: those within the one, without the other. Two queries, because the engine asks an excluded
/// phrase for passages behind its last one, which that takes for a mistake.
pub(crate) struct Restriction {
    pub(crate) within: BooleanQuery,
    pub(crate) without: Option<BooleanQuery>,
}

/// A part of a query.
struct Piece<'a> {
    text: &'a str,
    quoted: bool,
    excluded: bool,
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    const QUOTES: [char; 3] = ['"', '“', '”'];
    let mut pieces = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (excluded, after_dash) = match rest.strip_prefix('-') {
            Some(after) => (true, after),
            None => (false, rest),
        };
        let quote = after_dash
            .strip_prefix(QUOTES)
            .and_then(|inside| inside.split_once(QUOTES));
        if let Some((inside, after)) = quote {
            pieces.push(Piece {
                text: inside,
                quoted: true,
                excluded,
            });
            rest = after.trim_start();
            continue;
        }
        // A quote inside a word begins no phrase; one that is never closed neither.
        let end = rest
            .char_indices()
            .skip(1)
            .find(|(at, c)| c.is_whitespace() || opens(&rest[*at..]))
            .map(|(at, _)| at);
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        let named = word.strip_prefix('-').filter(|named| {
            named.starts_with(|c: char| c.is_alphanumeric())
                && (named.chars().count() > 2 || !named.is_ascii())
        });
        pieces.push(Piece {
            text: named.unwrap_or(word),
            quoted: false,
            excluded: named.is_some(),
        });
        rest = after.trim_start();
    }
    pieces
}

fn opens(rest: &str) -> bool {
    rest.strip_prefix(['"', '“'])
        .is_some_and(|inside| inside.contains(['"', '”']))
}

/// The last character of a run is there for single characters; a phrase may go on in the text where it ends here.
fn without_end(mut phrase: Vec<Token>) -> Vec<Token> {
    phrase.pop_if(|token| token.kind == Kind::Last);
    phrase
}

fn scored_words(tokens: Vec<Token>) -> Vec<Word> {
    let tokens = tokens.into_iter().filter(|token| token.kind != Kind::Last);
    let (stop, telling): (Vec<_>, Vec<_>) = tokens.partition(|token| STOP_TOKENS.contains(&token.text));
    let mut words: Vec<Word> = Vec::new();
    for token in if telling.is_empty() { stop } else { telling } {
        let word = Word {
            begins: token.kind == Kind::Lone,
            text: token.text,
        };
        if words.len() < WORDS_MAX && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// A phrase in the title, in the headings or in the text.
fn anywhere(phrase: &[Token], fields: &Fields) -> Box<dyn Query> {
    let within = |field| within(phrase, field);
    Box::new(BooleanQuery::union(
        [fields.title, fields.headings, fields.body].map(within).into(),
    ))
}

fn within(phrase: &[Token], field: Field) -> Box<dyn Query> {
    let term = |token: &Token| Term::from_field_text(field, &token.text);
    match phrase {
        [only] if only.kind == Kind::Lone => Box::new(FuzzyTermQuery::new_prefix(term(only), 0, false)),
        [only] => Box::new(TermQuery::new(term(only), IndexRecordOption::Basic)),
        several => {
            let placed = several
                .iter()
                .take(WORDS_MAX)
                .map(|token| (token.position, term(token)));
            Box::new(PhraseQuery::new_with_offset(placed.collect()))
        }
    }
}

/// Counts for scoring. Files are documents too, but without words: they must not count.
pub(crate) struct Statistics<'a>(pub(crate) &'a Generation);

impl Bm25StatisticsProvider for Statistics<'_> {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        self.0.searcher().total_num_tokens(field)
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(self
            .0
            .parts()
            .map(|(_, segment, _)| segment.passages)
            .sum::<u64>()
            .max(1))
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        self.0.searcher().doc_freq(term)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `words | phrases | excluded`, as the index sees them.
    fn understood(text: &str) -> String {
        let query = TextQuery::parse(text, &Analyser::new());
        let phrase = |phrase: &Vec<Token>| {
            phrase
                .iter()
                .map(|token| token.text.as_str())
                .collect::<Vec<_>>()
                .join("+")
        };
        let phrases = |phrases: &[Vec<Token>]| phrases.iter().map(phrase).collect::<Vec<_>>().join(" ");
        let words: Vec<&str> = query.words.iter().map(|word| word.text.as_str()).collect();
        format!(
            "{} | {} | {}",
            words.join(" "),
            phrases(&query.phrases),
            phrases(&query.excluded)
        )
    }

    #[test]
    fn words_phrases_and_exclusions_are_told_apart() {
        assert_eq!(understood("The rust book"), "rust book |  | ");
        assert_eq!(understood("who are you"), "who are you |  | ");
        assert_eq!(
            understood("server \"hot reload\" -python"),
            "server hot reload | hot+reload | python"
        );
        assert_eq!(
            understood("say “good morning” -\"bad day\""),
            "say good morn | good+morn | bad+day"
        );
        assert_eq!(understood("notes -snake_case"), "note |  | snake+case");
        assert_eq!(understood("机器学习 -深度"), "机器 器学 学习 |  | 深度");
    }

    #[test]
    fn flags_lone_quotes_and_pure_exclusions_are_words() {
        assert_eq!(understood("tar -x --bar ls -la"), "tar x bar ls la |  | ");
        assert_eq!(understood("-verbose"), "verbos |  | ");
        assert_eq!(understood("5\" disk"), "5 disk |  | ");
        assert_eq!(understood("\"never closed"), "never close |  | ");
        assert_eq!(understood("a-b rust-lang"), "b ab rust lang rustlang |  | ");
        assert_eq!(understood(" \"\" - -- \"-\" "), " |  | ");
    }
}
