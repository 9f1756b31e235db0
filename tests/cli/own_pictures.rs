//! Runs on a folder of pictures, `pets`, by recipes that are written for them.

use crate::folder::Folder;

pub const TRAIN: &str = "run tiny.rnet --train pets --engine cpu";
pub const WEIGHTS: &str = "--engine cpu --weights";

/// A short recipe.
pub fn recipe(folder: &Folder, name: &str, augmentation: &str, more: &str) {
    let text = format!(
        "batch: 8\nepochs: 4\noptimiser: {{ momentum: 0.9, weight_decay: 0 }}\nschedule: {{ lr: 0.01 }}\n\
         augmentation: {augmentation}\nnormalise: per_channel\nseed: 0\n{more}"
    );
    std::fs::write(folder.at(name), text).unwrap();
}

pub fn read(folder: &Folder, path: &str) -> String {
    std::fs::read_to_string(folder.at(path)).unwrap()
}
