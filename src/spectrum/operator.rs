//! The outermost eigenvalues of a symmetric operator that is never formed.

use ndarray::{Array1, Array2, s};

use super::lanczos::{orthogonalise, start, tridiagonal};
use crate::{Error, Result};

/// The outermost eigenvalues of a symmetric operator, with their residuals.
#[derive(Debug, Clone, PartialEq)]
pub struct Outermost {
    /// Largest eigenvalues, descending.
    pub largest: Vec<f64>,
    /// Smallest eigenvalue.
    pub smallest: f64,
    /// Unit eigenvector of the largest eigenvalue.
    pub vector: Array1<f64>,
    /// Largest residual `||A v - lambda v||_2` of the values given: each lies within it of an eigenvalue.
    pub residual: f64,
    /// Products taken.
    pub products: usize,
}

impl Outermost {
    /// The spectral norm: the larger of the two ends.
    pub fn norm(&self) -> f64 {
        self.largest.first().copied().unwrap_or(0.0).abs().max(self.smallest.abs())
    }
}

/// The `count` largest eigenvalues and the smallest of a symmetric operator of this order, by Lanczos with full
/// reorthogonalisation from a fixed start.
///
/// `apply` multiplies a vector. It ends when every residual is below `tolerance` times the norm, or after `most`
/// products; [`Outermost::residual`] says how far it came. An eigenvalue whose vectors are orthogonal to the start is
/// not seen, and a repeated one is seen once: nothing proves that none was missed, as
/// [`eigh_largest`](crate::eigh_largest) does with the matrix at hand.
///
/// # Errors
/// A count or order of zero, a product that is not finite, and what `apply` returns.
///
/// ```
/// use hessia::spectrum::outermost;
/// let diagonal = ndarray::Array1::linspace(-2.0, 5.0, 100);
/// let found = outermost(100, 2, 1e-9, 100, |v| Ok(v * &diagonal))?;
/// assert!((found.norm() - 5.0).abs() < 1e-12 && (found.smallest + 2.0).abs() < 1e-12);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn outermost(
    order: usize,
    count: usize,
    tolerance: f64,
    most: usize,
    apply: impl Fn(&Array1<f64>) -> Result<Array1<f64>>,
) -> Result<Outermost> {
    if order == 0 || count == 0 || most == 0 {
        let found = format!("order {order}, count {count}, {most} products");
        return Err(Error::argument("outermost eigenvalues", "positive order, count and products", found));
    }
    let most = most.min(order);
    let mut basis = Array2::<f64>::zeros((most, order));
    basis.row_mut(0).assign(&start(order));
    let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
    for step in 0..most {
        let mut next = apply(&basis.row(step).to_owned())?;
        if let Some(at) = next.iter().position(|v| !v.is_finite()) {
            let what = format!("product {step} of an operator of order {order}");
            return Err(Error::NonFinite { what, index: vec![at], value: next[at] });
        }
        diagonal.push(next.dot(&basis.row(step)));
        orthogonalise(&mut next, basis.slice(s![..=step, ..]));
        let length = next.dot(&next).sqrt();
        let steps = step + 1;
        let scale = diagonal.iter().chain(&beside).fold(length, |most: f64, v| most.max(v.abs()));
        // The start's part of the space is exhausted: the values are exact.
        let exhausted = length <= f64::EPSILON * scale * (order as f64).sqrt();
        if exhausted || steps == most || (steps > count && steps % 5 == 0) {
            let (values, vectors) = tridiagonal(&diagonal, &beside)?;
            let wanted: Vec<usize> = (steps - count.min(steps)..steps).rev().collect();
            let residual = |k: usize| length * vectors[[steps - 1, k]].abs();
            let worst = wanted.iter().map(|&k| residual(k)).fold(residual(0), f64::max);
            let norm = values[0].abs().max(values[steps - 1].abs());
            if exhausted || steps == most || worst <= tolerance * norm {
                return Ok(Outermost {
                    largest: wanted.iter().map(|&k| values[k]).collect(),
                    smallest: values[0],
                    vector: basis.slice(s![..steps, ..]).t().dot(&vectors.column(steps - 1)),
                    residual: worst,
                    products: steps,
                });
            }
        }
        beside.push(length);
        basis.row_mut(steps).assign(&(next / length));
    }
    Err(Error::argument("outermost eigenvalues", "a step", "none"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eigh;

    #[test]
    fn values_vectors_and_residuals_are_those_of_the_matrix() {
        let a = Array2::from_shape_fn((60, 60), |(i, j)| ((3 * i + 5 * j + i * j) as f64).sin());
        let a = &a + &a.t();
        let found = outermost(60, 3, 1e-10, 60, |v| Ok(a.dot(v))).unwrap();
        let all = eigh(&a).unwrap().eigenvalues;
        for (k, value) in found.largest.iter().enumerate() {
            assert!((value - all[59 - k]).abs() < 1e-9 * found.norm(), "{value}");
        }
        assert!((found.smallest - all[0]).abs() < 1e-9 * found.norm());
        let gap = a.dot(&found.vector) - found.largest[0] * &found.vector;
        assert!(gap.dot(&gap).sqrt() <= found.residual + 1e-12 * found.norm());
    }

    #[test]
    fn zero_and_rank_one_operators_end_early() {
        let zero = outermost(50, 2, 1e-6, 40, |v| Ok(v * 0.0)).unwrap();
        assert_eq!((zero.norm(), zero.products), (0.0, 1));
        let u = Array1::from_shape_fn(50, |i| (i as f64).cos());
        let one = outermost(50, 2, 1e-6, 40, |v| Ok(&u * u.dot(v))).unwrap();
        assert!((one.norm() - u.dot(&u)).abs() < 1e-12 * u.dot(&u) && one.products <= 4);
        assert!(outermost(3, 1, 1e-6, 9, |v| Ok(v / 0.0)).is_err());
    }
}
