//! About data sets.

use super::Advice;
use crate::data::DataError;
use crate::data::fetch::MIRROR;

impl Advice for DataError {
    fn advice(&self) -> Option<String> {
        match self {
            DataError::NoCache(_) => Some("use --data DIR".to_owned()),
            DataError::NotFetched { official, folder, .. } => Some(format!(
                "name a copy by --mirror URL or {MIRROR}; or fetch {official} on another machine, \
                 unpack it and pass its folder {folder} with --data DIR; or use shapes10, which \
                 needs no files"
            )),
            // The others say what would be right.
            _ => None,
        }
    }
}
