//! How good a ranking is.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;

/// Means over questions, each between 0 and 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Metrics {
    /// Questions asked.
    pub questions: usize,
    /// Normalised discounted cumulative gain of the first 10 notes; gains are the scores of the set.
    pub ndcg_at_10: f64,
    /// One divided by the rank of the first answer, 0 if it is not among the first 10.
    pub mrr_at_10: f64,
    /// Share of the answers among the first 10.
    pub recall_at_10: f64,
    /// Share of the answers among the first 100.
    pub recall_at_100: f64,
}

/// How long something took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Latency {
    /// Half of the times are not longer, in milliseconds.
    pub p50_ms: f64,
    /// 95 of 100 are not longer, in milliseconds.
    pub p95_ms: f64,
}

impl Latency {
    /// Half and 95 of 100 of `times`, in any order; zeros if there are none.
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let percentile = |percent: usize| {
            let at = (times.len() * percent).div_ceil(100).saturating_sub(1);
            times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
        };
        Self {
            p50_ms: percentile(50),
            p95_ms: percentile(95),
        }
    }
}

/// One question, answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Judged {
    ndcg_at_10: f64,
    mrr_at_10: f64,
    recall_at_10: f64,
    recall_at_100: f64,
}

impl Judged {
    /// `answers` maps documents to their scores, of which there is at least one; `ten` and `hundred` are what was
    /// found, best first.
    pub(super) fn of(answers: &HashMap<usize, u32>, ten: &[usize], hundred: &[usize]) -> Self {
        let ten = &ten[..ten.len().min(10)];
        let hundred = &hundred[..hundred.len().min(100)];
        let gain = |document: &usize| f64::from(answers.get(document).copied().unwrap_or(0));
        let mut ideal: Vec<f64> = answers.values().map(|&score| f64::from(score)).collect();
        ideal.sort_by(|a, b| b.total_cmp(a));
        ideal.truncate(10);
        let first = ten.iter().position(|document| answers.contains_key(document));
        let recall = |found: &[usize]| {
            found
                .iter()
                .filter(|document| answers.contains_key(document))
                .count() as f64
                / answers.len() as f64
        };
        Self {
            ndcg_at_10: discounted(ten.iter().map(gain)) / discounted(ideal.into_iter()),
            mrr_at_10: first.map_or(0.0, |rank| 1.0 / (rank + 1) as f64),
            recall_at_10: recall(ten),
            recall_at_100: recall(hundred),
        }
    }
}

impl Metrics {
    pub(super) fn mean(judged: impl Iterator<Item = Judged>) -> Self {
        let mut sum = Self::default();
        for one in judged {
            sum.questions += 1;
            sum.ndcg_at_10 += one.ndcg_at_10;
            sum.mrr_at_10 += one.mrr_at_10;
            sum.recall_at_10 += one.recall_at_10;
            sum.recall_at_100 += one.recall_at_100;
        }
        let count = sum.questions.max(1) as f64;
        Self {
            questions: sum.questions,
            ndcg_at_10: sum.ndcg_at_10 / count,
            mrr_at_10: sum.mrr_at_10 / count,
            recall_at_10: sum.recall_at_10 / count,
            recall_at_100: sum.recall_at_100 / count,
        }
    }
}

fn discounted(gains: impl Iterator<Item = f64>) -> f64 {
    (2u32..)
        .zip(gains)
        .map(|(rank, gain)| gain / f64::from(rank).log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_those_of_the_definition() {
        let answers = HashMap::from([(1, 2), (2, 1)]);
        let perfect = Judged::of(&answers, &[1, 2], &[1, 2]);
        assert_eq!(
            perfect,
            Judged {
                ndcg_at_10: 1.0,
                mrr_at_10: 1.0,
                recall_at_10: 1.0,
                recall_at_100: 1.0
            }
        );
        let late = Judged::of(&answers, &[9, 2, 8], &[9, 2, 8, 1]);
        let expected = (1.0 / 3f64.log2()) / (2.0 + 1.0 / 3f64.log2());
        assert!((late.ndcg_at_10 - expected).abs() < 1e-12);
        assert_eq!(
            (late.mrr_at_10, late.recall_at_10, late.recall_at_100),
            (0.5, 0.5, 1.0)
        );
        let nothing = Judged::of(&answers, &[], &[]);
        assert_eq!((nothing.ndcg_at_10, nothing.mrr_at_10), (0.0, 0.0));
        let eleventh: Vec<usize> = (10..20).chain([1]).collect();
        assert_eq!(Judged::of(&answers, &eleventh, &eleventh).mrr_at_10, 0.0);
    }

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(
            Latency::of(times),
            Latency {
                p50_ms: 50.0,
                p95_ms: 95.0
            }
        );
        assert_eq!(Latency::of(Vec::new()), Latency::default());
    }
}
