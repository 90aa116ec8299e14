//! The two legs, and what both must keep to.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use tantivy::query::{BooleanQuery, EnableScoring, Query, Weight};
use tantivy::{DocAddress, DocId, SegmentReader};

use super::{Filter, SearchError};
use crate::lexical::{Generation, SegmentView, Statistics, TextQuery};
use crate::vectors::QueryVector;

/// If no more than one in so many may be found, each of those is looked up. Where most of the best passages are
/// not admitted, skipping what cannot be among the best costs more than it saves.
const NARROW: usize = 4;

/// The passages that may be found.
pub(super) enum Admitted {
    /// All that are alive.
    All,
    /// By segment; only those that are alive.
    Some(Vec<AdmittedDocs>),
}

/// The documents of a segment that may be found.
pub(super) struct AdmittedDocs {
    is_admitted: Vec<bool>,
    count: usize,
}

impl Admitted {
    pub(super) fn of(
        generation: &Generation,
        query: &TextQuery,
        filter: &Filter,
    ) -> Result<Self, SearchError> {
        let Some(restriction) = query.restriction(filter, generation.fields()) else {
            return Ok(Self::All);
        };
        let weighed =
            |query: &BooleanQuery| query.weight(EnableScoring::disabled_from_searcher(generation.searcher()));
        let within = weighed(&restriction.within)?;
        let without = restriction.without.as_ref().map(weighed).transpose()?;
        let mut segments = Vec::new();
        for (_, _, reader) in generation.parts() {
            let mut is_admitted = vec![false; reader.max_doc() as usize];
            within.for_each_no_score(reader, &mut |docs| {
                for &doc in docs.iter().filter(|&&doc| !reader.is_deleted(doc)) {
                    is_admitted[doc as usize] = true;
                }
            })?;
            if let Some(without) = &without {
                without.for_each_no_score(reader, &mut |docs| {
                    docs.iter().for_each(|&doc| is_admitted[doc as usize] = false);
                })?;
            }
            let count = is_admitted.iter().filter(|is_admitted| **is_admitted).count();
            segments.push(AdmittedDocs { is_admitted, count });
        }
        Ok(Self::Some(segments))
    }

    fn has(&self, segment: u32, reader: &SegmentReader, doc: DocId) -> bool {
        match self {
            Self::All => !reader.is_deleted(doc),
            Self::Some(segments) => segments[segment as usize].is_admitted[doc as usize],
        }
    }

    /// The documents of a segment, ascending, if they are few.
    fn few(&self, segment: u32) -> Option<impl Iterator<Item = DocId>> {
        let Self::Some(segments) = self else { return None };
        let AdmittedDocs { is_admitted, count } = &segments[segment as usize];
        let docs = (0..).zip(is_admitted).filter(|(_, is_admitted)| **is_admitted);
        (count * NARROW <= is_admitted.len()).then(|| docs.map(|(doc, _)| doc))
    }
}

/// Passages by their words.
pub(super) struct Lexical<'a> {
    generation: &'a Generation,
    admitted: &'a Admitted,
    weight: Option<Box<dyn Weight>>,
}

impl<'a> Lexical<'a> {
    pub(super) fn new(
        generation: &'a Generation,
        query: &TextQuery,
        admitted: &'a Admitted,
    ) -> Result<Self, SearchError> {
        let statistics = Statistics(generation);
        let scoring = EnableScoring::enabled_from_statistics_provider(&statistics, generation.searcher());
        let weight = (!query.is_empty())
            .then(|| query.scored(generation.fields()).weight(scoring))
            .transpose()?;
        Ok(Self {
            generation,
            admitted,
            weight,
        })
    }

