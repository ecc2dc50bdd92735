//! Linear systems `(A + damping I) x = b` with a symmetric operator.

use ndarray::{Array1, Array2, Axis};

use crate::linalg::{symmetric_eigen, workers};
use crate::operator::{LinearOperator, check_vectors, finite_product};
use crate::progress::Progress;
use crate::{Error, Result};

/// How a system is solved.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SolveSettings {
    /// What is added to every eigenvalue.
    pub damping: f64,
    /// Residual to reach, in units of the length of b.
    pub tolerance: f64,
    /// Products to take at most.
    pub most_products: usize,
}

impl Default for SolveSettings {
    fn default() -> Self {
        SolveSettings { damping: 0.0, tolerance: 1e-8, most_products: 1000 }
    }
}

/// A solution, with what is known of it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Solution {
    /// x.
    #[serde(skip)]
    pub x: Array1<f64>,
    /// `|b - (A + damping I) x| / |b|`, measured with one more product.
    pub residual: f64,
    /// Whether it reached the tolerance.
    pub converged: bool,
    /// Smallest Ritz value of `A + damping I`: the least eigenvalue is at most this.
    pub smallest: f64,
    /// Largest Ritz value: the greatest eigenvalue is at least this.
    pub largest: f64,
    /// Products taken.
    pub products: usize,
}

/// Solves with a positive definite `A + damping I` by conjugate gradients.
///
/// # Errors
/// A system that turns out not to be positive definite: refused with its smallest Ritz value, at the step that shows it.
/// Sizes that do not fit, settings out of range, a product that is not finite, an interrupt.
///
/// Source: M. Hestenes, E. Stiefel, "Methods of conjugate gradients for solving linear systems", 1952.
///
/// ```
/// use hessia::spectrum::{SolveSettings, conjugate_gradients};
/// use ndarray::array;
/// let matrix = array![[2.0, 1.0], [1.0, 2.0]];
/// let found = conjugate_gradients(&matrix, &array![3.0, 3.0], &SolveSettings::default())?;
/// assert!((found.x - array![1.0, 1.0]).iter().all(|v| v.abs() < 1e-12));
/// let indefinite = array![[1.0, 2.0], [2.0, 1.0]];
/// let refused = conjugate_gradients(&indefinite, &array![1.0, 0.0], &SolveSettings::default()).unwrap_err();
/// assert!(refused.to_string().contains("smallest Ritz value -"));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn conjugate_gradients(
    operator: &impl LinearOperator,
    b: &Array1<f64>,
    settings: &SolveSettings,
) -> Result<Solution> {
    let scale = check(operator, b, settings)?;
    let mut x = Array1::zeros(b.len());
    let mut residual = b.clone();
    let mut direction = b.clone();
    let mut square = b.dot(b);
    // The Lanczos matrix of the same Krylov space, from the steps' lengths.
    let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
    let (mut last_alpha, mut last_beta) = (1.0, 0.0);
    let mut products = 0;
    let progress = Progress::new("Conjugate gradients", settings.most_products as u64, "products");
    while square.sqrt() > settings.tolerance * scale && products + 1 < settings.most_products {
        let moved = product(operator, &direction, settings.damping)?;
        products += 1;
        progress.advance(1)?;
        let curvature = direction.dot(&moved);
        let own = curvature / square;
        diagonal.push(own + if products > 1 { last_beta / last_alpha } else { 0.0 });
        if curvature <= 0.0 {
            let smallest = ends(&diagonal, &beside)?.0;
            return Err(Error::argument(
                "system for conjugate gradients",
                format!(
                    "positive definite at damping {:e}: take MINRES, or a damping larger by more than {:e}",
                    settings.damping, -smallest
                ),
                format!("smallest Ritz value {smallest:e} after {products} products"),
            ));
        }
        let alpha = square / curvature;
        x.scaled_add(alpha, &direction);
        residual.scaled_add(-alpha, &moved);
        let next = residual.dot(&residual);
        let beta = next / square;
        beside.push(beta.sqrt() / alpha);
        direction = &residual + &(direction * beta);
        (last_alpha, last_beta, square) = (alpha, beta, next);
    }
    finish(operator, b, settings, scale, x, (&diagonal, &beside), products)
}

