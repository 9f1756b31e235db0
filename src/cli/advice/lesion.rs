//! About studies of lesions.

use super::Advice;
use crate::dissect::lesion::plan::Impossible;

impl Advice for Impossible {
    fn advice(&self) -> Option<String> {
        match self {
            Impossible::Nothing { .. } => None,
            Impossible::Counts { asked, deletable, .. } => {
                Some(format!("say --counts {}..{deletable}", asked.start().min(deletable)))
            }
            Impossible::Swaps { pairs: 0 } => Some("take a deeper net".to_owned()),
            Impossible::Swaps { .. } => Some("say fewer --swaps".to_owned()),
        }
    }
}
