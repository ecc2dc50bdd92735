//! Lemma 1: theorem 1 in terms of the largest weight and the layers' shapes.
//!
//! As stated: `|w| <= M` in layers of width h give the bound of theorem 1 with `M_W = h M`, "growing as
//! `L (hM)^(2L)`". It takes `||W||_F <= h M` for every layer, but the first is h x n and the last K x h: with `n > h`
//! the first needs `√(h n) M`. Corrected: `||W^(p)||_2 <= f_p = M √(h_p d_p)` layer by layer.

use std::f64::consts::SQRT_2;

use super::theorem_1::{self, product};
use hessia::Result;

/// The bound as stated, for width `h` and largest weight `m`: [`theorem_1::stated`] with `M_W = h M`.
///
/// ```
/// use hessia_paper::theory::{lemma_1, theorem_1};
/// assert_eq!(lemma_1::stated(2, 1.0, 4, 0.5), theorem_1::stated(2, 1.0, 2.0));
/// ```
pub fn stated(depth: usize, m_x: f64, h: usize, m: f64) -> f64 {
    theorem_1::stated(depth, m_x, h as f64 * m)
}

/// Corrected, for the G-term: `1/2 M_x² Σ_p Π_{s≠p} f_s²` with `f_s = M √(h_s d_s)`.
///
/// `shapes` are (outputs, inputs) of each layer.
///
/// ```
/// use hessia_paper::theory::lemma_1;
/// assert_eq!(lemma_1::corrected_ggn(&[(4, 9), (2, 4)], 1.0, 1.0), 0.5 * (8.0 + 36.0));
/// ```
pub fn corrected_ggn(shapes: &[(usize, usize)], m_x: f64, m: f64) -> f64 {
    (0..shapes.len())
        .map(|p| {
            let others = shapes.iter().enumerate().filter(|&(s, _)| s != p);
            // The square of the root of the count is the count: no rounding.
            others.fold(0.5 * m_x * m_x, |bound, (_, &(h, d))| product(&[bound, (h * d) as f64, m, m]))
        })
        .sum()
}

/// Corrected, for the full Hessian: the blocks of [`theorem_1::hessian_bound`] with `||W^(s)|| <= f_s`,
/// `||x^(p)|| <= M_x Π_{s<p} f_s` and `||delta^(q)|| <= √2 Π_{s>q} f_s`.
///
/// # Errors
/// Failure of LAPACK.
pub fn corrected_hessian(shapes: &[(usize, usize)], m_x: f64, m: f64) -> Result<f64> {
    let norms = weight_norms(shapes, m);
    let (lengths, sensitivities) = theorem_1::chains(m_x, &norms);
    let residuals: Vec<_> = sensitivities.iter().map(|g| SQRT_2 * g).collect();
    theorem_1::hessian_bound(0.5, &lengths, &sensitivities, &residuals, &norms, 1.0)
}

/// `f_s = M √(h_s d_s)` of each layer.
fn weight_norms(shapes: &[(usize, usize)], m: f64) -> Vec<f64> {
    shapes.iter().map(|&(h, d)| m * ((h * d) as f64).sqrt()).collect()
}
