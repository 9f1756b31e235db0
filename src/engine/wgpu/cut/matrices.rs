//! How the subgroups of a workgroup share a contraction's tile as matrices.

use super::capabilities::Matrices;
use super::workgroup::{DEPTH_STEP, THREADS};

/// How the subgroups of a workgroup share its tile: each has `down` × `across` matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MatrixShare {
    /// Rows and columns of a matrix.
    pub edge: usize,
    /// Matrices of a subgroup, one below the other.
    pub down: usize,
    /// Matrices of a subgroup, side by side.
    pub across: usize,
    /// Subgroups side by side along the channels.
    pub side: usize,
}

impl MatrixShare {
    /// The most nearly square one, for the fewest loads a product; none where nothing divides.
    pub fn of(matrices: Matrices, rows: usize, cols: usize) -> Option<Self> {
        let Matrices { edge, subgroup } = matrices;
        let subgroups = THREADS / subgroup;
        let whole = [rows, cols, DEPTH_STEP].iter().all(|extent| extent.is_multiple_of(edge));
        let (rows, cols) = (rows / edge, cols / edge);
        let sides = (1..=subgroups).filter(|side| subgroups.is_multiple_of(*side));
        let shares = sides.filter_map(|side| {
            let above = subgroups / side;
            let divides = rows.is_multiple_of(above) && cols.is_multiple_of(side);
            let share = MatrixShare { edge, down: rows / above, across: cols / side, side };
            (whole && divides && share.down > 0 && share.across > 0).then_some(share)
        });
        shares.min_by_key(|share| share.down + share.across)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subgroups_share_a_tile_in_whole_matrices() {
        for edge in [8, 16] {
            for subgroup in [4, 8, 16, 32, 64] {
                for (rows, cols) in [(64, 32), (32, 32), (128, 16), (16, 64), (64, 8), (64, 20)] {
                    let Some(share) = MatrixShare::of(Matrices { edge, subgroup }, rows, cols)
                    else {
                        continue;
                    };
                    let subgroups = THREADS / subgroup;
                    assert_eq!(share.across * edge * share.side, cols);
                    assert_eq!(share.down * edge * (subgroups / share.side), rows);
                }
            }
        }
        let nvidia = Matrices { edge: 16, subgroup: 32 };
        assert_eq!(
            MatrixShare::of(nvidia, 64, 32),
            Some(MatrixShare { edge: 16, down: 2, across: 2, side: 1 })
        );
        assert_eq!(MatrixShare::of(nvidia, 64, 8), None);
        assert_eq!(MatrixShare::of(nvidia, 16, 16), None);
    }
}
