//! About studies of lesions.

use super::Advice;
use crate::dissect::lesion::plan::Impossible;

impl Advice for Impossible {
    fn advice(&self) -> Option<String> {
        match self {
            Impossible::Nothing { .. } => None,
            Impossible::NoSite { all, .. } => Some(format!("take one of 1 to {all}")),
            Impossible::Stays { .. } => Some("--delete each lists what can be deleted".to_owned()),
            Impossible::Counts { deletable: 0, .. } => {
                Some("take a deeper net, or --delete each".to_owned())
            }
            Impossible::Counts { asked, deletable, .. } => {
                Some(format!("say --counts {}..{deletable}", asked.start().min(deletable)))
            }
            Impossible::Swaps { pairs: 0 } => Some("take a deeper net".to_owned()),
            Impossible::Swaps { .. } => Some("say fewer --swaps".to_owned()),
        }
    }
}
