//! What batches make of a number of pictures.

use super::output::note;
use crate::train::config::Config;

/// Says when batches are smaller than was asked for, and what an epoch leaves out.
pub fn say(asked: usize, config: &Config) {
    let (pictures, batch) = (config.pictures, config.recipe.batch);
    if batch < asked {
        note(format_args!(
            "{} has {pictures} training pictures: a batch is all of them, and not {asked}",
            config.data
        ));
    }
    let left = pictures % batch;
    if left > 0 {
        note(format_args!(
            "batches are whole: each epoch leaves out {left} of the {pictures} training pictures, \
             others each time"
        ));
    }
}
