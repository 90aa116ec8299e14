//! Texts become vectors: the [`Embedder`] trait and the model that comes with Holdall.
//!
//! Vectors are kept by `vectors` and compared by `search`; nothing here knows about notes.

mod minilm;
mod tokens;

pub use minilm::MiniLm;

/// Turns texts into vectors of length 1 whose dot product says how close their meanings are.
pub trait Embedder: Send + Sync {
    /// Names the model and everything else that changes its vectors. Stored beside them: vectors made under
    /// another name are never compared.
    fn id(&self) -> &str;

    /// The number of components of every vector.
    fn dimensions(&self) -> usize;

    /// Embeds `texts`, one vector each, in their order. A text is cut where the model's window ends.
    ///
    /// Blocks for as long as the model runs: call it away from threads that must answer.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError>;
}

/// Why texts could not be embedded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbedError {
    /// The model's graph or weights were refused.
    #[error("the embedding model cannot be loaded: {0}; this build of holdall is damaged, install it again")]
    Load(String),
    /// The model failed on a text.
    #[error("the embedding model failed on a text of {bytes} bytes: {reason}; search by words still works")]
    Run {
        /// Length of the text.
        bytes: usize,
        /// What the model said.
        reason: String,
    },
}
