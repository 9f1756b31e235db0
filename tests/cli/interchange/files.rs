//! Files of other formats, other numbers, and other nets of the same shapes.

use std::io::Write;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use super::names::golden;
use crate::folder::Folder;

/// The net of `sides.safetensors`, with its zero channels behind.
const ORIGINAL: &str = "
unit post(width, stride = 1) {
    F = conv(3x3, width, stride: stride) -> bn -> relu -> conv(3x3, width) -> bn
    h = shortcut(width, stride: stride)
    y = h(x) + F(x)
    f = relu
}
net n { input(3, 8, 8) -> conv(3x3, 4) -> bn -> relu -> post(4) * 2 -> post(8, 2) -> post(8)
    -> global_avg_pool -> linear(5) }
";

/// Of the same tensors as the original net.
const PREACT: &str = "
unit pre(width) {
    F = bn -> relu -> conv(3x3, width) -> bn -> relu -> conv(3x3, width)
    y = x + F(x)
}
unit change(width) {
    F = bn -> relu -> conv(3x3, width, stride: 2) -> bn -> relu -> conv(3x3, width)
    h = shortcut(width, stride: 2)
    y = h(x) + F(x)
}
net n { input(3, 8, 8) -> conv(3x3, 4) -> pre(4) * 2 -> change(8) -> pre(8) -> bn -> relu
    -> global_avg_pool -> linear(5) }
";

#[test]
fn a_net_of_the_same_shapes_is_not_taken_for_another() {
    let folder = Folder::new();
    std::fs::write(folder.at("n.rnet"), PREACT).unwrap();
    std::fs::copy(golden("sides.safetensors"), folder.at("state.safetensors")).unwrap();
    let run = folder.expect(1, "import n.rnet state.safetensors -o own.safetensors");
    assert!(run.err.contains("layer"), "{run:?}");
    assert!(run.err.contains("bn, conv, bn, conv"), "{run:?}");
    assert!(run.err.contains("is spread over the net's units"), "{run:?}");
    assert!(!folder.at("own.safetensors").exists());
}

type Converted = (String, Dtype, Vec<usize>, Vec<u8>);

/// A state dict with its f32 tensors changed.
fn changed(folder: &Folder, dtype: Dtype, number: impl Fn(f32) -> Vec<u8>) {
    let bytes = std::fs::read(golden("sides.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let each = file.iter().map(|(name, view)| -> Converted {
        let shape = view.shape().to_vec();
        match view.dtype() {
            Dtype::F32 => {
                let numbers = view.data().as_chunks::<4>().0.iter();
                let data = numbers.flat_map(|b| number(f32::from_le_bytes(*b))).collect();
                (name.to_owned(), dtype, shape, data)
            }
            other => (name.to_owned(), other, shape, view.data().to_vec()),
        }
    });
    let all: Vec<Converted> = each.collect();
    let views: Vec<(&str, TensorView)> = all
        .iter()
        .map(|(name, dtype, shape, data)| {
            (name.as_str(), TensorView::new(*dtype, shape.clone(), data).unwrap())
        })
        .collect();
    let bytes = safetensors::serialize(views, None).unwrap();
    std::fs::write(folder.at("state.safetensors"), bytes).unwrap();
}

#[test]
fn other_numbers_are_converted_and_said_or_refused() {
    let folder = Folder::new();
    let spec = ORIGINAL.replace("stride: stride)\n", "stride: stride, before: width / 4)\n");
    std::fs::write(folder.at("n.rnet"), spec).unwrap();
    std::fs::copy(golden("sides.check.safetensors"), folder.at("check")).unwrap();
    let import = "import n.rnet state.safetensors -o own.safetensors";
    changed(&folder, Dtype::F64, |v| f64::from(v).to_le_bytes().to_vec());
    let run = folder.expect(0, &format!("{import} --check check"));
    assert!(run.err.contains("47 tensors of f64 converted to f32"), "{run:?}");
    changed(&folder, Dtype::BF16, |v| ((v.to_bits() >> 16) as u16).to_le_bytes().to_vec());
    let run = folder.expect(0, import);
    assert!(run.err.contains("47 tensors of bf16 converted to f32"), "{run:?}");
    // One, in halves.
    changed(&folder, Dtype::F16, |_| 0x3c00_u16.to_le_bytes().to_vec());
    let run = folder.expect(0, import);
    assert!(run.err.contains("47 tensors of f16 converted to f32"), "{run:?}");
    changed(&folder, Dtype::I8, |_| vec![1]);
    let run = folder.expect(1, import);
    assert!(run.err.contains("holds I8; F32, F64, F16 and BF16 are read"), "{run:?}");
    changed(&folder, Dtype::F64, |_| 1e300_f64.to_le_bytes().to_vec());
    let run = folder.expect(1, import);
    assert!(run.err.contains("no number (NaN or infinite)"), "{run:?}");
    changed(&folder, Dtype::F32, |_| (-1.0_f32).to_le_bytes().to_vec());
    let run = folder.expect(1, import);
    assert!(run.err.contains("negative variances"), "{run:?}");
}

