//! The answers to `resources/read`, `prompts/get` and `completion/complete`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use holdall::protocol::{PromptMessage, ResourceContents};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Failure, Outcome, Reply};

/// What is in a resource.
#[derive(Clone, Debug)]
pub struct ResourceReply(Reply);

/// What a prompt says.
#[derive(Clone, Debug)]
pub struct PromptReply(Reply);

/// What could be meant by what was typed.
#[derive(Clone, Debug)]
pub struct CompletionReply(Reply);

macro_rules! common {
    ($reply:ident) => {
        impl From<Reply> for $reply {
            fn from(reply: Reply) -> Self {
                Self(reply)
            }
        }

        impl $reply {
            /// What went wrong.
            ///
            /// # Panics
            /// If nothing did.
            #[track_caller]
            pub fn error(&self) -> Failure {
                self.0.error()
            }

            /// What went wrong, if it is of this kind: `not_found`, `invalid_arguments`, …
            ///
            /// # Panics
            /// If nothing went wrong, or something else.
            #[track_caller]
            pub fn expect_error(&self, kind: &str) -> Failure {
                self.0.expect_error(kind)
            }

            /// What went wrong, if it has this JSON-RPC code.
            ///
            /// # Panics
            /// If nothing went wrong, or something else.
            #[track_caller]
            pub fn expect_code(&self, code: i64) -> Failure {
                self.0.expect_code(code)
            }

            /// Whether anything went wrong.
            pub fn is_error(&self) -> bool {
                self.0.is_error()
            }

            /// The result as it came.
            ///
            /// # Panics
            /// If there is none.
            #[track_caller]
            pub fn raw(&self) -> &Value {
                self.0.result()
            }
        }
    };
}

common!(ResourceReply);
common!(PromptReply);
common!(CompletionReply);

impl ResourceReply {
    /// The text of the resource, of all its parts.
    ///
    /// # Panics
    /// If it could not be read, or is not text.
    #[track_caller]
    pub fn text(&self) -> String {
        let texts: Option<Vec<&str>> = self.parts().iter().map(|part| part["text"].as_str()).collect();
        match texts {
            Some(texts) => texts.join("\n"),
            None => self.0.fail("a text"),
        }
    }

    /// The text of the resource if it could be read, base64 for what is not text; otherwise what went wrong, as text.
    pub fn outcome(&self) -> Result<String, String> {
        match &self.0.outcome {
            Outcome::Result(result) => {
                let parts = result["contents"]
                    .as_array()
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                let texts = parts
                    .iter()
                    .filter_map(|part| part["text"].as_str().or(part["blob"].as_str()));
                Ok(texts.collect::<Vec<_>>().join("\n"))
            }
            Outcome::Error(error) => Err(Failure::of_protocol(error).to_string()),
            Outcome::Nothing(why) => Err(why.clone()),
        }
    }

    /// The text of the resource, read as JSON.
    ///
    /// # Panics
    /// If it could not be read, is not text, or does not fit.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        match serde_json::from_str(&self.text()) {
            Ok(read) => read,
            Err(error) => self.0.fail(&format!(
                "a text that reads as {}: {error}",
                std::any::type_name::<T>()
            )),
        }
    }

    /// The bytes of the resource.
    ///
    /// # Panics
    /// If it could not be read, or is not binary.
    #[track_caller]
    pub fn bytes(&self) -> Vec<u8> {
        let blob = self.parts().first().and_then(|part| part["blob"].as_str());
        match blob.map(|blob| STANDARD.decode(blob)) {
            Some(Ok(bytes)) => bytes,
            _ => self.0.fail("bytes in base64"),
        }
    }

    /// The MIME type of the resource, if it has said one.
    ///
    /// # Panics
    /// If it could not be read.
    #[track_caller]
    pub fn mime_type(&self) -> Option<String> {
        let part = self.parts().first()?;
        part["mimeType"].as_str().map(str::to_owned)
    }

    /// All parts of the resource.
    ///
    /// # Panics
    /// If it could not be read.
    #[track_caller]
    pub fn contents(&self) -> Vec<ResourceContents> {
        self.0.read(&self.raw()["contents"])
    }

    #[track_caller]
    fn parts(&self) -> &[Value] {
        match self.raw()["contents"].as_array() {
            Some(parts) if !parts.is_empty() => parts,
            _ => self.0.fail("contents"),
        }
    }
}

impl PromptReply {
    /// The text of all messages, one a line.
    ///
    /// # Panics
    /// If the prompt could not be got.
    #[track_caller]
    pub fn text(&self) -> String {
        let messages = self.raw()["messages"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let texts = messages
            .iter()
            .filter_map(|message| message["content"]["text"].as_str());
        texts.collect::<Vec<_>>().join("\n")
    }

    /// All messages.
    ///
    /// # Panics
    /// If the prompt could not be got.
    #[track_caller]
    pub fn messages(&self) -> Vec<PromptMessage> {
        self.0.read(&self.raw()["messages"])
    }
}

impl CompletionReply {
    /// The suggestions.
    ///
    /// # Panics
    /// If there was an error.
    #[track_caller]
    pub fn values(&self) -> Vec<String> {
        self.0.read(&self.raw()["completion"]["values"])
    }

    /// How many suggestions there are in all, if the server has said so.
    ///
    /// # Panics
    /// If there was an error.
    #[track_caller]
    pub fn total(&self) -> Option<u64> {
        self.raw()["completion"]["total"].as_u64()
    }

    /// Whether there are more suggestions than were sent, if the server has said so.
    ///
    /// # Panics
    /// If there was an error.
    #[track_caller]
    pub fn has_more(&self) -> Option<bool> {
        self.raw()["completion"]["hasMore"].as_bool()
    }
}
