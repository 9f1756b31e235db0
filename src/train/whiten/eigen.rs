//! Eigenvectors of a symmetric matrix, by Jacobi's rotations.

/// Most sweeps; convergence is quadratic, and ten do for 512 rows.
const SWEEPS: usize = 50;

/// A direction and the variance along it.
pub struct Direction {
    pub value: f64,
    /// Of length 1; the largest of its elements is positive.
    pub vector: Vec<f64>,
}

/// The eigenvectors of a symmetric matrix of `len` rows, in falling order of their eigenvalues.
pub fn falling(mut matrix: Vec<f64>, len: usize) -> Vec<Direction> {
    // Row k is what is to become eigenvector k.
    let mut vectors = vec![0.0; len * len];
    (0..len).for_each(|k| vectors[k * len + k] = 1.0);
    let trace: f64 = (0..len).map(|k| matrix[k * len + k]).sum();
    // What is less is rounding of the whole.
    let least = f64::EPSILON * trace / len as f64;
    for _ in 0..SWEEPS {
        if !sweep(&mut matrix, &mut vectors, len, least) {
            break;
        }
    }
    let mut all: Vec<Direction> = (0..len)
        .map(|k| Direction {
            value: matrix[k * len + k],
            vector: upright(&vectors[k * len..][..len]),
        })
        .collect();
    all.sort_by(|a, b| b.value.total_cmp(&a.value));
    all
}

/// Rotates each pair of axes in turn; whether any had to be, with more than `least` across.
fn sweep(matrix: &mut [f64], vectors: &mut [f64], len: usize, least: f64) -> bool {
    let mut rotated = false;
    for p in 0..len {
        for q in p + 1..len {
            let [across, first, second] =
                [p * len + q, p * len + p, q * len + q].map(|at| matrix[at]);
            if across.abs() <= least {
                continue;
            }
            rotated = true;
            // tan of the angle after which the element across is 0 (Golub and Van Loan, section 8.5.2).
            let theta = (second - first) / (2.0 * across);
            let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
            let cosine = 1.0 / t.hypot(1.0);
            let turn = Turn { p, q, cosine, sine: t * cosine };
            turn.rows(matrix, len);
            turn.columns(matrix, len);
            turn.rows(vectors, len);
            [matrix[p * len + q], matrix[q * len + p]] = [0.0; 2];
        }
    }
    rotated
}

/// A rotation in the plane of two axes.
struct Turn {
    p: usize,
    q: usize,
    cosine: f64,
    sine: f64,
}

impl Turn {
    fn pair(&self, matrix: &mut [f64], p: usize, q: usize) {
        let (a, b) = (matrix[p], matrix[q]);
        matrix[p] = self.cosine * a - self.sine * b;
        matrix[q] = self.sine * a + self.cosine * b;
    }

    fn rows(&self, matrix: &mut [f64], len: usize) {
        (0..len).for_each(|k| self.pair(matrix, self.p * len + k, self.q * len + k));
    }

    fn columns(&self, matrix: &mut [f64], len: usize) {
        (0..len).for_each(|k| self.pair(matrix, k * len + self.p, k * len + self.q));
    }
}

/// With the sign in which the largest element is positive, which is none of the eigenvectors' own.
fn upright(vector: &[f64]) -> Vec<f64> {
    let largest =
        vector.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
    let sign = if largest < 0.0 { -1.0 } else { 1.0 };
    vector.iter().map(|element| sign * element).collect()
}
