//! First values of parameters and statistics.

use super::tensors::{Tensor, Values};
use crate::data::random::{Draws, Purpose};
use crate::network::Init;

/// The state to start from. A tensor's numbers depend on the seed and its name only, so a net
/// that gains a layer keeps the others' first values.
pub fn initial(tensors: &[Tensor], seed: u32) -> Values {
    let mut values = Values::new();
    for tensor in tensors {
        let mut draws = Draws::new(seed, Purpose::Initial, hash(&tensor.name));
        values.insert(tensor.name.clone(), fill(tensor, &mut draws));
    }
    values
}

fn fill(tensor: &Tensor, draws: &mut Draws) -> Vec<f32> {
    let count = tensor.shape.len();
    match tensor.init {
        Init::Constant(value) => vec![value as f32; count],
        Init::Normal { std } => (0..count).map(|_| (std * normal(draws)) as f32).collect(),
        // Whitened where the pictures are known: see `whiten`.
        Init::Uniform { bound } | Init::Whiten { bound, .. } => {
            (0..count).map(|_| uniform(bound, draws)).collect()
        }
        Init::Dirac { gain, bound, groups } => dirac(tensor.shape.0, (gain, bound), groups, draws),
    }
}

fn uniform(bound: f64, draws: &mut Draws) -> f32 {
    (bound * (2.0 * f64::from(draws.uniform()) - 1.0)) as f32
}

/// Kernels that pass a channel on; every element takes a draw, so that none moves with the width.
fn dirac(
    [rows, columns, inputs, outputs]: [usize; 4],
    (gain, bound): (f64, f64),
    groups: usize,
    draws: &mut Draws,
) -> Vec<f32> {
    let mut values = Vec::with_capacity(rows * columns * inputs * outputs);
    for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
        for (input, output) in (0..inputs).flat_map(|i| (0..outputs).map(move |o| (i, o))) {
            let drawn = uniform(bound, draws);
            let place = output % (outputs / groups.max(1)).max(1);
            let middle = row == rows / 2 && column == columns / 2;
            values.push(match place < inputs {
                true if middle && place == input => gain as f32,
                true => 0.0,
                false => drawn,
            });
        }
    }
    values
}

/// A number from the standard normal distribution (Box and Muller).
fn normal(draws: &mut Draws) -> f64 {
    // In (0, 1], so that the logarithm is finite.
    let radius = 1.0 - f64::from(draws.uniform());
    let angle = std::f64::consts::TAU * f64::from(draws.uniform());
    (-2.0 * radius.ln()).sqrt() * angle.cos()
}

/// FNV-1a, 64 bits.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Role, Shape};
    use crate::train::layout::Kind;

    fn tensor(name: &str, init: Init) -> Tensor {
        let shape = Shape([10, 10, 20, 30]);
        let (name, role, kind) = (name.to_owned(), Role::Parameter, Kind::Convolution);
        Tensor { name, role, shape, kind, init }
    }

    fn moments(values: &[f32]) -> [f64; 4] {
        let n = values.len() as f64;
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        let power = |k: i32| values.iter().map(|&v| (f64::from(v) - mean).powi(k)).sum::<f64>() / n;
        [mean, power(2), power(3), power(4)]
    }

    #[test]
    fn normal_values_have_the_moments_of_a_normal() {
        let values = initial(&[tensor("w", Init::Normal { std: 0.5 })], 1);
        // 60,000 numbers; bounds are about five standard errors.
        let [mean, variance, third, fourth] = moments(&values["w"]);
        assert!(mean.abs() < 0.011, "{mean}");
        assert!((variance - 0.25).abs() < 0.008, "{variance}");
        assert!(third.abs() < 0.01, "{third}");
        assert!((fourth - 3.0 / 16.0).abs() < 0.02, "{fourth}");
    }

    #[test]
    fn uniform_values_fill_their_range_and_constants_are_constant() {
        let values = initial(&[tensor("u", Init::Uniform { bound: 2.0 })], 1);
        assert!(values["u"].iter().all(|v| v.abs() <= 2.0));
        let [mean, variance, ..] = moments(&values["u"]);
        assert!(mean.abs() < 0.025 && (variance - 4.0 / 3.0).abs() < 0.03, "{mean} {variance}");
        let values = initial(&[tensor("c", Init::Constant(-6.0))], 1);
        assert!(values["c"].iter().all(|&v| v == -6.0));
    }

    /// Two groups that read two channels and write three each: of three the third is drawn.
    #[test]
    fn identity_kernels_pass_channels_on() {
        let shape = Shape([3, 3, 2, 6]);
        let init = Init::Dirac { gain: 0.5, bound: 0.1, groups: 2 };
        let values = &initial(&[Tensor { shape, ..tensor("d", init) }], 1)["d"];
        for (at, &value) in values.iter().enumerate() {
            let (pixel, input, output) = (at / 12, at / 6 % 2, at % 6);
            match output % 3 {
                2 => assert!(value != 0.0 && value.abs() <= 0.1, "{at}: {value}"),
                place => assert_eq!(value, if pixel == 4 && input == place { 0.5 } else { 0.0 }),
            }
        }
    }

    #[test]
    fn values_depend_on_name_and_seed() {
        let of =
            |name, seed| initial(&[tensor(name, Init::Normal { std: 1.0 })], seed)[name].clone();
        assert_eq!(of("a", 1), of("a", 1));
        assert_ne!(of("a", 1), of("b", 1));
        assert_ne!(of("a", 1), of("a", 2));
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        // Test vectors of the algorithm's authors.
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash("foobar"), 0x8594_4171_f739_67e8);
    }
}
