//! [`Places`]: how many there may be of something, in all and for each holder.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;

use crate::front::refusal::Refusal;

/// A number of places, of which nobody can have all.
#[derive(Clone)]
pub(crate) struct Places {
    inner: Arc<Inner>,
}

struct Inner {
    /// What the places are for, in the plural: `streams`.
    what: &'static str,
    max: usize,
    each_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    /// Holders without a place are not kept.
    each: HashMap<Arc<str>, usize>,
}

/// A place that is taken until this is dropped.
pub(crate) struct Place {
    inner: Arc<Inner>,
    holder: Arc<str>,
}

impl Places {
    pub(crate) fn new(what: &'static str, max: usize, each_max: usize) -> Self {
        let inner = Inner {
            what,
            max,
            each_max,
            taken: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Takes a place for `holder`.
    pub(crate) fn take(&self, holder: &str) -> Result<Place, Refusal> {
        let Inner {
            what,
            max,
            each_max,
            taken,
        } = &*self.inner;
        let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.each.get(holder).is_some_and(|count| count >= each_max) || *each_max == 0 {
            return Err(Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many",
                format!("you have {each_max} {what} open, and cannot have more"),
                format!("close {what} you no longer use"),
            ));
        }
        if taken.all >= *max {
            return Err(Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "too_many",
                format!("this server has {max} {what} open, and cannot have more"),
                "try again later",
            )
            .header(http::header::RETRY_AFTER, http::HeaderValue::from_static("5")));
        }
        taken.all += 1;
        let holder: Arc<str> = holder.into();
        *taken.each.entry(Arc::clone(&holder)).or_default() += 1;
        Ok(Place {
            inner: Arc::clone(&self.inner),
            holder,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.inner.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= 1;
        if let Some(count) = taken.each.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                taken.each.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_more_than_a_share_and_all_together_no_more_than_there_are() {
        let places = Places::new("streams", 3, 2);
        let status = |holder: &str| places.take(holder).map_err(|refusal| refusal.status.as_u16());
        let first = status("a").expect("there is room");
        let second = status("a").expect("there is room");
        assert_eq!(status("a").err(), Some(429));
        let third = status("b").expect("there is room");
        assert_eq!((status("b").err(), status("c").err()), (Some(503), Some(503)));
        drop(first);
        let fourth = status("c").expect("there is room again");
        drop((second, third, fourth));
        let taken = places.inner.taken.lock().expect("not poisoned");
        assert_eq!((taken.all, taken.each.len()), (0, 0));
    }

    #[test]
    fn no_places_means_none() {
        assert!(Places::new("streams", 0, 1).take("a").is_err());
        assert!(Places::new("streams", 1, 0).take("a").is_err());
    }
}
