//! Contractions as products of cooperative matrices: f16 by f16, summed in f32.
//!
//! A subgroup holds a matrix together. Operands are rounded to half precision when they are staged;
//! the sums go through workgroup memory to the threads whose elements they are.

use crate::engine::wgpu::cut::{DEPTH_STEP, MatrixShare, THREADS, TileCut};

use super::scalar::{part, type_name};

/// The type of a matrix in one of the roles A, B and C.
pub(super) fn matrix(edge: usize, role: char) -> String {
    let number = if role == 'C' { "f32" } else { "f16" };
    format!("coop_mat{edge}x{edge}<{number}, {role}>")
}

impl MatrixShare {
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

    /// Where a subgroup's matrices begin in the tile, and their sums.
    pub fn accumulators(&self) -> String {
        let Self { edge, down, across, side } = *self;
        let (c, mut out) = (matrix(edge, 'C'), String::new());
        out += &format!("let matrix_row = subgroup / {side}u * {}u;\n", down * edge);
        out += &format!("let matrix_col = subgroup % {side}u * {}u;\n", across * edge);
        self.each().for_each(|[i, j]| out += &format!("var acc{i}_{j} = {c}();\n"));
        out
    }

    /// The products of one step. The left operand lies by columns, the right one by rows.
    pub fn products(&self) -> String {
        let (edge, mut out) = (self.edge, String::new());
        let [a, b] = ['A', 'B'].map(|role| matrix(edge, role));
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

    /// From the matrices to where [`MatrixShare::memory`]'s `product` finds the sums.
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
pub(super) fn stage_b(tile: &TileCut) -> String {
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
