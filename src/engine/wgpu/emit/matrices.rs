//! Contractions as products of cooperative matrices: f16 by f16, summed in f32.
//!
//! A subgroup holds a matrix together. Operands are rounded to half precision when they are staged;
//! the sums go through workgroup memory to the threads whose elements they are.

use super::scalar::{part, type_name};
use super::tile::{DEPTH_STEP, THREADS, Tile};

/// What a device multiplies: matrices of `edge` × `edge`, each by the `subgroup` threads of one
/// subgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matrices {
    /// Rows and columns of every matrix.
    pub edge: usize,
    /// Threads of every subgroup.
    pub subgroup: usize,
}

/// How the subgroups of a workgroup share its tile: each has `down` × `across` matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::wgpu) struct Share {
    edge: usize,
    down: usize,
    across: usize,
    /// Subgroups side by side along the channels.
    side: usize,
}

impl Matrices {
    /// The most nearly square one, for the fewest loads a product; none where nothing divides.
    pub(super) fn share(self, rows: usize, cols: usize) -> Option<Share> {
        let Self { edge, subgroup } = self;
        let subgroups = THREADS / subgroup;
        let whole = [rows, cols, DEPTH_STEP].iter().all(|extent| extent.is_multiple_of(edge));
        let (rows, cols) = (rows / edge, cols / edge);
        let sides = (1..=subgroups).filter(|side| subgroups.is_multiple_of(*side));
        let shares = sides.filter_map(|side| {
            let above = subgroups / side;
            let divides = rows.is_multiple_of(above) && cols.is_multiple_of(side);
            let share = Share { edge, down: rows / above, across: cols / side, side };
            (whole && divides && share.down > 0 && share.across > 0).then_some(share)
        });
        shares.min_by_key(|share| share.down + share.across)
    }
}

impl Share {
    /// The type of a matrix in one of the roles A, B and C.
    fn matrix(&self, role: char) -> String {
        let (edge, number) = (self.edge, if role == 'C' { "f32" } else { "f16" });
        format!("coop_mat{edge}x{edge}<{number}, {role}>")
    }

    /// The matrices of a subgroup: down, across, and where they begin in its part of the tile.
    fn each(&self) -> impl Iterator<Item = [usize; 2]> {
        let Self { down, across, .. } = *self;
        (0..down).flat_map(move |i| (0..across).map(move |j| [i, j]))
    }

    /// Memory for operands and sums, and what reads a thread's sums from it.
    pub fn memory(&self, width: usize) -> String {
        let v = type_name(width);
        let parts: Vec<_> = (0..width).map(|i| format!("tile_c[at + {i}u]")).collect();
        format!(
            "const TILE_COLS = LANES * WIDTH;
var<workgroup> tile_a: array<f16, DEPTH_STEP * TILE_ROWS>;
var<workgroup> tile_b: array<f16, DEPTH_STEP * TILE_COLS>;
var<workgroup> tile_c: array<f32, TILE_ROWS * TILE_COLS>;

fn product(row: u32, lane: u32) -> {v} {{
    let at = row * TILE_COLS + lane * WIDTH;
    return {v}({});
}}
",
            parts.join(", ")
        )
    }

    pub fn accumulators(&self) -> String {
        let Self { edge, down, across, side } = *self;
        let (c, mut out) = (self.matrix('C'), String::new());
        out += &format!("let matrix_row = subgroup / {side}u * {}u;\n", down * edge);
        out += &format!("let matrix_col = subgroup % {side}u * {}u;\n", across * edge);
        self.each().for_each(|[i, j]| out += &format!("var acc{i}_{j} = {c}();\n"));
        out
    }

    /// The products of one step. The left operand lies by columns, the right one by rows.
    pub fn products(&self) -> String {
        let (edge, mut out) = (self.edge, String::new());
        let [a, b] = ['A', 'B'].map(|role| self.matrix(role));
        for k in (0..DEPTH_STEP).step_by(edge) {
            for i in 0..self.down {
                let at = format!("{k}u * TILE_ROWS + matrix_row + {}u", i * edge);
                out += &format!("let a{k}_{i} = coopLoad<{a}>(&tile_a[{at}], TILE_ROWS);\n");
            }
            for j in 0..self.across {
                let at = format!("{k}u * TILE_COLS + matrix_col + {}u", j * edge);
                out += &format!("let b{k}_{j} = coopLoadT<{b}>(&tile_b[{at}], TILE_COLS);\n");
            }
            for [i, j] in self.each() {
                out += &format!("acc{i}_{j} = coopMultiplyAdd(a{k}_{i}, b{k}_{j}, acc{i}_{j});\n");
            }
        }
        out
    }

    /// From the matrices to where [`Share::memory`]'s `product` finds the sums.
    pub fn store(&self) -> String {
        let (edge, mut out) = (self.edge, String::new());
        for [i, j] in self.each() {
            let row = format!("(matrix_row + {}u) * TILE_COLS", i * edge);
            let at = format!("{row} + matrix_col + {}u", j * edge);
            out += &format!("coopStoreT(acc{i}_{j}, &tile_c[{at}], TILE_COLS);\n");
        }
        out + "workgroupBarrier();\n"
    }
}

/// The right operand into workgroup memory, channels side by side.
pub(super) fn stage_b(tile: &Tile) -> String {
    let width = tile.width;
    let store = |i| format!("    tile_b[e * WIDTH + {i}u] = narrow1(v{});\n", part(width, i));
    let stores: String = (0..width).map(store).collect();
    format!(
        "for (var e = thread; e < DEPTH_STEP * LANES; e += {THREADS}u) {{
    let v = load_b(k + e / LANES, first_col + e % LANES * WIDTH, end);
{stores}}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subgroups_share_a_tile_in_whole_matrices() {
        for edge in [8, 16] {
            for subgroup in [4, 8, 16, 32, 64] {
                for (rows, cols) in [(64, 32), (32, 32), (128, 16), (16, 64), (64, 8), (64, 20)] {
                    let Some(share) = Matrices { edge, subgroup }.share(rows, cols) else {
                        continue;
                    };
                    let subgroups = THREADS / subgroup;
                    assert_eq!(share.across * edge * share.side, cols);
                    assert_eq!(share.down * edge * (subgroups / share.side), rows);
                }
            }
        }
        let nvidia = Matrices { edge: 16, subgroup: 32 };
        assert_eq!(nvidia.share(64, 32), Some(Share { edge: 16, down: 2, across: 2, side: 1 }));
        assert_eq!(nvidia.share(64, 8), None);
        assert_eq!(nvidia.share(16, 16), None);
    }
}
