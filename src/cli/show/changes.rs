//! What two configurations do not have in common, in lines.

use crate::train::config::Change;

/// A line each: keys as YAML writes them, with what they are now behind.
pub fn listed(changes: &[Change]) -> String {
    changes.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn line(change: &Change) -> String {
    match change {
        Change::Spec => "  the spec's text".into(),
        Change::TrainingPictures => "  the training pictures, their labels or their order".into(),
        Change::ValidationPictures => {
            "  the pictures of the validation part, their labels or their order".into()
        }
        Change::TestPictures => "  the test pictures, their labels or their order".into(),
        Change::Key { key, was, now } => format!("  {key}: {was}  # now {now}"),
    }
}
