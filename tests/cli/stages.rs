//! Pictures that have another size for a part of the run.

use crate::folder::Folder;

const TRAIN: &str = "run tiny.rnet --train cifar10 --data cifar --engine cpu --batch 16";
const RECIPE: &str = "base: he2016\nepochs: 4\nschedule: { cosine: { to: 0 } }\n\
    sizes:\n- { size: 8, until: 1 }\n- { size: [16, 20], until: 2.5 }\n";

fn read(folder: &Folder, path: &str) -> String {
    std::fs::read_to_string(folder.at(path)).unwrap()
}

#[test]
fn sizes_are_told_recorded_and_gone_on_with() {
    let folder = Folder::new();
    std::fs::write(folder.at("small.yaml"), RECIPE).unwrap();
    let train = format!(
        "{TRAIN} --recipe small.yaml --epochs 2 --with checkpoint.steps=1 --with checkpoint.keep=20"
    );
    let told = folder.expect(0, &format!("{train} --out r"));
    // Ten steps in place of twenty.
    let all = "training pictures: 8×8 up to step 3, 16×20 up to step 7, 32×32 up to step 10; measured at 32×32\n";
    assert!(told.err.contains(all), "{told:?}");
    for line in
        ["pictures of 16×20 pixels from step 4 on\n", "pictures of 32×32 pixels from step 8 on\n"]
    {
        assert!(told.err.contains(line), "{told:?}");
    }
    let metrics = read(&folder, "r/metrics.jsonl");
    let sizes: Vec<serde_json::Value> = metrics
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|line| line["lr"].is_number())
        .map(|line| line["size"].clone())
        .collect();
    let wanted = [[8, 8]; 3].into_iter().chain([[16, 20]; 4]).chain([[32, 32]; 3]);
    assert_eq!(sizes, wanted.map(|size| serde_json::json!(size)).collect::<Vec<_>>());
    let config = read(&folder, "r/config.yaml");
    assert!(
        config.contains(
            "  sizes:\n  - size: 8\n    until: 1\n  - size:\n    - 16\n    - 20\n    until: 2.5\n"
        ),
        "{config}"
    );

    // On to the same weights from inside a part, and from its end.
    let end = std::fs::read(folder.at("r/final.safetensors")).unwrap();
    for done in [8, 7, 5, 3, 2] {
        for step in done + 1..=10 {
            let _ = std::fs::remove_file(
                folder.at(format!("r/checkpoints/step-{step:08}.safetensors")),
            );
        }
        std::fs::remove_file(folder.at("r/final.safetensors")).unwrap();
        let told = folder.expect(0, "run --resume r --engine cpu");
        assert!(told.err.contains(&format!("from step {done} on")), "{told:?}");
        assert!(std::fs::read(folder.at("r/final.safetensors")).unwrap() == end, "from {done}");
    }
    let changed = folder.expect(2, "run --resume r --engine cpu --with sizes=");
    assert!(changed.err.contains("recipe.sizes: [{ size: 8, until: 1 }, "), "{changed:?}");
    folder.expect(0, "run --eval --data cifar --engine cpu --weights r");
    folder.expect(0, "report r --engine cpu");

    // Without them nothing is told of sizes.
    let plain = folder.expect(0, &format!("{train} --with sizes= --out plain"));
    assert!(
        !plain.err.contains("pictures of") && !plain.err.contains("training pictures"),
        "{plain:?}"
    );
    assert!(!read(&folder, "plain/metrics.jsonl").contains("size"));
    let all = "base: small.yaml\nsizes: [{ size: 8, until: 4 }]\n";
    std::fs::write(folder.at("never.yaml"), all).unwrap();
    let never = folder.expect(0, &format!("{TRAIN} --recipe never.yaml --epochs 2 --out never"));
    assert!(
        never.err.contains("8×8 up to step 10; never 32×32, at which it is measured"),
        "{never:?}"
    );
    let rates = folder
        .expect(0, &format!("{TRAIN} --recipe small.yaml --find-rate --steps 20 --out rates"));
    assert!(
        rates.err.contains("rates are tried on pictures as large as the net reads"),
        "{rates:?}"
    );
}

#[test]
fn what_cannot_go_on_at_another_size_is_refused_before_anything_is_trained() {
    let folder = Folder::new();
    let net = |chain: &str| format!("net n {{ input(3, 32, 32) -> {chain} }}\n");
    std::fs::write(folder.at("flat.rnet"), net("conv(3x3, 4, stride: 4) -> relu -> linear(10)"))
        .unwrap();
    let deep = "conv(3x3, 4, stride: 4, padding: 0) -> relu -> conv(5x5, 4, padding: 0) -> global_avg_pool -> linear(10)";
    std::fs::write(folder.at("deep.rnet"), net(deep)).unwrap();
    let wide =
        "net n { input(3, 32, 48) -> conv(3x3, 4, stride: 4) -> global_avg_pool -> linear(10) }\n";
    std::fs::write(folder.at("wide.rnet"), wide).unwrap();
    for (spec, keys, code, told) in [
        (
            "flat",
            "sizes: [{ size: 16, until: 2 }]",
            1,
            "recipe: sizes: layers.linear.weight is [4, 4, 4, 10] for pictures of 16×16, and [8, 8, 4, 10] for the \
             net's own 32×32, so that it cannot go on from one to the other; a net whose linear layer stands \
             behind global_avg_pool can\n",
        ),
        (
            "deep",
            "sizes: [{ size: 16, until: 2 }]",
            1,
            "the net cannot be made for pictures of 16×16:\nerror[E",
        ),
        ("deep", "sizes: [{ size: 16, until: 2 }]", 1, "a 5×5 window does not fit on 4×4×4"),
        (
            "wide",
            "sizes: [{ size: 16, until: 2 }]",
            1,
            "16 is of square pictures, and the net reads 32×48; write [rows, columns]",
        ),
        (
            "tiny",
            "sizes: [{ size: 16, until: 2 }]\nnormalise: per_pixel",
            1,
            "those of 16×16 have not; write normalise: per_channel",
        ),
        (
            "tiny",
            "sizes: [{ size: 4, until: 2 }]",
            1,
            "augmentation.pad is 4, which leaves nothing of pictures of 4 pixels a side; at most 3",
        ),
    ] {
        let text =
            format!("base: he2016\nepochs: 4\nschedule: {{ cosine: {{ to: 0 }} }}\n{keys}\n");
        std::fs::write(folder.at("r.yaml"), text).unwrap();
        let line = format!(
            "run {spec}.rnet --train cifar10 --data cifar --engine cpu --batch 16 --recipe r.yaml --out no"
        );
        let refused = folder.expect(code, &line);
        assert!(refused.err.contains(told), "{spec}, {keys}: {refused:?}");
        assert!(!folder.at("no").exists());
    }
}
