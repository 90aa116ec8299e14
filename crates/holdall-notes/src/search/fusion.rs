//! Two lists become one: a weighted sum of scores that were brought to the same range.

use std::collections::HashMap;

use tantivy::DocAddress;

use super::{Legs, Score};

/// The weight of words; that of meaning is what is left of 1. Chosen, like all of this, by measurement on one
/// half of the questions of two sets.
const LEXICAL_WEIGHT: f32 = 0.5;

/// Candidates each leg brings. More change next to nothing.
const DEPTH: std::ops::RangeInclusive<usize> = 100..=4_000;

/// Candidates each leg brings for `limit` hits: several passages may stand in one note.
pub(super) fn depth(limit: usize) -> usize {
    limit.saturating_mul(4).clamp(*DEPTH.start(), *DEPTH.end())
}

/// A passage that may become a hit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) address: DocAddress,
    pub(crate) score: Score,
}

/// All passages of both lists, best first; at the same score in the order of the index.
///
/// BM25 is worth nothing at 0, where no word matches; the cosine at the worst of the list, since even passages
/// that have nothing to do with each other are some way above 0. What has no vector yet is judged by its words
/// alone: a note just written is found by what it says.
pub(super) fn fuse(
    legs: Legs,
    by_words: &[(DocAddress, f32)],
    by_meaning: &[(DocAddress, f32)],
) -> Vec<Candidate> {
    let words = Range {
        low: 0.0,
        high: largest(by_words),
    };
    let meaning = Range {
        low: smallest(by_meaning).max(0.0),
        high: largest(by_meaning),
    };
    let (word_weight, meaning_weight) = match (legs.lexical, legs.dense) {
        (true, true) => (LEXICAL_WEIGHT, 1.0 - LEXICAL_WEIGHT),
        (true, false) => (1.0, 0.0),
        _ => (0.0, 1.0),
    };
    let none = Score {
        total: 0.0,
        lexical: None,
        dense: None,
    };
    let mut scores: HashMap<DocAddress, Score> = HashMap::new();
    for &(address, score) in by_words {
        scores.entry(address).or_insert(none).lexical = Some(score);
    }
    for &(address, score) in by_meaning {
        scores.entry(address).or_insert(none).dense = Some(score);
    }
    let mut candidates: Vec<Candidate> = scores
        .into_iter()
        .map(|(address, mut score)| {
            let of_words = score.lexical.map_or(0.0, |score| words.normalised(score));
            let of_meaning = score.dense.map_or(of_words, |score| meaning.normalised(score));
            score.total = word_weight * of_words + meaning_weight * of_meaning;
            Candidate { address, score }
        })
        .collect();
    candidates.sort_by(|a, b| {
        b.score
            .total
            .total_cmp(&a.score.total)
            .then_with(|| a.address.cmp(&b.address))
    });
    candidates
}

fn largest(list: &[(DocAddress, f32)]) -> f32 {
    list.iter().map(|(_, score)| *score).fold(0.0, f32::max)
}

fn smallest(list: &[(DocAddress, f32)]) -> f32 {
    list.iter()
        .map(|(_, score)| *score)
        .reduce(f32::min)
        .unwrap_or(0.0)
}

/// The scores of a list, from what is worth 0 to what is worth 1.
struct Range {
    low: f32,
    high: f32,
}

impl Range {
    fn normalised(&self, score: f32) -> f32 {
        let width = self.high - self.low;
        if width > 0.0 {
            ((score - self.low) / width).clamp(0.0, 1.0)
        } else {
            f32::from(score > 0.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: Legs = Legs {
        lexical: true,
        dense: true,
        passages: 9,
        embedded: 9,
    };

    fn at(doc: u32) -> DocAddress {
        DocAddress::new(0, doc)
    }

    fn order(candidates: &[Candidate]) -> Vec<u32> {
        candidates
            .iter()
            .map(|candidate| candidate.address.doc_id)
            .collect()
    }

    #[test]
    fn both_legs_count_the_same() {
        let words = [(at(1), 10.0), (at(2), 8.0)];
        let meaning = [(at(3), 0.9), (at(2), 0.8), (at(1), 0.4)];
        let fused = fuse(BOTH, &words, &meaning);
        assert_eq!(order(&fused), [2, 1, 3]);
        assert_eq!(
            (fused[0].score.lexical, fused[0].score.dense),
            (Some(8.0), Some(0.8))
        );
        assert!((fused[0].score.total - (0.5 * 0.8 + 0.5 * 0.8)).abs() < 1e-6);
        assert!((fused[1].score.total - 0.5).abs() < 1e-6);
    }

    #[test]
    fn without_a_vector_yet_words_decide() {
        let words = [(at(1), 10.0), (at(2), 10.0), (at(3), 0.0)];
        let meaning = [(at(3), 0.9), (at(2), 0.8), (at(4), 0.4)];
        let fused = fuse(BOTH, &words, &meaning);
        assert_eq!(order(&fused), [1, 2, 3, 4]);
        assert_eq!((fused[0].score.total, fused[0].score.dense), (1.0, None));
    }

    #[test]
    fn one_leg_alone_keeps_its_order_and_equals_that_of_the_index() {
        let legs = Legs { dense: false, ..BOTH };
        assert_eq!(
            order(&fuse(legs, &[(at(4), 1.0), (at(3), 2.0), (at(2), 1.0)], &[])),
            [3, 2, 4]
        );
        let legs = Legs {
            lexical: false,
            ..BOTH
        };
        let fused = fuse(legs, &[], &[(at(1), 0.3), (at(2), 0.3), (at(3), -0.2)]);
        assert_eq!(order(&fused), [1, 2, 3]);
        assert!(fuse(BOTH, &[], &[]).is_empty());
    }
}
