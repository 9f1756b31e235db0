//! State dicts of small nets of torchvision, timm, transformers, pytorch-cifar and others into bundled
//! specs: PyTorch's logits; and the way back.

use std::collections::BTreeMap;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use crate::folder::Folder;
use crate::nets::Net;

const IMPORT: &str = "import n.rnet state.safetensors -o own.safetensors";

fn floats(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| (*value as f32).to_le_bytes()).collect()
}

fn write(folder: &Folder, name: &str, tensors: Vec<(String, Vec<usize>, Vec<u8>)>) {
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    std::fs::write(folder.at(name), safetensors::serialize(views, None).unwrap()).unwrap();
}

/// A folder with a golden's spec, state dict and logits, and what `--set` has to say.
fn with(net: &Net) -> (Folder, String) {
    let folder = Folder::new();
    std::fs::write(folder.at("n.rnet"), &net.spec).unwrap();
    let named = net.state.iter().zip(net.values());
    let state = named.map(|((name, shape), v)| (name.clone(), shape.clone(), floats(&v)));
    write(&folder, "state.safetensors", state.collect());
    let (shape, images) = &net.images;
    let logits = net.get("logits");
    let classes = logits.len() / shape[0];
    let check = vec![
        ("input".to_owned(), shape.clone(), floats(images)),
        ("logits".to_owned(), vec![shape[0], classes], floats(logits)),
    ];
    write(&folder, "check", check);
    let set = net.set.iter().map(|(name, value)| format!(" --set {name}={value}")).collect();
    (folder, set)
}

#[test]
fn bundled_specs_have_the_logits_of_the_programs_whose_nets_they_are() {
    for name in Net::all() {
        let net = Net::read(&name);
        let (folder, set) = with(&net);
        let run = folder.expect(0, &format!("{IMPORT} --check check{set}"));
        assert!(run.err.contains("the same class is first for 4"), "{name}: {run:?}");
        assert!(!run.err.contains("warning: "), "{name}: {run:?}");
    }
}

#[test]
fn what_timm_pools_and_what_stochastic_depth_scales_is_said() {
    let net = Net::read("timm_d");
    let (folder, set) = with(&net);
    let strided = net.spec.replace(
        "avg_pool(2) * (stride - 1) -> shortcut(4 * width, kind",
        "shortcut(4 * width, stride: stride, kind",
    );
    assert_ne!(strided, net.spec);
    std::fs::write(folder.at("n.rnet"), strided).unwrap();
    let run = folder.expect(0, &format!("{IMPORT}{set}"));
    let said =
        "layer2.0.downsample.1 is not the first of its list, so that means of 2×2 pixels are taken";
    assert!(run.err.contains(said) && run.err.contains("has a stride here"), "{run:?}");

    let net = Net::read("torchvision_basic");
    let (folder, set) = with(&net);
    let pooled = net.spec.replace(
        "shortcut(width, stride: stride, kind",
        "avg_pool(2) * (stride - 1) -> shortcut(width, kind",
    );
    assert_ne!(pooled, net.spec);
    std::fs::write(folder.at("n.rnet"), pooled).unwrap();
    let run = folder.expect(0, &format!("{IMPORT}{set} --set pixels=64"));
    assert!(run.err.contains("layer2.0.downsample.0 is the first of its list"), "{run:?}");
    assert!(run.err.contains("reads means of pixels here"), "{run:?}");

    let dropped = net
        .spec
        .replace("-> conv(3x3, width) -> bn\n", "-> conv(3x3, width) -> bn -> drop_path(0.1)\n");
    assert_ne!(dropped, net.spec);
    std::fs::write(folder.at("n.rnet"), dropped).unwrap();
    let run = folder.expect(0, &format!("{IMPORT}{set}"));
    assert!(run.err.contains("drop_path of this net multiplies by the probability"), "{run:?}");
}

