//! What a file is that is no safetensors file, by its first bytes.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A format that other programs keep weights in, and rnetc does not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OtherFormat {
    /// A folder, with the safetensors files in it.
    Folder(Vec<String>),
    /// A zip of PyTorch's: a pickle and its tensors.
    TorchZip,
    /// A pickle, as PyTorch wrote before 1.6.
    Pickle,
    /// A zip of Keras 3.
    Keras,
    /// HDF5, as Keras 2 wrote.
    Hdf5,
    /// ONNX.
    Onnx,
    /// Arrays of NumPy.
    Numpy,
    /// GGUF.
    Gguf,
    /// The list of a model's parts.
    Index,
}

impl std::fmt::Display for OtherFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            OtherFormat::Folder(_) => "a folder",
            OtherFormat::TorchZip => "a file of torch.save, a zip with a pickle in it",
            OtherFormat::Pickle => "a pickle",
            OtherFormat::Keras => "a model of Keras",
            OtherFormat::Hdf5 => "an HDF5 file, as Keras writes",
            OtherFormat::Onnx => "an ONNX model",
            OtherFormat::Numpy => "arrays of NumPy",
            OtherFormat::Gguf => "a GGUF file",
            OtherFormat::Index => "a list of a model's files",
        })
    }
}

/// What a file is, if it is one of those that are known and not read; none for all else.
pub fn other_format(path: &Path) -> Option<OtherFormat> {
    if path.is_dir() {
        return Some(OtherFormat::Folder(safetensors_in(path)));
    }
    let mut start = Vec::new();
    File::open(path).ok()?.take(128).read_to_end(&mut start).ok()?;
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let ending = ending.as_deref().unwrap_or_default();
    match start.as_slice() {
        [b'P', b'K', 3, 4, ..] => zip(&start, ending),
        // Protocols 2 to 5; a header of safetensors of as few bytes has `{` in its ninth.
        [0x80, 2..=5, ..] if start.get(8) != Some(&b'{') => Some(OtherFormat::Pickle),
        [0x89, b'H', b'D', b'F', ..] => Some(OtherFormat::Hdf5),
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Some(OtherFormat::Numpy),
        [b'G', b'G', b'U', b'F', ..] => Some(OtherFormat::Gguf),
        // The version of the representation comes first, a small number.
        [0x08, 1..=31, ..] if ending == "onnx" => Some(OtherFormat::Onnx),
        [b'{', ..] if ending == "json" => Some(OtherFormat::Index),
        _ => None,
    }
}

/// By the first file in it.
fn zip(start: &[u8], ending: &str) -> Option<OtherFormat> {
    let length = usize::from(*start.get(26)?) + 256 * usize::from(*start.get(27)?);
    let name = start.get(30..(30 + length).min(start.len()))?;
    let name = String::from_utf8_lossy(name);
    match name.rsplit('/').next()? {
        "data.pkl" | ".format_version" | "byteorder" => Some(OtherFormat::TorchZip),
        "metadata.json" | "config.json" | "model.weights.h5" => Some(OtherFormat::Keras),
        array if array.ends_with(".npy") => Some(OtherFormat::Numpy),
        _ => match ending {
            "keras" => Some(OtherFormat::Keras),
            "npz" => Some(OtherFormat::Numpy),
            "pt" | "pth" | "bin" | "ckpt" | "tar" => Some(OtherFormat::TorchZip),
            _ => None,
        },
    }
}

fn safetensors_in(folder: &Path) -> Vec<String> {
    const MOST: usize = 1000;
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.take(MOST).filter_map(Result::ok).map(|entry| entry.file_name());
    let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.retain(|name| name.ends_with(".safetensors"));
    names.sort();
    names
}
