//! Folders that this process alone writes to.

use std::path::Path;
use std::sync::Once;

use crate::cli::show::output;
use crate::train::TrainError;
use crate::train::record::lock::Lock;

/// Takes a folder, and says so where that keeps nobody else out.
pub fn take(folder: &Path) -> Result<Lock, TrainError> {
    Lock::take(folder).inspect(|lock| warn(lock, folder))
}

/// Says once that a folder is not kept from others, if that is so.
pub fn warn(lock: &Lock, folder: &Path) {
    static SAID: Once = Once::new();
    if let Some(why) = lock.lacking() {
        SAID.call_once(|| {
            output::warn(format_args!(
                "{}: the file system has no locks ({why}), so that two processes may write into one folder \
                 of a run: see that none begins twice",
                folder.display()
            ));
        });
    }
}