/// Names and numbers of a state dict, and what the counters have.
fn read(folder: &Folder, name: &str) -> BTreeMap<String, (Vec<usize>, Vec<u8>)> {
    let bytes = std::fs::read(folder.at(name)).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let each = file
        .iter()
        .map(|(name, view)| (name.to_owned(), (view.shape().to_vec(), view.data().to_vec())));
    each.collect()
}

#[test]
fn what_was_imported_is_exported_to_the_bit() {
    for (name, model) in [
        (
            "timm_d",
            "timm.models.resnet.ResNet(timm.models.resnet.Bottleneck, (3, 1, 1, 3), num_classes=5, channels=(4, 8, 16, 32), stem_type='deep', stem_width=2, avg_down=True)",
        ),
        (
            "timm_v2",
            "timm.models.resnetv2.ResNetV2([3, 1, 1, 3], channels=(32, 64, 128, 256), num_classes=5, stem_chs=8",
        ),
    ] {
        let net = Net::read(name);
        let (folder, set) = with(&net);
        folder.expect(0, &format!("{IMPORT}{set}"));
        let run = folder.expect(0, "export own.safetensors --state-dict timm -o back.safetensors");
        assert!(run.out.contains(model), "{run:?}");
        assert!(run.err.contains("do not say how their pictures were standardised"), "{run:?}");
        let mut back = read(&folder, "back.safetensors");
        let (shape, steps) = back
            .remove("norm.num_batches_tracked")
            .or_else(|| back.remove("bn1.num_batches_tracked"))
            .unwrap();
        assert_eq!((shape, steps), (vec![], vec![0; 8]));
        back.retain(|name, _| !name.ends_with("num_batches_tracked"));
        assert_eq!(back, read(&folder, "state.safetensors"), "{name}");
        // And under its own names, which are taken as they are.
        folder.expect(0, "export own.safetensors --state-dict rnetc -o plain.safetensors");
        let again =
            folder.expect(0, &format!("import n.rnet plain.safetensors -o again.safetensors{set}"));
        assert!(again.err.contains("paired by: same name"), "{again:?}");
        assert_eq!(read(&folder, "again.safetensors"), read(&folder, "own.safetensors"));
        // torchvision has none of the two.
        let run = folder.expect(1, "export own.safetensors --state-dict torchvision");
        assert!(run.err.contains("is no net of torchvision"), "{run:?}");
        assert!(run.err.contains("--state-dict timm has more forms"), "{run:?}");
        assert!(!folder.at("imagenet_resnet.torchvision.safetensors").exists());
    }
}

#[test]
fn steps_of_a_run_are_what_pytorchs_counters_would_have() {
    let folder = Folder::new();
    let spec = concat!(env!("CARGO_MANIFEST_DIR"), "/specs/resnet18.rnet");
    std::fs::copy(spec, folder.at("resnet18.rnet")).unwrap();
    let train = "run resnet18.rnet --set pixels=32 --set classes=10 --train cifar10 --data cifar \
                 --engine cpu --batch 4 --steps 2 --out r";
    folder.expect(0, train);
    let run = folder.expect(0, "export r --state-dict torchvision");
    assert!(run.out.contains("torchvision.models.resnet18(num_classes=10)"), "{run:?}");
    assert!(run.out.contains("it reads bytes / 255, less mean 0."), "{run:?}");
    let state = read(&folder, "resnet18.torchvision.safetensors");
    assert_eq!(state["layer4.1.bn2.num_batches_tracked"], (vec![], 2_i64.to_le_bytes().to_vec()));
    assert_eq!(state["fc.weight"].0, [10, 512]);
    assert_eq!(state.len(), 122);
    let json = folder.expect(0, "export r --state-dict torchvision --format json");
    let told: serde_json::Value = serde_json::from_str(&json.out).expect("one object");
    assert_eq!((&told["names"], &told["tensors"]), (&"torchvision".into(), &122.into()));
    let over =
        folder.expect(2, "export r/final.safetensors --state-dict rnetc -o r/final.safetensors");
    assert!(over.err.contains("would be written over"), "{over:?}");
    folder.expect(2, "export r --state-dict torchvision --onnx m.onnx");
    folder.expect(2, "export r -o m.safetensors");
}