    /// The `limit` best, best first.
    pub(super) fn best(&self, limit: usize) -> Result<Vec<(DocAddress, f32)>, SearchError> {
        let Some(weight) = self.weight.as_ref().filter(|_| limit > 0) else {
            return Ok(Vec::new());
        };
        let mut best: BinaryHeap<Worst> = BinaryHeap::with_capacity(limit + 1);
        let mut offer = |score, address| {
            best.push(Worst { score, address });
            if best.len() > limit {
                best.pop();
            }
            threshold(&best, limit)
        };
        let mut least = f32::MIN;
        for (ordinal, _, reader) in self.generation.parts() {
            if let Some(docs) = self.admitted.few(ordinal) {
                let mut scorer = weight.scorer(reader, 1.0)?;
                for doc in docs {
                    if scorer.doc() < doc {
                        scorer.seek(doc);
                    }
                    if scorer.doc() == doc {
                        least = offer(scorer.score(), DocAddress::new(ordinal, doc));
                    }
                }
                continue;
            }
            weight.for_each_pruning(least, reader, &mut |doc, score| {
                if self.admitted.has(ordinal, reader, doc) {
                    least = offer(score, DocAddress::new(ordinal, doc));
                }
                least
            })?;
        }
        Ok(best
            .into_sorted_vec()
            .into_iter()
            .map(|worst| (worst.address, worst.score))
            .collect())
    }

    /// The scores of given passages; those without any of the words are left out.
    pub(super) fn scores(&self, passages: &[DocAddress]) -> Result<Vec<(DocAddress, f32)>, SearchError> {
        let Some(weight) = &self.weight else {
            return Ok(Vec::new());
        };
        let mut sorted = passages.to_vec();
        sorted.sort_unstable();
        let mut scores = Vec::new();
        for part in sorted.chunk_by(|a, b| a.segment_ord == b.segment_ord) {
            let reader = self.generation.searcher().segment_reader(part[0].segment_ord);
            let mut scorer = weight.scorer(reader, 1.0)?;
            for &address in part {
                if scorer.doc() < address.doc_id {
                    scorer.seek(address.doc_id);
                }
                if scorer.doc() == address.doc_id {
                    scores.push((address, scorer.score()));
                }
            }
        }
        Ok(scores)
    }
}

/// Passages by their meaning.
pub(super) struct Dense<'a> {
    generation: &'a Generation,
    admitted: &'a Admitted,
    vector: &'a QueryVector,
}

impl<'a> Dense<'a> {
    pub(super) fn new(
        generation: &'a Generation,
        vector: &'a QueryVector,
        admitted: &'a Admitted,
    ) -> Result<Self, SearchError> {
        if let Some(rows) = generation.rows() {
            rows.check(vector)?;
        }
        Ok(Self {
            generation,
            admitted,
            vector,
        })
    }

    /// The `limit` best, best first.
    pub(super) fn best(&self, limit: usize) -> Result<Vec<(DocAddress, f32)>, SearchError> {
        let Some(rows) = self.generation.rows() else {
            return Ok(Vec::new());
        };
        let candidates = self.generation.parts().flat_map(|(ordinal, segment, reader)| {
            let admitted = segment
                .ascending_rows()
                .iter()
                .filter(move |(_, doc)| self.admitted.has(ordinal, reader, *doc));
            admitted.map(move |&(row, doc)| (row, DocAddress::new(ordinal, doc)))
        });
        Ok(rows.nearest(self.vector, candidates, limit)?)
    }

    /// The scores of given passages; those without a vector are left out.
    pub(super) fn scores(&self, passages: &[DocAddress]) -> Vec<(DocAddress, f32)> {
        let Some(rows) = self.generation.rows() else {
            return Vec::new();
        };
        let row_of = |address: &DocAddress| {
            let segment: &SegmentView = self.generation.segment(address.segment_ord);
            segment.row_of(address.doc_id)
        };
        passages
            .iter()
            .filter_map(|address| Some((*address, rows.dot(row_of(address)?, self.vector))))
            .collect()
    }
}

/// What must be beaten to be among the `limit` best.
fn threshold(best: &BinaryHeap<Worst>, limit: usize) -> f32 {
    let full = best.len() >= limit;
    best.peek().filter(|_| full).map_or(f32::MIN, |worst| worst.score)
}

/// The worst is the greatest, so that a heap gives it away first; at the same score, the later one.
#[derive(PartialEq)]
struct Worst {
    score: f32,
    address: DocAddress,
}

impl Eq for Worst {}

impl PartialOrd for Worst {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Worst {
    fn cmp(&self, other: &Self) -> Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then_with(|| self.address.cmp(&other.address))
    }
}
