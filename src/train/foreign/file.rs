//! The file's side: its modules, in natural order of their names.

use std::collections::BTreeMap;

use super::Unpaired;
use super::names::Name;
use super::signature::Signature;
use crate::network::Part;

/// A tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
}

/// What a tensor is called while it is paired: as in the file, or as whoever imports said.
pub struct Called<'a> {
    /// Its name.
    pub name: &'a str,
    /// As in the file.
    pub tensor: &'a Found,
}

/// A module of a file.
#[derive(Clone, Debug)]
pub struct Theirs {
    /// What all its tensors' names begin with.
    pub name: Name,
    /// Its shapes.
    pub signature: Signature,
    /// Whether it is a linear layer; 1×1 convolutions are not.
    pub linear: bool,
    /// The names of its tensors.
    pub tensors: Vec<(Part, String)>,
    /// The place of the first of them among the file's.
    pub place: usize,
}

/// The modules of a file.
pub struct File {
    /// In natural order of their names.
    pub modules: Vec<Theirs>,
    /// Whether the order of the data tells something: it is not that of the alphabet.
    pub telling: bool,
}

/// Counters of PyTorch, which nothing needs: of batch norms, of averaged models.
const COUNTERS: [&str; 2] = ["num_batches_tracked", "n_averaged"];
/// Longest name that is looked at.
const LONGEST: usize = 1024;

/// Whether a tensor is a counter that nothing needs.
pub fn is_counter(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    COUNTERS.contains(&last)
}

/// A tensor's module, and what it is there.
pub fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

/// What a suffix is, if it is one of PyTorch's.
pub fn part(suffix: &str) -> Option<Part> {
    [Part::Weight, Part::Bias, Part::RunningMean, Part::RunningVariance]
        .into_iter()
        .find(|part| part.suffix() == Some(suffix))
}

/// What a net has, so that a file may; in another it is told as strange.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Vectors under names of their own.
    pub vectors: bool,
    /// Normalisations without statistics.
    pub norms: bool,
}

impl File {
    /// Takes a file's tensors apart, which come in the order of its data.
    pub fn new(found: &[Called<'_>], telling: bool, known: Known) -> Result<Self, Unpaired> {
        let mut stems: BTreeMap<&str, Vec<(usize, Part)>> = BTreeMap::new();
        for (place, tensor) in found.iter().enumerate() {
            let strange = || Unpaired::Strange(tensor.tensor.name.chars().take(80).collect());
            if tensor.name.len() > LONGEST {
                return Err(strange());
            }
            let (stem, suffix) = split(tensor.name);
            let (stem, part) = match part(suffix) {
                Some(part) => (stem, part),
                None if known.vectors => (tensor.name, Part::Whole),
                None => return Err(strange()),
            };
            stems.entry(stem).or_default().push((place, part));
        }
        let mut modules = Vec::new();
        for (stem, tensors) in stems {
            modules.push(module(stem, &tensors, found, known)?);
        }
        modules.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self { modules, telling })
    }
}

fn module(
    stem: &str,
    tensors: &[(usize, Part)],
    found: &[Called<'_>],
    known: Known,
) -> Result<Theirs, Unpaired> {
    let shape = |part: Part| {
        let at = tensors.iter().find(|(_, of)| *of == part)?;
        Some(found[at.0].tensor.shape.as_slice())
    };
    let full = |part: Part| part.of(stem);
    let strange = |part: Part| Err(Unpaired::Strange(full(part)));
    if let Some(shape) = shape(Part::Whole) {
        return match numbers(shape) {
            Some(channels) if tensors.len() == 1 => {
                Ok(theirs(stem, tensors, found, Signature::Vector { channels }))
            }
            _ => strange(Part::Whole),
        };
    }
    let norm = shape(Part::RunningMean).or(shape(Part::RunningVariance));
    let (signature, linear) = match (shape(Part::Weight), norm) {
        (_, Some(&[channels])) => {
            for part in [Part::Weight, Part::Bias, Part::RunningMean, Part::RunningVariance] {
                match (shape(part), part) {
                    (Some(&[same]), _) if same == channels => {}
                    (Some(_), _) => return strange(part),
                    (None, Part::Weight | Part::Bias) => {}
                    (None, _) => {
                        return Err(Unpaired::Half { name: full(part), stem: stem.to_owned() });
                    }
                }
            }
            let affine = [Part::Weight, Part::Bias].map(|part| shape(part).is_some());
            (Signature::Norm { channels, affine, running: true }, false)
        }
        (_, Some(_)) => return strange(Part::RunningMean),
        (Some(&[channels]), None) if known.norms => {
            let affine = [true, shape(Part::Bias).is_some()];
            if shape(Part::Bias).is_some_and(|bias| bias != [channels]) {
                return strange(Part::Bias);
            }
            (Signature::Norm { channels, affine, running: false }, false)
        }
        (Some(&[_]), None) => return Err(Unpaired::OtherNorm(stem.to_owned())),
        (Some(&[outputs, inputs, ref kernel @ ..]), None) if matches!(kernel.len(), 0 | 2) => {
            let bias = match shape(Part::Bias) {
                None => false,
                Some(&[length]) if length == outputs => true,
                Some(_) => return strange(Part::Bias),
            };
            let kernel = match *kernel {
                [rows, columns] => Some([rows, columns]),
                _ => None,
            };
            let sides = kernel.unwrap_or([1, 1]);
            (Signature::Weights { outputs, inputs, kernel: sides, bias }, kernel.is_none())
        }
        (Some(_), None) => return strange(Part::Weight),
        (None, None) => return strange(Part::Bias),
    };
    Ok(Theirs { linear, ..theirs(stem, tensors, found, signature) })
}

/// How many numbers a vector has, whichever its axes of length 1: PyTorch's are 1×C×1×1, C or no axis
/// at all. None for what is no vector.
pub fn numbers(shape: &[usize]) -> Option<usize> {
    let mut axes = shape.iter().filter(|axis| **axis != 1);
    match (axes.next(), axes.next()) {
        (None, _) => Some(1),
        (Some(&length), None) => Some(length),
        (Some(_), Some(_)) => None,
    }
}

fn theirs(
    stem: &str,
    tensors: &[(usize, Part)],
    found: &[Called<'_>],
    signature: Signature,
) -> Theirs {
    Theirs {
        name: Name::new(stem),
        signature,
        linear: false,
        tensors: tensors.iter().map(|(at, part)| (*part, found[*at].tensor.name.clone())).collect(),
        place: tensors.iter().map(|(at, _)| *at).min().unwrap_or(0),
    }
}
