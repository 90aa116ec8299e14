//! What a task has asked: [`Questions`].

use std::collections::{BTreeMap, HashSet};

use rmcp::model::{InputRequest, InputRequests, InputResponses};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::error::{CallError, CallResult};

/// More questions at once than any client will show.
const OPEN_MAX: usize = 32;
/// A function that asks more than this will never stop.
const ASKED_MAX: usize = 1000;

/// The questions of one task.
#[derive(Default)]
pub(super) struct Questions {
    open: BTreeMap<String, (InputRequest, oneshot::Sender<Value>)>,
    /// Every key there was: no two questions of a task have the same.
    keys: HashSet<String>,
}

impl Questions {
    /// Asks, under `key` if no question had it before: the key it has, and where the answer will come.
    pub(super) fn ask(
        &mut self,
        key: &str,
        request: InputRequest,
    ) -> CallResult<(String, oneshot::Receiver<Value>)> {
        if self.open.len() >= OPEN_MAX {
            return Err(CallError::internal(format!(
                "the function asks too much: `{key}` would be question {} at once, and {OPEN_MAX} is the most",
                OPEN_MAX + 1
            )));
        }
        if self.keys.len() >= ASKED_MAX {
            return Err(CallError::internal(format!(
                "the function asks too much: {ASKED_MAX} questions so far, and now `{key}`"
            )));
        }
        let key = self.free(key);
        self.keys.insert(key.clone());
        let (sender, answer) = oneshot::channel();
        self.open.insert(key.clone(), (request, sender));
        Ok((key, answer))
    }

    /// Takes the answers to what is open, and no others. Whether there were any.
    pub(super) fn answer(&mut self, answers: InputResponses) -> bool {
        let mut any = false;
        for (key, answer) in answers {
            if let Some((_, sender)) = self.open.remove(&key) {
                any = true;
                // The function may have given up waiting a moment ago.
                let _ = sender.send(answer);
            }
        }
        any
    }

    /// Takes a question back.
    pub(super) fn withdraw(&mut self, key: &str) -> bool {
        self.open.remove(key).is_some()
    }

    /// Takes all questions back.
    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    /// What waits for an answer.
    pub(super) fn open(&self) -> InputRequests {
        let open = self.open.iter();
        open.map(|(key, (request, _))| (key.clone(), request.clone()))
            .collect()
    }

    /// `key`, or `key_2`, `key_3`, … where it was used before: for a form that is shown again.
    fn free(&self, key: &str) -> String {
        if !self.keys.contains(key) {
            return key.to_owned();
        }
        (2..)
            .map(|n| format!("{key}_{n}"))
            .find(|key| !self.keys.contains(key))
            .expect("the keys are finite, the numbers are not")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request() -> InputRequest {
        serde_json::from_value(json!({"method": "roots/list"})).unwrap()
    }

    fn answers(of: &[(&str, Value)]) -> InputResponses {
        let answers = of.iter().map(|(key, value)| ((*key).to_owned(), value.clone()));
        answers.collect()
    }

    #[test]
    fn only_what_is_open_can_be_answered_and_only_once() {
        let mut questions = Questions::default();
        let (_, mut first) = questions.ask("a", request()).unwrap();
        let (_, mut second) = questions.ask("b", request()).unwrap();
        assert!(!questions.answer(answers(&[("c", json!(0))])));
        assert!(questions.answer(answers(&[("a", json!(1)), ("c", json!(0))])));
        assert_eq!(questions.open().keys().collect::<Vec<_>>(), ["b"]);
        assert!(!questions.answer(answers(&[("a", json!(2))])));
        assert_eq!(first.try_recv().unwrap(), json!(1));
        assert!(second.try_recv().is_err());
        assert!(questions.withdraw("b") && questions.open().is_empty());
    }

    #[test]
    fn no_key_is_used_twice() {
        let mut questions = Questions::default();
        for expected in ["a", "a_2", "a_3"] {
            let (key, _answer) = questions.ask("a", request()).unwrap();
            assert_eq!(key, expected);
            questions.withdraw(&key);
        }
        let (key, _answer) = questions.ask("a_2", request()).unwrap();
        assert_eq!(key, "a_2_2");
    }

    #[test]
    fn there_is_an_end_to_questions() {
        let mut questions = Questions::default();
        for n in 0..OPEN_MAX {
            questions.ask(&n.to_string(), request()).unwrap();
        }
        assert!(questions.ask("more", request()).is_err());
        questions.clear();
        for n in OPEN_MAX..ASKED_MAX {
            questions.ask(&n.to_string(), request()).unwrap();
            questions.clear();
        }
        assert!(questions.ask("more", request()).is_err());
    }
}
