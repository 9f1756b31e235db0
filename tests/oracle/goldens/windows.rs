//! Windows of all kinds, as specs write them, against PyTorch: loss, logits, and the gradients of
//! the convolutions before the layer and in it.

use rnetc::graph::{Program, Role};
use rnetc::lower;
use rnetc::network::Network;
use rnetc::sema;
use rnetc::source::Source;

use crate::support::compare::close;
use crate::support::golden::{Golden, Tensor, golden_name, inputs};

/// Sums of at most 10³ terms in f64.
const TOLERANCE: f64 = 1e-11;

/// sin(seed + 0.37 i), as the script fills PyTorch's tensors.
fn numbers(seed: f64, shape: &[usize]) -> Tensor {
    let count: usize = shape.iter().product();
    let data = (0..count).map(|i| (seed + 0.37 * i as f64).sin()).collect();
    Tensor { shape: shape.to_vec(), data }
}

fn network(text: &str) -> Network {
    let (size, layer) = text.split_once(' ').expect("rows x columns, then a layer");
    let size = size.replace('x', ", ");
    let net = format!("net n {{ input(2, {size}) -> conv(1x1, 4) -> {layer} -> linear(3) }}");
    match sema::compile(&Source::new("windows", net.clone()), &[]) {
        Ok(compiled) => compiled.network,
        Err(errors) => panic!("{net}: {errors:?}"),
    }
}

/// What an input is filled with: first the convolution before the layer, then the layer's own.
fn filled(program: &Program, at: usize) -> Vec<f64> {
    let input = &program.graph.inputs[at];
    let [rows, columns, from, to] = input.ty.shape.0;
    let seed = match input.name.as_str() {
        "layers.linear.weight" => 4.0,
        name if is_first(name) => 2.0,
        _ => 3.0,
    };
    match input.role {
        Role::Images => {
            let [n, h, w, c] = input.ty.shape.0;
            numbers(1.0, &[n, c, h, w]).pictures()
        }
        Role::Targets => vec![0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
        Role::Parameter if input.name.ends_with("bias") => numbers(5.0, &[to]).data,
        Role::Parameter => {
            let shape = [to, from, rows, columns];
            numbers(seed, &shape).parameter()
        }
        ref role => panic!("{role:?} is not expected"),
    }
}

/// Convolutions are numbered where there are several.
fn is_first(name: &str) -> bool {
    name == "layers.conv.weight" || name == "layers.conv1.weight"
}

#[test]
fn windows() {
    let golden = Golden::windows();
    let cases: Vec<String> = golden
        .names("")
        .iter()
        .filter_map(|name| name.strip_suffix("|logits").map(str::to_owned))
        .collect();
    assert!(cases.len() >= 50, "{cases:?}");
    for case in cases {
        let network = network(&case);
        let program = lower::gradients(&network, 2);
        let all = 0..program.graph.inputs.len();
        let values =
            all.map(|at| (program.graph.inputs[at].name.clone(), filled(&program, at))).collect();
        let given = inputs(&program, values).unwrap_or_else(|error| panic!("{case}: {error}"));
        let (results, _) = rnetc::graph::interp::run(&program, &given);
        for (output, value) in program.outputs.iter().zip(results) {
            let name = golden_name(&program, output.kind);
            let want = match name.as_str() {
                "loss" | "logits" => golden.get(&format!("{case}|{name}")).data.clone(),
                name if name.contains("linear") => continue,
                name => {
                    let at = usize::from(!is_first(name.trim_start_matches("grad.")));
                    golden.get(&format!("{case}|grad{at}")).parameter()
                }
            };
            close(&format!("{case}: {name}"), &value, &want, TOLERANCE)
                .unwrap_or_else(|error| panic!("{error}"));
        }
    }
}
