//! PyTorch's order of weights, which checkpoints use, against the graph's.
//!
//! | tensor | graph | checkpoint |
//! |---|---|---|
//! | convolution | kernel rows × kernel columns × in × out | out × in × kernel rows × kernel columns |
//! | linear, over a C×H×W value | H × W × C × out | out × (C·H·W), channel, row, column order |
//! | vector | 1 × 1 × 1 × C | C |
//!
//! Both weight rules are the same move, axes (a, b, c, d) → (d, c, a, b); only the shape that is
//! written differs.

use crate::graph::Shape;
pub use crate::network::TensorKind as Kind;

/// The shape that a checkpoint holds.
pub fn checkpoint_shape(kind: Kind, Shape([a, b, c, d]): Shape) -> Vec<usize> {
    match kind {
        Kind::Convolution => vec![d, c, a, b],
        Kind::Linear => vec![d, c * a * b],
        Kind::Vector => vec![d],
    }
}

/// From the graph's order to the checkpoint's.
pub fn to_checkpoint(kind: Kind, shape: Shape, values: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; values.len()];
    for (graph, checkpoint) in places(kind, shape) {
        out[checkpoint] = values[graph];
    }
    out
}

/// From the checkpoint's order to the graph's.
pub fn from_checkpoint(kind: Kind, shape: Shape, values: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; values.len()];
    for (graph, checkpoint) in places(kind, shape) {
        out[graph] = values[checkpoint];
    }
    out
}

/// Each element's place in both orders.
fn places(kind: Kind, shape: Shape) -> impl Iterator<Item = (usize, usize)> {
    let [a, b, c, d] = shape.0;
    (0..shape.len()).map(move |graph| {
        let (rest, l) = (graph / d, graph % d);
        let (rest, k) = (rest / c, rest % c);
        let (i, j) = (rest / b, rest % b);
        let checkpoint = match kind {
            Kind::Convolution | Kind::Linear => ((l * c + k) * a + i) * b + j,
            Kind::Vector => graph,
        };
        (graph, checkpoint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_convolution_by_hand() {
        // 1×2 kernel, 2 in, 3 out; the value is written as its indices: row column in out.
        let shape = Shape([1, 2, 2, 3]);
        let graph = [0.0, 1.0, 2.0, 10.0, 11.0, 12.0, 100.0, 101.0, 102.0, 110.0, 111.0, 112.0];
        let torch = [0.0, 100.0, 10.0, 110.0, 1.0, 101.0, 11.0, 111.0, 2.0, 102.0, 12.0, 112.0];
        assert_eq!(checkpoint_shape(Kind::Convolution, shape), [3, 2, 1, 2]);
        assert_eq!(to_checkpoint(Kind::Convolution, shape, &graph), torch);
        assert_eq!(from_checkpoint(Kind::Convolution, shape, &torch), graph);
    }

    #[test]
    fn a_linear_layer_reads_channels_then_rows_then_columns() {
        // 2 rows, 1 column, 2 channels, 2 classes; the value is written row channel class.
        let shape = Shape([2, 1, 2, 2]);
        let graph = [0.0, 1.0, 10.0, 11.0, 100.0, 101.0, 110.0, 111.0];
        let torch = [0.0, 100.0, 10.0, 110.0, 1.0, 101.0, 11.0, 111.0];
        assert_eq!(checkpoint_shape(Kind::Linear, shape), [2, 4]);
        assert_eq!(to_checkpoint(Kind::Linear, shape, &graph), torch);
    }

    #[test]
    fn there_and_back_is_nothing() {
        for kind in [Kind::Convolution, Kind::Linear, Kind::Vector] {
            let shape = match kind {
                Kind::Convolution | Kind::Linear => Shape([3, 2, 5, 7]),
                Kind::Vector => Shape([1, 1, 1, 7]),
            };
            let values: Vec<f32> = (0..shape.len()).map(|v| v as f32).collect();
            let there = to_checkpoint(kind, shape, &values);
            assert_eq!(from_checkpoint(kind, shape, &there), values);
        }
    }
}
