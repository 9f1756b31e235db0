//! What several ranks agree on while they train.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Observer, Session};
use crate::data::batches::Share;
use crate::engine::EngineError;
use crate::train::TrainError;
use crate::train::evaluate;
use crate::train::record::evaluation::Evaluation;
use crate::train::tensors::Values;

impl Session {
    /// Which part of each batch is this rank's.
    pub(super) fn share(&self) -> Option<Share> {
        let ranks = self.ranks.as_ref()?;
        Some(Share { number: ranks.rank(), of: ranks.count() })
    }

    /// Whether the run is to end now: where any rank was asked to.
    pub(super) fn stops(&self, observer: &dyn Observer) -> Result<bool, TrainError> {
        let own = observer.interrupted();
        match &self.ranks {
            None => Ok(own),
            Some(ranks) => {
                let asked = ranks.sums(&[f64::from(u8::from(own))]).map_err(EngineError::Lost)?;
                Ok(asked[0] > 0.0)
            }
        }
    }

    /// Pictures of a step that were classified wrongly, and all of them.
    pub(super) fn counts(&self, logits: &[f32], labels: &[u8]) -> Result<[f64; 2], TrainError> {
        let wrong = evaluate::wrong(logits, self.train.classes, labels);
        let own = [wrong as f64, labels.len() as f64];
        let Some(ranks) = &self.ranks else { return Ok(own) };
        let sums = ranks.sums(&own).map_err(EngineError::Lost)?;
        Ok([sums[0], sums[1]])
    }

    /// What the first rank has measured before, once it is known that all begin with the same.
    pub(super) fn begun_alike(
        &self,
        values: &Values,
        done: u64,
        past: Vec<Evaluation>,
    ) -> Result<Vec<Evaluation>, TrainError> {
        let Some(ranks) = &self.ranks else { return Ok(past) };
        let own = self.fingerprint(values, done);
        let first = ranks.told(&own.to_le_bytes()).map_err(EngineError::Lost)?;
        if first != own.to_le_bytes() {
            return Err(TrainError::Apart { rank: ranks.rank() });
        }
        let text = serde_json::to_vec(&past).unwrap_or_default();
        let text = ranks.told(&text).map_err(EngineError::Lost)?;
        Ok(serde_json::from_slice(&text).unwrap_or_default())
    }

    /// A number that is another where a run is.
    fn fingerprint(&self, values: &Values, done: u64) -> u64 {
        let mut hash = DefaultHasher::new();
        done.hash(&mut hash);
        serde_json::to_string(&self.config).unwrap_or_default().hash(&mut hash);
        let mut names: Vec<&String> = values.keys().collect();
        names.sort();
        for name in names {
            name.hash(&mut hash);
            values[name].iter().for_each(|value| value.to_bits().hash(&mut hash));
        }
        hash.finish()
    }
}