/// Solves with any symmetric `A + damping I` by minimal residuals.
///
/// The residual never grows. A singular system gives the x of least residual.
///
/// # Errors
/// Sizes that do not fit, settings out of range, a product that is not finite, an interrupt.
///
/// Source: C. Paige, M. Saunders, "Solution of sparse indefinite systems of linear equations", 1975.
///
/// ```
/// use hessia::spectrum::{SolveSettings, minres};
/// use ndarray::array;
/// let indefinite = array![[1.0, 2.0], [2.0, 1.0]];
/// let found = minres(&indefinite, &array![5.0, 4.0], &SolveSettings::default())?;
/// assert!((found.x - array![1.0, 2.0]).iter().all(|v| v.abs() < 1e-12));
/// assert!((found.smallest + 1.0).abs() < 1e-12);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn minres(operator: &impl LinearOperator, b: &Array1<f64>, settings: &SolveSettings) -> Result<Solution> {
    let scale = check(operator, b, settings)?;
    let n = b.len();
    let mut x = Array1::zeros(n);
    let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
    let mut products = 0;
    let progress = Progress::new("MINRES", settings.most_products as u64, "products");
    let mut v_old = Array1::zeros(n);
    let mut v = b / scale.max(f64::MIN_POSITIVE);
    let mut length = 0.0;
    // Givens rotations of the last two columns, and the directions of the last two steps.
    let ((mut c, mut s), (mut c_old, mut s_old)) = ((1.0_f64, 0.0_f64), (1.0_f64, 0.0_f64));
    let (mut w, mut w_old) = (Array1::<f64>::zeros(n), Array1::<f64>::zeros(n));
    let mut rest = scale;
    while rest.abs() > settings.tolerance * scale && products + 1 < settings.most_products {
        let mut next = product(operator, &v, settings.damping)?;
        products += 1;
        progress.advance(1)?;
        let along = v.dot(&next);
        next.scaled_add(-along, &v);
        next.scaled_add(-length, &v_old);
        diagonal.push(along);
        let next_length = next.dot(&next).sqrt();
        // The new column of T under the two rotations before.
        let epsilon = s_old * length;
        let half = c_old * length;
        let delta = c * half + s * along;
        let gamma_bar = c * along - s * half;
        let gamma = gamma_bar.hypot(next_length);
        let norm = diagonal.iter().chain(&beside).fold(next_length, |most: f64, v| most.max(v.abs()));
        if gamma <= 10.0 * f64::EPSILON * norm {
            // Singular, and b reaches into the null space: no step lowers the residual.
            beside.push(next_length);
            break;
        }
        let direction = (&v - &(&w_old * epsilon) - &(&w * delta)) / gamma;
        let (c_new, s_new) = (gamma_bar / gamma, next_length / gamma);
        x.scaled_add(c_new * rest, &direction);
        rest *= -s_new;
        beside.push(next_length);
        (w_old, w) = (w, direction);
        ((c_old, s_old), (c, s)) = ((c, s), (c_new, s_new));
        if next_length <= 10.0 * f64::EPSILON * norm {
            break;
        }
        v_old = v;
        v = next / next_length;
        length = next_length;
    }
    finish(operator, b, settings, scale, x, (&diagonal, &beside), products)
}

fn check(operator: &impl LinearOperator, b: &Array1<f64>, settings: &SolveSettings) -> Result<f64> {
    check_vectors(operator.order(), &b.view().insert_axis(Axis(1)).to_owned())?;
    crate::error::check_finite("right-hand side", b.view().into_dyn())?;
    if !(settings.tolerance > 0.0 && settings.tolerance < 1.0 && settings.damping.is_finite()) {
        let found = format!("tolerance {}, damping {}", settings.tolerance, settings.damping);
        return Err(Error::argument("solve", "a tolerance in 0..1 and a finite damping", found));
    }
    Ok(b.dot(b).sqrt())
}

fn product(operator: &impl LinearOperator, v: &Array1<f64>, damping: f64) -> Result<Array1<f64>> {
    let column = v.view().insert_axis(Axis(1)).to_owned();
    let mut moved = finite_product(operator, &column)?.remove_axis(Axis(1));
    moved.scaled_add(damping, v);
    Ok(moved)
}

fn finish(
    operator: &impl LinearOperator,
    b: &Array1<f64>,
    settings: &SolveSettings,
    scale: f64,
    x: Array1<f64>,
    (diagonal, beside): (&[f64], &[f64]),
    products: usize,
) -> Result<Solution> {
    let gap = b - &product(operator, &x, settings.damping)?;
    let residual = if scale > 0.0 { gap.dot(&gap).sqrt() / scale } else { 0.0 };
    let (smallest, largest) = ends(diagonal, beside)?;
    // The recurrence's residual and the true one part by rounding.
    let converged = residual <= 10.0 * settings.tolerance;
    Ok(Solution { x, residual, converged, smallest, largest, products: products + 1 })
}

/// Smallest and largest eigenvalue of a tridiagonal matrix; NaN where it has no row.
fn ends(diagonal: &[f64], beside: &[f64]) -> Result<(f64, f64)> {
    let steps = diagonal.len();
    if steps == 0 {
        return Ok((f64::NAN, f64::NAN));
    }
    let mut t = Array2::zeros((steps, steps));
    for k in 0..steps {
        t[[k, k]] = diagonal[k];
        if k + 1 < steps {
            t[[k, k + 1]] = beside[k];
            t[[k + 1, k]] = beside[k];
        }
    }
    let (values, _) = workers(|| symmetric_eigen(t))?;
    Ok((values[0], values[steps - 1]))
}
