//! About training, checkpoints and run folders.

use std::io::ErrorKind;

use super::{Advice, weights};
use crate::network::Chw;
use crate::train::TrainError;
use crate::train::error::{FirstBad, Fixed, Misfit};

impl Advice for TrainError {
    fn advice(&self) -> Option<String> {
        let advice = match self {
            TrainError::Engine(error) => return error.advice(),
            TrainError::Data(error) => return error.advice(),
            TrainError::Writing { error, .. } => match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                    "what was saved before is whole: free some space and go on with --resume"
                }
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                    "choose a folder that can be written with --out"
                }
                _ => return None,
            },
            TrainError::NoParameter { near, there, .. } => {
                return Some(named(near.as_deref(), there));
            }
            TrainError::Uneven { .. } => "say so with --batch, or take another number of ranks",
            TrainError::Apart { .. } => {
                "start the same rnetc on machines that are alike and have the same files"
            }
            TrainError::OtherDevice { .. } => {
                "give all ranks one --engine, and start them where processors or GPUs are alike"
            }
            TrainError::OtherStart { .. } => "begin again with another --out",
            TrainError::AllFrozen { .. } => "leave the head out, or what is new",
            TrainError::Parts { batch, most, .. } => {
                return Some(format!("write ghost: {}, or a smaller batch", batch.div_ceil(*most)));
            }
            TrainError::NoHidden { .. } => {
                "give it layers, such as groups: [{ match: head, optimiser: muon }], or take kind: adamw"
            }
            TrainError::NoMatrix { .. } => {
                "match weights of convolutions or linear layers; a parameter belongs to the first group \
                 that matches it"
            }
            TrainError::NoDepth { .. } => "write groups with an lr_factor instead",
            TrainError::Newer { .. } => "use the rnetc that wrote it, or a newer one",
            TrainError::NotWhole { .. } | TrainError::Changed { .. } => {
                "use another checkpoint of the run"
            }
            TrainError::DamagedList { .. } => {
                "remove it to go on without the check of their hashes"
            }
            TrainError::Misfit { why: Misfit::NoNumber, .. } => {
                "the training diverged: use an earlier checkpoint, or a lower learning rate"
            }
            TrainError::Misfit { .. } => {
                "the weights belong to another net, or to other settings (--set)"
            }
            TrainError::Unpaired { why, .. } => return Some(weights::pair(why)),
            TrainError::OtherFormat { path, format } => {
                return Some(weights::convert(path, format));
            }
            TrainError::Check { .. } => {
                "docs/src/own-weights.md has the lines of Python that write such a file"
            }
            TrainError::NoRun { .. } => "name a folder that rnetc run --train made",
            TrainError::NoRunOf { .. } => "name its folder by --out",
            TrainError::HoldsRun { .. } => "go on with it by --resume, or choose another --out",
            TrainError::Held { .. } => "wait for it, stop it, or take another folder",
            TrainError::OtherStudy { .. } => "say --again to drop what it holds",
            TrainError::OtherPictures { by: Fixed::Weights, .. } => {
                "its weights were trained so: name a set of such pictures, or a folder of pictures, \
                 which are scaled"
            }
            TrainError::OtherPictures { by: Fixed::Parameter, pictures, .. } => {
                return Some(format!(
                    "say --set pixels={}; where the net has cifar, --set cifar=1 is its form for small pictures",
                    pictures.h
                ));
            }
            TrainError::OtherPictures { by: Fixed::Spec, pictures: Chw { c, h, w }, .. } => {
                return Some(format!("write input({c}, {h}, {w}) in the spec"));
            }
            TrainError::OtherClasses { by: Fixed::Weights, .. } => {
                "its weights were trained so: name the set that they were trained on, or one with \
                 the same classes"
            }
            TrainError::OtherClasses { by: Fixed::Parameter, there, .. } => {
                return Some(format!("say --set classes={there}"));
            }
            TrainError::OtherClasses { by: Fixed::Spec, there, .. } => {
                return Some(format!("write linear({there}) in the spec"));
            }
            TrainError::OtherNames { .. } => {
                "if they mean the same in the same order, say --other-names"
            }
            TrainError::NoValidation { .. } => {
                "write validation: 0.1 in the recipe to set a tenth of the training pictures apart, or \
                 best: test to choose by the test pictures, whose error is then too low"
            }
            TrainError::NoPictures { .. } => "name a set that has some with --train",
            TrainError::Undescribed => {
                "use weights that rnetc run --train wrote, or tell rnetc import of them (--classes, --mean, \
                 --std, or --trained-on)"
            }
            TrainError::NonFinite { step: 1, .. } => {
                "no update had been made: the net itself divides by 0 or overflows, or the weights it \
                 began with do"
            }
            TrainError::NonFinite { tensor, .. } => return Some(finite_again(tensor)),
            TrainError::BadNumber { .. } => {
                "in training, a lower learning rate or a longer warm-up in the recipe may help"
            }
            TrainError::Overflow { .. } => {
                "train with --precision f32, or with a lower learning rate"
            }
            TrainError::Reading { .. }
            | TrainError::NoThread(_)
            | TrainError::Unclear { .. }
            | TrainError::Blank { .. }
            | TrainError::Pictures(_)
            | TrainError::Sizes(_)
            | TrainError::ClassWeights { .. }
            | TrainError::Survival(_)
            | TrainError::TooLong { .. }
            | TrainError::NoValue { .. } => return None,
        };
        Some(advice.to_owned())
    }
}

/// What a pattern of a recipe may mean.
fn named(near: Option<&str>, there: &[String]) -> String {
    const SHOWN: usize = 12;
    let near = near.map_or_else(String::new, |near| format!("did you mean {near}? "));
    let more = if there.len() > SHOWN { ", …" } else { "" };
    let shown = there[..there.len().min(SHOWN)].join(", ");
    format!("{near}there are {shown}{more}; rnetc check SPEC --summary names each layer")
}

fn finite_again(tensor: &FirstBad) -> String {
    let told = match tensor {
        FirstBad::Tensor(_) => "",
        FirstBad::Overtaken => "--engine cpu tells it; ",
        FirstBad::Half => "--precision f32 tells it; ",
    };
    format!(
        "{told}a lower learning rate or a longer warm-up in the recipe may help (see the last \
         checkpoint of the run)"
    )
}
