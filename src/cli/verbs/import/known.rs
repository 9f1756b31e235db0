//! What imported weights say of themselves: net, classes, standardisation, data.

use std::path::Path;

use crate::cli::Failure;
use crate::cli::args::{ImportArgs, KnownArgs};
use crate::cli::session::download;
use crate::cli::session::recorded;
use crate::cli::session::signals::Signals;
use crate::cli::session::spec::NamedSpec;
use crate::cli::show::output;
use crate::data::folder::Splits;
use crate::data::locate::Found;
use crate::data::normalise::Normalisation;
use crate::network::Network;
use crate::pixels::COLOURS;
use crate::train::fit;
use crate::train::record::checkpoint::Imported;

/// Bytes are what pictures are made of; other programs divide them by this first.
const WHITE: f64 = 255.0;

/// What is known of the weights for a network.
pub fn of(args: &ImportArgs, spec: &NamedSpec, network: &Network) -> Result<Imported, Failure> {
    let known = &args.known;
    let found = match &known.trained_on {
        Some(set) => {
            let names = known.classes.as_ref().map(|names| names.0.as_slice());
            let official = recorded::official(set, known.data.as_deref(), None);
            Some(Found::find(set, official.as_deref(), names)?)
        }
        None => None,
    };
    let classes = known.classes.as_ref().map(|names| names.0.clone());
    let classes = classes.or_else(|| found.as_ref().map(Found::class_names));
    if let Some(names) = &classes {
        check(names, network)?;
    }
    fit::sizing(network, known.resize).check()?;
    let normalisation = match (given(known, network)?, &found) {
        (Some(given), _) => Some(given),
        (None, Some(found)) => Some(measured(found, network, known.resize)?),
        (None, None) => None,
    };
    Ok(Imported {
        format: Default::default(),
        source: source(&args.state),
        spec: spec.spec.source.name.to_string(),
        settings: spec.spec.settings.clone(),
        spec_text: spec.spec.source.text.to_string(),
        data: known.trained_on.as_ref().map(ToString::to_string),
        files: recorded::files(known.data.as_ref()),
        classes,
        normalisation,
        resize: known.resize,
    })
}

/// What is missing, and what it is needed for.
pub fn say_what_is_missing(imported: &Imported, network: &Network) {
    if imported.normalisation.is_none() && fit::extent(network).channels == COLOURS {
        output::note(
            "weights of torchvision, transformers' ResNet and most of timm have --mean \
             0.485,0.456,0.406 --std 0.229,0.224,0.225; timm's resnetv2 0.5,0.5,0.5 for both \
             (model.pretrained_cfg says it); those of ImageNet see the middle of a larger picture: \
             --resize 256",
        );
    }
    let missing = match (&imported.classes, &imported.normalisation) {
        (Some(_), Some(_)) => return,
        (None, Some(_)) => {
            "their classes are not known: --predict, lesion and paths need --classes"
        }
        (Some(_), None) => {
            "how pictures were standardised is not known: --eval takes mean and deviation of the set \
             it is given, and --predict, lesion and paths need --mean and --std"
        }
        (None, None) => {
            "neither classes nor standardisation are known of these weights: --eval takes mean and \
             deviation of the set it is given, and --predict, lesion and paths need --trained-on \
             DATA, or --classes, --mean and --std"
        }
    };
    output::note(format_args!("{missing}; say them here"));
}

fn source(state: &Path) -> String {
    state.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn check(names: &[String], network: &Network) -> Result<(), Failure> {
    let (told, tells) = (names.len(), network.classes());
    if told == tells {
        return Ok(());
    }
    let net = &network.name;
    Err(Failure::Wrong(format!("the net {net} tells {tells} classes apart, and {told} are named")))
}

/// `--mean` and `--std`, in bytes.
fn given(known: &KnownArgs, network: &Network) -> Result<Option<Normalisation>, Failure> {
    let (Some(mean), Some(std)) = (&known.mean, &known.std) else { return Ok(None) };
    let channels = fit::extent(network).channels;
    if mean.len() != channels || std.len() != channels {
        return Err(Failure::Usage(format!(
            "--mean has {} and --std {} numbers, and the net reads {channels} channels",
            mean.len(),
            std.len()
        )));
    }
    let sensible =
        mean.iter().all(|m| (-1.0..=1.0).contains(m)) && std.iter().all(|s| *s > 0.0 && *s <= 1.0);
    if !sensible {
        return Err(Failure::Usage(
            "--mean and --std are of values from 0 to 1, as torchvision's Normalize takes them; \
             divide by 255 what is of bytes"
                .into(),
        ));
    }
    let bytes = |values: &[f64]| values.iter().map(|value| value * WHITE).collect();
    Ok(Some(Normalisation { mean: bytes(mean), std: bytes(std) }))
}

/// Where nothing else is said, weights were trained as rnetc trains.
fn measured(
    found: &Found,
    network: &Network,
    resize: Option<usize>,
) -> Result<Normalisation, Failure> {
    let signals = Signals::catch()?;
    let data = download::load(found, fit::sizing(network, resize), Splits::Both, &signals)?;
    fit::check_weights(network, &data)?;
    let normalisation = Normalisation::measure(data.train.as_ref());
    let list = |values: &[f64]| {
        let values = values.iter().map(|value| format!("{:.4}", value / WHITE));
        values.collect::<Vec<_>>().join(",")
    };
    output::note(format_args!(
        "mean {} and std {} measured over the training pictures of {}; say --mean and --std if it \
         was trained with others",
        list(&normalisation.mean),
        list(&normalisation.std),
        data.name
    ));
    Ok(normalisation)
}
