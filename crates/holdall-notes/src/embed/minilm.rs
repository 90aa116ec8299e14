//! all-MiniLM-L6-v2, compiled into the program.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use super::tokens::Tokens;
use super::{EmbedError, Embedder};

/// The graph; its weights lie in the file it names.
static GRAPH: &[u8] = include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../models/all-MiniLM-L6-v2-int8.onnx"
));
const WEIGHTS_NAME: &str = "all-MiniLM-L6-v2-int8.onnx.data";

/// Aligned so that the weights are used where they lie: pages of the program, shared by its processes.
#[repr(C, align(64))]
struct Aligned<Bytes: ?Sized>(Bytes);
static WEIGHTS: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../models/all-MiniLM-L6-v2-int8.onnx.data"
)));

const DIMENSIONS: usize = 384;

/// all-MiniLM-L6-v2 with int8 weights: English, 384 dimensions, reads the first 256 tokens of a text.
///
/// Every text is run by itself. Activations are quantised over everything that runs together, so that in a batch
/// a vector would depend on its neighbours; alone it depends on nothing but the text, no padding is computed, and
/// several texts run side by side, one thread each.
#[derive(Clone)]
pub struct MiniLm {
    loaded: Arc<Loaded>,
    threads: NonZeroUsize,
}

struct Loaded {
    model: Model,
    tokens: Tokens,
    ids: NodeId,
    mask: NodeId,
    embedding: NodeId,
}

impl MiniLm {
    /// The name under which its vectors are kept.
    pub const ID: &str = "all-MiniLM-L6-v2-int8/1";
    /// The number of components of its vectors.
    pub const DIMENSIONS: usize = DIMENSIONS;

    /// Loads the model, which takes some 30 ms and 15 MB. `threads` is how many texts are embedded side by side.
    pub fn load(threads: NonZeroUsize) -> Result<Self, EmbedError> {
        let refused = |reason: &dyn std::fmt::Display| EmbedError::Load(reason.to_string());
        let tokens = Tokens::new();
        let model = ModelOptions::with_all_ops()
            // Costs 10 MB and makes a query three times as fast.
            .prepack_weights(true)
            .external_data_static(WEIGHTS_NAME, &WEIGHTS.0)
            .load_static_slice(GRAPH)
            .map_err(|error| refused(&error))?;
        let node = |name: &str| model.node_id(name).map_err(|error| refused(&error));
        let (ids, mask, embedding) = (node("input_ids")?, node("attention_mask")?, node("embedding")?);
        Ok(Self {
            loaded: Arc::new(Loaded {
                model,
                tokens,
                ids,
                mask,
                embedding,
            }),
            threads,
        })
    }

    /// The same model, not loaded again, with another number of threads: the background takes fewer than a user
    /// who waits for an import.
    pub fn with_threads(&self, threads: NonZeroUsize) -> Self {
        Self {
            loaded: Arc::clone(&self.loaded),
            threads,
        }
    }
}

impl Embedder for MiniLm {
    fn id(&self) -> &str {
        Self::ID
    }

    fn dimensions(&self) -> usize {
        DIMENSIONS
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let next = AtomicUsize::new(0);
        let work = || self.loaded.embed_some(texts, &next);
        let helpers = self.threads.get().min(texts.len()).saturating_sub(1);
        let done = thread::scope(|scope| {
            let helpers: Vec<_> = (0..helpers).map(|_| scope.spawn(work)).collect();
            let mut done = vec![work()];
            done.extend(
                helpers
                    .into_iter()
                    .map(|helper| helper.join().unwrap_or_else(|panic| resume_unwind(panic))),
            );
            done
        });
        let mut vectors = vec![Vec::new(); texts.len()];
        for part in done {
            for (index, vector) in part? {
                vectors[index] = vector;
            }
        }
        Ok(vectors)
    }
}

impl Loaded {
    /// Embeds the texts this thread is the first to take.
    fn embed_some(&self, texts: &[&str], next: &AtomicUsize) -> Result<Vec<(usize, Vec<f32>)>, EmbedError> {
        let pool = Arc::new(ThreadPool::with_num_threads(1));
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(text) = texts.get(index) else {
                return Ok(done);
            };
            let vector = self.embed_one(text, &pool).map_err(|reason| EmbedError::Run {
                bytes: text.len(),
                reason: reason.to_string(),
            })?;
            done.push((index, vector));
        }
    }

    fn embed_one(&self, text: &str, pool: &Arc<ThreadPool>) -> Result<Vec<f32>, Box<dyn std::error::Error>> {
        let ids = self
            .tokens
            .ids(text)?
            .into_iter()
            .map(i32::try_from)
            .collect::<Result<Vec<_>, _>>()?;
        let length = ids.len();
        let ids = NdTensor::from_data([1, length], ids);
        let mask = NdTensor::full([1, length], 1);
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(pool)));
        let inputs = vec![(self.ids, ids.into()), (self.mask, mask.into())];
        let [embedding] = self.model.run_n(inputs, [self.embedding], Some(options))?;
        let embedding: NdTensor<f32, 2> = embedding.try_into()?;
        if embedding.shape() != [1, DIMENSIONS] {
            return Err(format!("a vector of shape {:?}", embedding.shape()).into());
        }
        Ok(embedding.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dot(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn vectors_have_length_one_and_follow_meaning() {
        let model = MiniLm::load(NonZeroUsize::MIN).expect("the model loads");
        let texts = [
            "How do I bake bread?",
            "A recipe for a sourdough loaf",
            "The stock market fell today",
        ];
        let vectors = model.embed(&texts).expect("texts are embedded");
        for vector in &vectors {
            assert_eq!(vector.len(), model.dimensions());
            assert!((dot(vector, vector) - 1.0).abs() < 1e-3);
        }
        assert!(dot(&vectors[0], &vectors[1]) > 0.5);
        assert!(dot(&vectors[0], &vectors[2]) < 0.2);
    }

    #[test]
    fn a_vector_depends_on_its_text_alone() {
        let model = MiniLm::load(NonZeroUsize::MIN).expect("the model loads");
        let texts = [
            "alpha",
            "",
            "a much longer text about gardens, rain and the roses of last year",
            "日本語",
        ];
        let together = model
            .with_threads(NonZeroUsize::new(3).expect("3 is not 0"))
            .embed(&texts);
        let together = together.expect("texts are embedded");
        for (text, vector) in texts.iter().zip(&together) {
            assert_eq!(
                model.embed(&[text]).expect("a text is embedded"),
                std::slice::from_ref(vector),
                "{text:?}"
            );
        }
        assert!(model.embed(&[]).expect("nothing is embedded").is_empty());
    }
}
