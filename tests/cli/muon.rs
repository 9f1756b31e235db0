//! Runs with two optimisers, on both engines and in every precision.

use safetensors::SafeTensors;

use crate::folder::Folder;
use crate::half::has_half;

const SPEC: &str = "unit u(width) {
    F = conv(3x3, width) -> bn
    y = x + F(x)
}

net tiny(width = 4, classes = 10) {
    input(3, 32, 32) -> conv(3x3, width, stride: 4) -> bn -> relu -> u(width)
    -> global_avg_pool -> linear(classes)
}
";

const RECIPE: &str = "base: he2016
optimiser: { kind: muon, weight_decay: 0.01, otherwise: { kind: adamw, lr: 0.01, weight_decay: 0 } }
schedule: { lr: 0.02, warmup: }
ema: 0.9
clip: { norm: 1 }
groups: [{ match: '*.conv*.weight', until: 1 }]
";

/// What Muon trains, as it is trained and not its average, behind a step.
fn trained(folder: &Folder, run: &str, step: usize) -> Vec<f32> {
    let path = folder.at(run).join(format!("checkpoints/step-{step:08}.safetensors"));
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let name = "units.1.F.conv.weight.fast";
    let view = file.tensor(name).unwrap_or_else(|_| panic!("{name} in {:?}", file.names()));
    let numbers = view.data().chunks_exact(4);
    numbers.map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

/// √Σ (x − y)².
fn distance(xs: &[f32], ys: &[f32]) -> f64 {
    let square = |(x, y): (&f32, &f32)| f64::from(x - y).powi(2);
    xs.iter().zip(ys).map(square).sum::<f64>().sqrt()
}

/// The loss of each step.
fn losses(folder: &Folder, run: &str) -> Vec<f64> {
    let text = std::fs::read_to_string(folder.at(run).join("metrics.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.filter_map(|line| line.get("loss")?.as_f64()).collect()
}

#[test]
fn muon_trains_on_every_engine_and_in_every_precision() {
    let folder = Folder::new();
    std::fs::write(folder.at("tiny.rnet"), SPEC).unwrap();
    std::fs::write(folder.at("muon.yaml"), RECIPE).unwrap();
    let train = "run tiny.rnet --train cifar10 --data cifar --batch 16 --recipe muon.yaml --steps 7 \
         --with checkpoint.steps=1 --with checkpoint.keep=20";
    let mut exact: Option<Vec<f64>> = None;
    let mut moved: Option<Vec<f32>> = None;
    // How far losses are from those in f32: products of the net are rounded, those of the optimiser are not.
    for (name, engine, far) in [
        ("f32", "--engine cpu", 1e-6),
        ("bf16x3", "--engine cpu --precision bf16x3", 1e-3),
        ("bf16", "--engine cpu --precision bf16", 5e-2),
        ("wgpu", "--engine wgpu", 1e-3),
        ("f16", "--engine wgpu --precision f16", 5e-2),
    ] {
        if engine.ends_with("f16") && !has_half() {
            continue;
        }
        let run = folder.run(&format!("{train} {engine} --out {name}"));
        // There is no adapter here.
        if engine.contains("wgpu") && run.code == 4 {
            continue;
        }
        assert_eq!(run.code, 0, "{run:?}");
        assert!(run.err.contains("optimisers: muon trains 144 parameters, adamw 174"), "{run:?}");
        let found = losses(&folder, name);
        let wanted = exact.get_or_insert_with(|| found.clone());
        assert_eq!((found.len(), wanted.len()), (7, 7), "{name}");
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found - *wanted).abs() <= far * wanted.abs(), "{name}: {found} for {wanted}");
        }
        // What Muon moved in four steps; its part ends with the epoch of five.
        let [first, ended] = [1, 5].map(|step| trained(&folder, name, step));
        let change: Vec<f32> = ended.iter().zip(&first).map(|(x, y)| x - y).collect();
        let wanted = moved.get_or_insert_with(|| change.clone());
        let (size, off) = (distance(wanted, &[0.0; 144]), distance(&change, wanted));
        // Steps of two hundredths by matrices of four singular values near 1, not all one way.
        assert!((0.05..0.2).contains(&size), "{name}: moved by {size}");
        assert!(off <= far * size, "{name}: moved by {size}, and {off} from f32");
        for step in [6, 7] {
            let on = distance(&trained(&folder, name, step), &ended);
            assert_eq!(on, 0.0, "{name}: it goes on behind its end");
        }
    }
}

/// The sweep moves both optimisers' rates, so what it advises names both: here one is half of the other.
#[test]
fn a_rate_that_is_found_is_one_for_each_optimiser() {
    let folder = Folder::new();
    std::fs::write(folder.at("tiny.rnet"), SPEC).unwrap();
    std::fs::write(folder.at("muon.yaml"), RECIPE).unwrap();
    let find =
        "run tiny.rnet --train cifar10 --data cifar --engine cpu --batch 16 --find-rate --steps 40";
    let json = |more: &str| -> serde_json::Value {
        let said = folder.expect(0, &format!("{find} {more} --format json"));
        serde_json::from_str(&said.out).unwrap()
    };
    let found = json("--recipe muon.yaml");
    let [own, beside] =
        ["tenth_of_lowest", "tenth_of_otherwise"].map(|key| found[key].as_f64().unwrap());
    // Of two digits.
    assert!((beside / own - 0.5).abs() < 0.03, "{found}");
    let said = folder.expect(0, &format!("{find} --recipe muon.yaml"));
    let at = |key: &str| -> f64 {
        let (_, rest) = said.out.split_once(&format!("--with {key}=")).expect(key);
        rest.split(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!([at("schedule.lr"), at("optimiser.otherwise.lr")], [own, beside], "{said:?}");
    assert!(json("")["tenth_of_otherwise"].is_null());
    assert!(!folder.expect(0, find).out.contains("otherwise"));
}

#[test]
fn what_muon_cannot_train_is_told_before_the_run() {
    let folder = Folder::new();
    let linear = "net one(classes = 10) { input(3, 32, 32) -> linear(classes) }\n";
    std::fs::write(folder.at("one.rnet"), format!("// allow W0003: for a test\n{linear}")).unwrap();
    std::fs::write(folder.at("muon.yaml"), RECIPE.replace("groups", "# groups")).unwrap();
    let train = "run one.rnet --train cifar10 --data cifar --engine cpu --batch 16 --recipe muon.yaml --steps 1";
    let told = folder.expect(1, train);
    assert!(
        told.err.contains("muon trains the weights of hidden layers, and one has none"),
        "{told:?}"
    );
    assert!(told.err.contains("groups: [{ match: head, optimiser: muon }]"), "{told:?}");
    let vectors = RECIPE.replace("'*.conv*.weight', until: 1", "biases, optimiser: muon");
    std::fs::write(folder.at("muon.yaml"), vectors).unwrap();
    let told = folder.expect(1, train);
    assert!(
        told.err.contains("muon trains matrices, and what `biases` has of one are none"),
        "{told:?}"
    );
    assert!(told.err.contains("match weights of convolutions or linear layers"), "{told:?}");
}
