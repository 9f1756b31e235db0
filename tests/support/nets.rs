//! Small nets of PyTorch, under other programs' names, with what it computes (tests/goldens/make_nets.py).

use std::collections::HashMap;
use std::path::PathBuf;

use safetensors::SafeTensors;

/// One net.
pub struct Net {
    /// The bundled spec of the same net, with pictures as small as the golden's.
    pub spec: String,
    /// Its settings.
    pub set: Vec<(String, String)>,
    /// Names and shapes of the state dict, in its order.
    pub state: Vec<(String, Vec<usize>)>,
    /// N×C×H×W.
    pub images: (Vec<usize>, Vec<f64>),
    numbers: HashMap<String, Vec<f64>>,
}

/// Pictures of each golden.
pub const BATCH: usize = 4;
/// Where the pictures stand among tensors.
const IMAGES: usize = 1 << 20;

impl Net {
    /// Every golden's name.
    pub fn all() -> Vec<String> {
        let files = std::fs::read_dir(folder()).expect("goldens");
        let stem = |path: PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
        let mut names: Vec<String> = files.map(|file| stem(file.expect("a file").path())).collect();
        names.sort();
        assert!(names.len() >= 20, "{names:?}");
        names
    }

    /// One of them.
    pub fn read(name: &str) -> Self {
        let bytes = std::fs::read(folder().join(format!("{name}.safetensors"))).expect("a golden");
        let (_, header) = SafeTensors::read_metadata(&bytes).expect("a header");
        let about = header.metadata().clone().expect("metadata");
        let pairs = about["set"].split_whitespace().filter_map(|pair| pair.split_once('='));
        let set = pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let side: usize = about["side"].parse().expect("a side");
        let path = format!("{}/specs/{}.rnet", env!("CARGO_MANIFEST_DIR"), about["spec"]);
        let spec = std::fs::read_to_string(path).expect("a spec");
        let file = SafeTensors::deserialize(&bytes).expect("a golden");
        let floats = |bytes: &[u8]| -> Vec<f64> {
            bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
        };
        let images = number(IMAGES, BATCH * 3 * side * side);
        Self {
            spec: spec.replace("input(3, 32, 32)", &format!("input(3, {side}, {side})")),
            set,
            state: serde_json::from_str(&about["state"]).expect("names and shapes"),
            images: (vec![BATCH, 3, side, side], images.map(|u| (u - 0.5) * 4.0).collect()),
            numbers: file.iter().map(|(name, view)| (name.into(), floats(view.data()))).collect(),
        }
    }

    /// What PyTorch computed.
    pub fn get(&self, name: &str) -> &[f64] {
        &self.numbers[name]
    }

    /// The numbers of the state dict, in PyTorch's order.
    pub fn values(&self) -> Vec<Vec<f64>> {
        let each = self.state.iter().enumerate();
        each.map(|(place, (name, shape))| value(place, name, shape)).collect()
    }
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/nets"))
}

/// Multiples of 2⁻²⁰ in [0, 1), as the script has them.
pub fn number(tensor: usize, count: usize) -> impl Iterator<Item = f64> {
    let start = (tensor as u32).wrapping_mul(0x9E37_79B1).wrapping_add(1);
    (0..count as u32).map(move |at| {
        let mut h = at.wrapping_mul(0x85EB_CA77).wrapping_add(start);
        h ^= h >> 16;
        h = h.wrapping_mul(0x7FEB_352D);
        h ^= h >> 15;
        h = h.wrapping_mul(0x846C_A68B);
        h ^= h >> 16;
        f64::from(h >> 12) / f64::from(1 << 20)
    })
}

fn value(place: usize, name: &str, shape: &[usize]) -> Vec<f64> {
    let numbers = number(place, shape.iter().product());
    if let [_, reads @ ..] = shape
        && !reads.is_empty()
    {
        let reads = reads.iter().product::<usize>() as f64;
        let mut scale = 1.0;
        while scale * scale * reads > 24.0 {
            scale /= 2.0;
        }
        while scale * scale * reads <= 6.0 {
            scale *= 2.0;
        }
        return numbers.map(|u| (u - 0.5) * scale).collect();
    }
    let shift = if name.ends_with("bias") || name.ends_with("running_mean") { -0.5 } else { 0.5 };
    numbers.map(|u| u + shift).collect()
}
