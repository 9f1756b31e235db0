//! Weights of other programs.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorView};

use super::{bytes, damaged, shape, whole};
use crate::network::Network;
use crate::train::TrainError;
use crate::train::error::Misfit;
use crate::train::foreign::{self, Found, Map, Pairing, Unpaired, same_content};
use crate::train::layout;
use crate::train::tensors::{self, Tensor, Values};
use crate::train::yaml;

/// Longest map that is read.
const LONGEST_MAP: u64 = 4 << 20;

/// Reads a map of names in YAML, a line a name.
pub fn read_map(path: &Path) -> Result<Map, TrainError> {
    let bytes = bytes(path, LONGEST_MAP)?;
    yaml::read("map", &path.to_string_lossy(), &String::from_utf8_lossy(&bytes))
}

/// A state dict that was paired with a network.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// Its values under the network's names, in the graph's order.
    pub values: Values,
    /// What is what, and why.
    pub pairing: Pairing,
    /// How many tensors were converted to f32, by what they were.
    pub converted: BTreeMap<&'static str, usize>,
}

/// Reads a state dict of PyTorch ([`foreign`] says how its names are understood).
pub fn load_foreign(path: &Path, network: &Network, map: &Map) -> Result<Foreign, TrainError> {
    let tensors = tensors::of(network);
    let bytes = whole(path, &tensors)?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| damaged(path, &error))?;
    let wrong = |why| TrainError::Unpaired { path: path.to_path_buf(), why: Box::new(why) };
    let (found, telling) = found(&bytes).map_err(|error| damaged(path, &error))?;
    let pairing = foreign::pair_with(network, &found, telling, map).map_err(wrong)?;
    let mut names: BTreeMap<String, &str> = BTreeMap::new();
    for pair in &pairing.pairs {
        for (part, name) in &pair.tensors {
            names.insert(part.of(&pair.own), name);
        }
    }
    let mut values = Values::new();
    let mut converted = BTreeMap::new();
    for tensor in &tensors {
        let name = names.get(&tensor.name).copied().unwrap_or_default();
        let missing = || Unpaired::Missing { name: name.to_owned(), own: tensor.name.clone() };
        let view = file.tensor(name).map_err(|_| wrong(missing()))?;
        let own = || tensor.name.clone();
        let misfit = |why| wrong(Unpaired::Misfit { name: name.to_owned(), own: own(), why });
        let data = read(&view, tensor).map_err(misfit)?;
        if view.dtype() != Dtype::F32 {
            *converted.entry(word(view.dtype())).or_default() += 1;
        }
        values.insert(tensor.name.clone(), data);
    }
    Ok(Foreign { values, pairing, converted })
}

/// A file's tensors in the order of its data, and whether that order tells something:
/// safetensors.torch sorts them by type and then by name.
fn found(bytes: &[u8]) -> Result<(Vec<Found>, bool), SafeTensorError> {
    let (_, metadata) = SafeTensors::read_metadata(bytes)?;
    let mut last: BTreeMap<String, String> = BTreeMap::new();
    let (mut found, mut telling) = (Vec::new(), false);
    for name in metadata.offset_keys() {
        let Some(info) = metadata.info(&name) else { continue };
        let before = last.insert(format!("{:?}", info.dtype), name.clone());
        telling |= before.is_some_and(|before| before > name);
        found.push(Found { shape: info.shape.clone(), name });
    }
    Ok((found, telling))
}

/// A tensor's numbers as f32, in the graph's order.
fn read(view: &TensorView, tensor: &Tensor) -> Result<Vec<f32>, Misfit> {
    let wanted = shape(tensor);
    if !same_content(tensor.kind, view.shape(), &wanted) {
        return Err(Misfit::Shape { found: view.shape().to_vec(), wanted });
    }
    let bytes = view.data();
    let values: Vec<f32> = match view.dtype() {
        Dtype::F32 => bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        Dtype::F64 => {
            let values = bytes.as_chunks::<8>().0.iter();
            values.map(|b| f64::from_le_bytes(*b) as f32).collect()
        }
        Dtype::F16 => {
            bytes.as_chunks::<2>().0.iter().map(|b| of_half(u16::from_le_bytes(*b))).collect()
        }
        Dtype::BF16 => {
            let upper = |b: &[u8; 2]| f32::from_bits(u32::from(u16::from_le_bytes(*b)) << 16);
            bytes.as_chunks::<2>().0.iter().map(upper).collect()
        }
        other => return Err(Misfit::Unread(format!("{other:?}"))),
    };
    if values.iter().any(|value| !value.is_finite()) {
        return Err(Misfit::NoNumber);
    }
    super::check_variances(tensor, &values)?;
    Ok(layout::from_checkpoint(tensor.kind, tensor.shape, &values))
}

/// IEEE 754's binary16.
fn of_half(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    let size = match exponent {
        0 => fraction * 2_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + fraction) * 2_f32.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

fn word(dtype: Dtype) -> &'static str {
    match dtype {
        Dtype::F16 => "f16",
        Dtype::BF16 => "bf16",
        Dtype::F64 => "f64",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_what_ieee_754_says() {
        let cases = [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0400, 6.103_515_6e-5),
            (0x0001, 5.960_464_5e-8),
            (0x3555, 0.333_251_95),
            (0x7c00, f32::INFINITY),
        ];
        for (bits, value) in cases {
            assert_eq!(of_half(bits), value, "{bits:#x}");
        }
        assert!(of_half(0x7e00).is_nan());
        assert!(of_half(0x8000).is_sign_negative());
    }
}
