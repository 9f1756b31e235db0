//! The weights that training begins with.

use crate::api::{Checkpoint, Training};
use crate::cli::Failure;
use crate::cli::args::RunArgs;
use crate::cli::session::spec::NamedSpec;
use crate::cli::session::weights;
use crate::cli::show::output;
use crate::data::Dataset;
use crate::network::Network;
use crate::text::{counted, series};
use crate::train::TrainError;
use crate::train::error::Misfit;
use crate::train::recipe::{Normalise, Recipe};
use crate::train::record::checkpoint::{Origin, Renewed};
use crate::train::start::Begun;
use crate::train::updates;

/// The weights that are named for training, if any are.
pub fn open(args: &RunArgs) -> Result<Option<Checkpoint>, Failure> {
    let Some(path) = &args.weights else { return Ok(None) };
    let path = weights::file(path)?;
    let checkpoint = Checkpoint::open(&path)?;
    weights::tell(&path, checkpoint.is_listed);
    Ok(Some(checkpoint))
}

/// The spec that is named; without a name, that of the weights, for the classes of the data.
pub fn spec(args: &RunArgs, weights: &Checkpoint) -> Result<NamedSpec, Failure> {
    match (&args.spec, &weights.origin) {
        (None, Some(origin)) => {
            output::note(format_args!("spec: {}, as the weights say", origin.spec()));
            let mut named = NamedSpec::of(origin);
            named.spec.settings.remove(Network::CLASSES);
            Ok(named.with(&args.set))
        }
        (path, _) => NamedSpec::find(path.as_deref(), &args.set),
    }
}

/// Training that begins with them; says what is taken and what is made new.
pub fn with(
    training: Training,
    weights: &Checkpoint,
    data: &Dataset,
    other_names: bool,
) -> Result<Training, Failure> {
    let training = training
        .start_from_named(weights, data, other_names)
        .map_err(|error| unfit(weights, error))?;
    let Some(begun) = training.begun() else { return Ok(training) };
    let steps = match begun.start.steps {
        0 => String::new(),
        steps => format!(", after {steps} steps"),
    };
    let of = begun.start.data.as_ref().map_or(String::new(), |data| format!(" on {data}"));
    output::note(format_args!(
        "begins with {}{of}{steps}: {} of it",
        weights.path().display(),
        counted(begun.values.len(), "tensor")
    ));
    if !begun.renewed.is_empty() {
        let known = weights.origin.as_ref().and_then(Origin::classes);
        output::note(format_args!(
            "new, since {}: {}",
            why(known, data),
            begun.renewed.iter().map(shapes).collect::<Vec<_>>().join(", ")
        ));
    }
    if let Some(text) = new_and_frozen(&training, begun) {
        output::warn(text);
    }
    say_what_is_seen(training.recipe(), begun, weights.origin.as_ref(), data);
    Ok(training)
}

/// What is made new and then never trained.
fn new_and_frozen(training: &Training, begun: &Begun) -> Option<String> {
    let network = training.network();
    let updates = updates::of(training.recipe(), network).ok()?;
    let frozen = network.tensors().filter(|tensor| updates.own.get(&tensor.id) == Some(&None));
    let frozen: Vec<String> = frozen.map(|tensor| network.tensor_name(tensor.id)).collect();
    let both = begun.renewed.iter().map(|new| new.name.as_str());
    let both: Vec<&str> = both.filter(|new| frozen.iter().any(|name| name == new)).collect();
    let them = series(&both, "and");
    (!both.is_empty()).then(|| {
        format!("frozen, and new: {them} keep their first values, which nobody has trained")
    })
}

/// How pictures come to the net, where that matters to weights that were trained on others.
fn say_what_is_seen(recipe: &Recipe, begun: &Begun, origin: Option<&Origin>, data: &Dataset) {
    match (recipe.normalise, &begun.normalisation) {
        (Normalise::Imagenet, _) => {}
        (Normalise::PerChannel | Normalise::PerPixel, Some(_)) => {
            output::note("pictures are standardised as those that the weights were trained on");
        }
        (Normalise::PerChannel | Normalise::PerPixel, None) => output::warn(format_args!(
            "the weights do not say how the pictures that they were trained on were standardised: mean \
             and deviation are those of {}, which are others. For weights of torchvision say --with \
             normalise=imagenet, or tell rnetc import of --mean and --std",
            data.name
        )),
    }
    let Some(known) = origin.map(Origin::resize).filter(|known| *known != recipe.resize) else {
        return;
    };
    let way = |resize: Option<usize>| match resize {
        Some(side) => format!("resized to {side} by their shorter side, and cropped"),
        None => "stretched to the size that the net reads".to_owned(),
    };
    let same = known.map_or("leave resize away".to_owned(), |side| format!("--with resize={side}"));
    output::note(format_args!(
        "pictures are {}, and those that the weights were trained on were {} ({same})",
        way(recipe.resize),
        way(known)
    ));
}

/// Why the layer that tells classes apart is new.
fn why(known: Option<&[String]>, data: &Dataset) -> String {
    let there = data.classes.len();
    match known {
        Some(classes) if classes.len() == there => format!(
            "{} has other classes than the weights tell apart (--other-names says that they mean the \
             same)",
            data.name
        ),
        Some(classes) => {
            format!(
                "{} has {there} classes, and the weights tell {} apart",
                data.name,
                classes.len()
            )
        }
        None => format!("{} has {there} classes", data.name),
    }
}

/// `head.linear.weight 3×64 (was 10×64)`
fn shapes(tensor: &Renewed) -> String {
    let by = |shape: &[usize]| shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
    match &tensor.had {
        Some(had) if *had != tensor.has => {
            format!("{} {} (was {})", tensor.name, by(&tensor.has), by(had))
        }
        Some(_) | None => format!("{} {}", tensor.name, by(&tensor.has)),
    }
}

/// What does not fit, with what may differ and what reads other programs' files.
fn unfit(weights: &Checkpoint, error: TrainError) -> Failure {
    let misfit = matches!(
        error,
        TrainError::Misfit { why: Misfit::Missing | Misfit::Unknown | Misfit::Shape { .. }, .. }
    );
    match (Failure::from(error), &weights.origin) {
        (Failure::Wrong(text), Some(_)) if misfit => Failure::Wrong(format!(
            "{text}; only the layer that tells classes apart may differ. Leave the spec away to train \
             the weights' own net"
        )),
        (Failure::Wrong(text), None) if misfit => Failure::Wrong(format!(
            "{text}; weights of another program are read by rnetc import SPEC STATE -o FILE first"
        )),
        (failure, _) => failure,
    }
}