#[test]
fn a_file_of_another_format_is_named_with_what_makes_it_one_that_is_read() {
    let folder = Folder::new();
    let write = |name: &str, bytes: &[u8]| {
        std::fs::File::create(folder.at(name)).unwrap().write_all(bytes).unwrap();
    };
    let zip = |name: &str| {
        let mut bytes = vec![b'P', b'K', 3, 4];
        bytes.resize(26, 0);
        bytes.extend([name.len() as u8, 0, 0, 0]);
        bytes.extend(name.bytes());
        bytes
    };
    write("net.pth", &zip("net/data.pkl"));
    write("old.bin", &[0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9]);
    write("net.keras", &zip("metadata.json"));
    write("net.h5", b"\x89HDF\r\n\x1a\n");
    write("net.onnx", &[8, 7, 0x12, 4]);
    write("net.npz", &zip("conv.npy"));
    std::fs::create_dir(folder.at("hub")).unwrap();
    write("hub/model.safetensors", &[]);
    let torch = "s = torch.load('net.pth', map_location='cpu', weights_only=True)";
    let cases = [
        ("net.pth", torch),
        ("old.bin", "save_file({k: v.detach().clone().contiguous()"),
        ("net.keras", "a model of Keras"),
        ("net.h5", "an HDF5 file"),
        ("net.onnx", "onnx.load('net.onnx').graph.initializer"),
        ("net.npz", "numpy.load('net.npz')"),
        ("hub", "name the file in it: hub/model.safetensors"),
    ];
    for (file, words) in cases {
        let run = folder.expect(3, &format!("import tiny.rnet {file} -o own.safetensors"));
        assert!(run.err.contains(words), "{file}: {run:?}");
    }
    let eval = "run tiny.rnet --eval cifar10 --data cifar --engine cpu --weights net.pth";
    let run = folder.expect(3, eval);
    assert!(run.err.contains(torch) && run.err.contains("no pickle is ever read"), "{run:?}");
}

#[test]
fn a_check_that_does_not_fit_is_said() {
    let folder = Folder::new();
    std::fs::write(folder.at("n.rnet"), ORIGINAL).unwrap();
    std::fs::copy(golden("sides.safetensors"), folder.at("state.safetensors")).unwrap();
    let check = |tensors: &[(&str, &[usize], f32)]| {
        let data: Vec<Vec<u8>> = tensors
            .iter()
            .map(|(_, shape, value)| value.to_le_bytes().repeat(shape.iter().product()))
            .collect();
        let views = tensors.iter().zip(&data).map(|((name, shape, _), data)| {
            (*name, TensorView::new(Dtype::F32, shape.to_vec(), data).unwrap())
        });
        std::fs::write(folder.at("check"), safetensors::serialize(views, None).unwrap()).unwrap();
        folder.expect(1, "import n.rnet state.safetensors -o own.safetensors --check check").err
    };
    assert!(check(&[("input", &[2, 3, 8, 8], 0.0)]).contains("there is no tensor logits"));
    let sized = check(&[("input", &[2, 3, 9, 8], 0.0), ("logits", &[2, 5], 0.0)]);
    assert!(sized.contains("input has the shape [2, 3, 9, 8], and [N, 3, 8, 8]"), "{sized}");
    let classes = check(&[("input", &[2, 3, 8, 8], 0.0), ("logits", &[2, 6], 0.0)]);
    assert!(classes.contains("logits has the shape [2, 6], and [2, 5] is needed"), "{classes}");
    let nan = check(&[("input", &[2, 3, 8, 8], f32::NAN), ("logits", &[2, 5], 0.0)]);
    assert!(nan.contains("input holds infinities"), "{nan}");
    assert!(nan.contains("docs/src/own-weights.md has the lines"), "{nan}");
}
