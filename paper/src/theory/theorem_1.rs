//! Theorem 1: a bound on the curvature of one object from norms of weights and inputs.
//!
//! As stated: no biases, ReLU, cross-entropy, `||W^(p)||_2 <= M_W` and `||x_i||_2 <= M_x` give
//! `||H_i||_2 <= L √2 M_x² M_W^(2L) + √2 M_W² (M_W^(2L) - 1) / (M_W² - 1)`, where `H_i` is the G-term.
//! It fails for small weights: the proof bounds `G^(p) = dz/dz^(p)` by the norms of `W^(p) .. W^(L)`, but `G^(p)`
//! does not contain `W^(p)`, so one factor too many shrinks the bound where `M_W < 1`.
//!
//! Corrected. The G-term is `Σ_pq` of blocks `(G^(p)ᵀ A G^(q)) ⊗ (x~^(p) x~^(q)ᵀ)`, so
//! `||G_i|| <= ||A_i|| Σ_p ||x~^(p)||² ||G^(p)||²`; then `||A|| <= 1/2`, `||x^(p)|| <= M_x M_W^(p-1)` and
//! `||G^(p)|| <= M_W^(L-p)`. For activations of straight pieces the H-term has only blocks p < q, of norm
//! `||x~^(p)|| ||dx^(q)/dz^(p)|| ||delta^(q)||`. The norm of a matrix of blocks is at most that of the matrix of the
//! blocks' norms ([`hessian_bound`]).

use std::f64::consts::SQRT_2;

use ndarray::Array2;

use hessia::Result;
use hessia::linalg::symmetric_eigenvalues;

/// The bound as stated: `L √2 M_x² M_W^(2L) + √2 Σ_{j=1..L} M_W^(2j)`.
///
/// The paper's second term is this sum in closed form, which is `0/0` at `M_W = 1`. Infinite where it overflows.
///
/// ```
/// use hessia_paper::theory::theorem_1;
/// assert!((theorem_1::stated(3, 2.0, 1.0) - (3.0 * 4.0 + 3.0) * 2.0_f64.sqrt()).abs() < 1e-14);
/// ```
pub fn stated(depth: usize, m_x: f64, m_w: f64) -> f64 {
    let first = product(&[depth as f64, SQRT_2, m_x, m_x, power(m_w, 2 * depth)]);
    first + (1..=depth).map(|j| SQRT_2 * power(m_w, 2 * j)).sum::<f64>()
}

/// Corrected, for the G-term: `1/2 L M_x² M_W^(2(L-1))`.
///
/// ```
/// use hessia_paper::theory::theorem_1;
/// assert!((theorem_1::corrected_ggn(1, 3.0_f64.sqrt(), 0.05) - 1.5).abs() < 1e-15);
/// ```
pub fn corrected_ggn(depth: usize, m_x: f64, m_w: f64) -> f64 {
    product(&[0.5, depth as f64, m_x, m_x, power(m_w, 2 * (depth - 1))])
}

/// Corrected, for the full Hessian: `1/2 L M_x² M_W^(2(L-1)) + √2 (L-1) M_x M_W^(L-2)`.
///
/// ```
/// use hessia_paper::theory::theorem_1;
/// let bound = theorem_1::corrected_hessian(2, 1.0, 1.0);
/// assert!((bound - (1.0 + 2.0_f64.sqrt())).abs() < 1e-15);
/// ```
pub fn corrected_hessian(depth: usize, m_x: f64, m_w: f64) -> f64 {
    let h_term = match depth {
        1 => 0.0,
        _ => product(&[SQRT_2, (depth - 1) as f64, m_x, power(m_w, depth - 2)]),
    };
    corrected_ggn(depth, m_x, m_w) + h_term
}

/// `a Σ_p (||x~^(p)|| ||G^(p)||)²`, a bound on the G-term from bounds on its parts.
///
/// `curvature` bounds `||A||`; `lengths` bounds `||x~^(p)||` and `sensitivities` bounds `||G^(p)||`, layer by layer.
///
/// ```
/// assert_eq!(hessia_paper::theory::theorem_1::ggn_bound(0.5, &[2.0, 1.0], &[1.0, 1.0]), 2.5);
/// ```
pub fn ggn_bound(curvature: f64, lengths: &[f64], sensitivities: &[f64]) -> f64 {
    lengths.iter().zip(sensitivities).map(|(&x, &g)| product(&[curvature, x, x, g, g])).sum()
}

/// Spectral norm of the L x L matrix of bounds on the blocks of the full Hessian, for activations of straight pieces.
///
/// Entry (p, q) is `a ||x~^(p)|| ||G^(p)|| ||x~^(q)|| ||G^(q)||`, and for p < q (and mirrored)
/// `||x~^(p)|| ||dx^(q)/dz^(p)|| ||delta^(q)||` more, with
/// `||dx^(q)/dz^(p)|| <= slope^(q-p) Π_{p<s<q} ||W^(s)||`.
///
/// Infinite where a bound overflows.
///
/// # Errors
/// Failure of LAPACK.
pub fn hessian_bound(
    curvature: f64,
    lengths: &[f64],
    sensitivities: &[f64],
    residuals: &[f64],
    weight_norms: &[f64],
    slope: f64,
) -> Result<f64> {
    let depth = lengths.len();
    let mut blocks = Array2::zeros((depth, depth));
    for p in 0..depth {
        let mut between = slope;
        for q in p..depth {
            let mut bound = product(&[curvature, lengths[p], sensitivities[p], lengths[q], sensitivities[q]]);
            if q > p {
                if q > p + 1 {
                    between = product(&[between, slope, weight_norms[q - 1]]);
                }
                bound += product(&[lengths[p], between, residuals[q]]);
            }
            blocks[[p, q]] = bound;
            blocks[[q, p]] = bound;
        }
    }
    if blocks.iter().any(|v: &f64| !v.is_finite()) {
        return Ok(f64::INFINITY);
    }
    // Nonnegative entries: the largest eigenvalue is the norm.
    Ok(symmetric_eigenvalues(blocks)?.last().copied().unwrap_or(0.0))
}

/// A product in which zero wins over infinity, as bounds want it.
pub(super) fn product(factors: &[f64]) -> f64 {
    if factors.contains(&0.0) { 0.0 } else { factors.iter().product() }
}

fn power(base: f64, exponent: usize) -> f64 {
    base.powi(i32::try_from(exponent).unwrap_or(i32::MAX))
}

/// Bounds on `||x^(p)||` and `||G^(p)||` of every layer without biases, from `M_x` and the norms of the weights:
/// `M_x Π_{s<p} ||W^(s)||` and `Π_{s>p} ||W^(s)||`.
pub(super) fn chains(m_x: f64, weight_norms: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let depth = weight_norms.len();
    let mut lengths = vec![m_x; depth];
    let mut sensitivities = vec![1.0; depth];
    for p in 1..depth {
        lengths[p] = product(&[lengths[p - 1], weight_norms[p - 1]]);
        sensitivities[depth - 1 - p] = product(&[sensitivities[depth - p], weight_norms[depth - p]]);
    }
    (lengths, sensitivities)
}
