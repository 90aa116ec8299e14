//! Reads sets in the layout of BEIR.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::EvalError;
use crate::note::ContentHash;

/// Documents and the questions that have answers among them.
pub(super) struct Set {
    pub(super) documents: Vec<Document>,
    pub(super) questions: Vec<Question>,
}

/// A document.
#[derive(Debug, Deserialize)]
pub(super) struct Document {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    pub(super) title: String,
    pub(super) text: String,
}

/// A question.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its name in the set.
    pub id: String,
    /// What is asked.
    pub text: String,
    /// The numbers of the documents that answer it, counted from 0, and how well each does.
    pub answers: HashMap<usize, u32>,
}

impl Question {
    /// Which half it belongs to: the same on every machine, for ever.
    pub fn is_even(&self) -> bool {
        ContentHash::of(self.id.as_bytes()).0[0].is_multiple_of(2)
    }
}

#[derive(Deserialize)]
struct QuestionLine {
    #[serde(rename = "_id")]
    id: String,
    text: String,
}

impl Set {
    pub(super) fn read(folder: &Path) -> Result<Self, EvalError> {
        let corpus = folder.join("corpus.jsonl");
        let documents: Vec<(usize, Document)> = json_lines(&corpus)?;
        let mut numbers = HashMap::new();
        for (number, (line, document)) in documents.iter().enumerate() {
            if numbers.insert(document.id.clone(), number).is_some() {
                return Err(line_error(
                    &corpus,
                    *line,
                    format!("the id `{}` is there twice", document.id),
                ));
            }
        }
        let file = folder.join("queries.jsonl");
        let mut questions = Vec::new();
        let mut by_id = HashMap::new();
        for (line, question) in json_lines::<QuestionLine>(&file)? {
            if by_id.insert(question.id.clone(), questions.len()).is_some() {
                return Err(line_error(
                    &file,
                    line,
                    format!("the id `{}` is there twice", question.id),
                ));
            }
            questions.push(Question {
                id: question.id,
                text: question.text,
                answers: HashMap::new(),
            });
        }
        for judgement in judgements(&qrels(folder)?)? {
            // Documents and questions may have been left out of a set on purpose.
            let found = by_id
                .get(&judgement.question)
                .zip(numbers.get(&judgement.document));
            if let Some((&question, &document)) = found.filter(|_| judgement.score > 0) {
                questions[question].answers.insert(document, judgement.score);
            }
        }
        questions.retain(|question| !question.answers.is_empty());
        if questions.is_empty() {
            return Err(EvalError::NoAnswers {
                set: folder.to_owned(),
            });
        }
        Ok(Self {
            documents: documents.into_iter().map(|(_, document)| document).collect(),
            questions,
        })
    }
}

/// `test.tsv`, or the only file there is.
fn qrels(folder: &Path) -> Result<PathBuf, EvalError> {
    let folder = folder.join("qrels");
    let test = folder.join("test.tsv");
    if test.exists() {
        return Ok(test);
    }
    let error = |source| EvalError::File {
        file: test.clone(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).map_err(error)? {
        let path = entry.map_err(error)?.path();
        if path.extension().is_some_and(|extension| extension == "tsv") {
            files.push(path);
        }
    }
    match <[PathBuf; 1]>::try_from(files) {
        Ok([only]) => Ok(only),
        Err(_) => Err(error(std::io::ErrorKind::NotFound.into())),
    }
}

struct Judgement {
    question: String,
    document: String,
    score: u32,
}

/// Three columns; the first line may name them.
fn judgements(file: &Path) -> Result<Vec<Judgement>, EvalError> {
    let mut judgements = Vec::new();
    for (number, line) in lines(file)? {
        let columns: Vec<&str> = line.split('\t').map(str::trim).collect();
        let [question, document, score] = columns[..] else {
            let problem = format!(
                "{} columns, not the 3 of `query-id`, `corpus-id`, `score`",
                columns.len()
            );
            return Err(line_error(file, number, problem));
        };
        match score.parse::<i64>() {
            Ok(score) => judgements.push(Judgement {
                question: question.to_owned(),
                document: document.to_owned(),
                score: score.clamp(0, 1_000) as u32,
            }),
            Err(_) if number == 1 => {}
            Err(_) => {
                return Err(line_error(
                    file,
                    number,
                    format!("the score `{score}` is not a whole number"),
                ));
            }
        }
    }
    Ok(judgements)
}

fn json_lines<T: DeserializeOwned>(file: &Path) -> Result<Vec<(usize, T)>, EvalError> {
    let parse = |(number, line): (usize, String)| {
        let value =
            serde_json::from_str(&line).map_err(|error| line_error(file, number, error.to_string()))?;
        Ok((number, value))
    };
    lines(file)?.into_iter().map(parse).collect()
}

/// The lines that are not empty, with their numbers.
fn lines(file: &Path) -> Result<Vec<(usize, String)>, EvalError> {
    let error = |source| EvalError::File {
        file: file.to_owned(),
        source,
    };
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(BufReader::new(File::open(file).map_err(error)?).lines()) {
        let line = line.map_err(|source| match source.kind() {
            std::io::ErrorKind::InvalidData => line_error(file, number, "this is not UTF-8".to_owned()),
            _ => error(source),
        })?;
        let line = line.trim_start_matches('\u{feff}');
        if !line.trim().is_empty() {
            lines.push((number, line.to_owned()));
        }
    }
    Ok(lines)
}

fn line_error(file: &Path, line: usize, problem: String) -> EvalError {
    EvalError::Line {
        file: file.to_owned(),
        line,
        problem,
    }
}
