//! Lemma 2 away from theta*: the increment and its terms along chosen directions.

use ndarray::{Array1, Array2};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::Serialize;

use super::lemma_2::{Increment, Lemma2};
use hessia::linalg::euclidean_norm;
use hessia::spectrum::LANCZOS_ORDER;
use hessia::{Dataset, Error, Loss, Network, Result, eigh, eigh_largest};

/// Where a probe goes from theta*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr, strum::VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Direction {
    /// Uniform on the unit sphere.
    Random,
    /// An eigenvector of the mean Hessian H of the objects before, largest eigenvalues first.
    Hessian,
    /// An eigenvector of `H_{k+1} - H`, largest `|eigenvalue|` first: where the second order is largest.
    HessianGap,
    /// Along `g_{k+1} - g`: where the first order is largest.
    Gradient,
}

impl Direction {
    /// `random`, `hessian`, `hessian-gap` or `gradient`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Which probes to take.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProbeSettings {
    /// Numbers of objects before the new one joins.
    pub objects: Vec<usize>,
    /// Distances from theta*.
    pub radii: Vec<f64>,
    /// How many random directions.
    pub random: usize,
    /// How many eigenvectors of either kind.
    pub top: usize,
    /// Seed of the random directions.
    pub seed: u64,
}

/// One probe: the increment at `theta* + radius * u`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Probe {
    /// The kind of u.
    pub direction: Direction,
    /// Which of its kind, from 0.
    pub index: usize,
    /// The terms there.
    pub terms: Lemma2,
}

/// Evaluates lemma 2 at `theta* + R u` for every k, direction u and R of `settings`.
///
/// Objects 0..k of `data` are there before, object k joins. The number of rows is
/// `objects * (random + 2 top + 1) * radii`.
///
/// # Errors
/// A radius that is negative or not finite, more eigenvectors than parameters; otherwise as [`Increment::new`].
///
/// ```
/// use hessia_paper::theory::{ProbeSettings, probe};
/// use hessia::{Activation, Dataset, Loss, Network, Targets};
/// use ndarray::{Array2, array};
/// let star = Network::random(&[3, 4, 2], false, Activation::Tanh, 1)?;
/// let data = Dataset::new("toy", Array2::eye(3), Targets::Classes(array![0, 1, 1]))?;
/// let settings = ProbeSettings { objects: vec![1, 2], radii: vec![0.1, 1.0], random: 3, top: 2, seed: 1 };
/// let probes = probe(&star, &data, Loss::cross_entropy(), &settings)?;
/// assert_eq!(probes.len(), 2 * (3 + 2 * 2 + 1) * 2);
/// assert!(probes.iter().all(|p| p.terms.difference.abs() <= p.terms.corrected + p.terms.remainder.abs()));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn probe(star: &Network, data: &Dataset, loss: Loss, settings: &ProbeSettings) -> Result<Vec<Probe>> {
    let order = star.parameter_count();
    if let Some(bad) = settings.radii.iter().find(|r| !(r.is_finite() && **r >= 0.0)) {
        return Err(Error::argument("radii", "finite numbers from 0 on", bad));
    }
    if settings.top > order {
        return Err(Error::argument("top", format!("at most the {order} parameters"), settings.top));
    }
    let mut probes = Vec::new();
    for &k in &settings.objects {
        let (increment, before) = Increment::with_hessian_before(star, data, loss, k)?;
        let mut directions: Vec<(Direction, usize, Array1<f64>)> = Vec::new();
        // The same random directions for every k.
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        for index in 0..settings.random {
            directions.push((Direction::Random, index, random_unit(order, &mut rng)));
        }
        for (index, u) in largest(&before, settings.top, false)?.into_iter().enumerate() {
            directions.push((Direction::Hessian, index, u));
        }
        for (index, u) in largest(&increment.hessian_gap, settings.top, true)?.into_iter().enumerate() {
            directions.push((Direction::HessianGap, index, u));
        }
        let norm = increment.gradient_gap_norm;
        // Equal gradients single out no direction: the probe then stays at theta*.
        let along = if norm > 0.0 { &increment.gradient_gap / norm } else { Array1::zeros(order) };
        directions.push((Direction::Gradient, 0, along));
        for (direction, index, u) in directions {
            for &radius in &settings.radii {
                let there = star.with_parameters(&(star.parameters() + radius * &u))?;
                probes.push(Probe { direction, index, terms: increment.at(&there)? });
            }
        }
    }
    Ok(probes)
}

/// A direction uniform on the unit sphere of `order` dimensions.
pub(super) fn random_unit(order: usize, rng: &mut ChaCha8Rng) -> Array1<f64> {
    let normal: Array1<f64> = (0..order).map(|_| StandardNormal.sample(&mut *rng)).collect();
    let norm = euclidean_norm(normal.iter());
    normal / norm
}

/// Unit eigenvectors of the largest eigenvalues, or of the largest by magnitude; of either sign the one whose
/// entry of largest magnitude is positive.
pub(super) fn largest(matrix: &Array2<f64>, count: usize, by_magnitude: bool) -> Result<Vec<Array1<f64>>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut pairs: Vec<(f64, Array1<f64>)> = Vec::new();
    let mut take = |spectrum: hessia::Spectrum, sign: f64| {
        if let Some(vectors) = spectrum.eigenvectors {
            pairs.extend(
                spectrum.eigenvalues.iter().zip(vectors.columns()).map(|(v, u)| (sign * v, u.to_owned())),
            );
        }
    };
    if matrix.nrows() < LANCZOS_ORDER {
        take(eigh(matrix)?, 1.0);
    } else {
        take(eigh_largest(matrix, count)?, 1.0);
        if by_magnitude {
            take(eigh_largest(&-matrix, count)?, -1.0);
        }
    }
    let key = |value: f64| if by_magnitude { value.abs() } else { value };
    pairs.sort_by(|a, b| key(b.0).total_cmp(&key(a.0)));
    Ok(pairs.into_iter().take(count).map(|(_, u)| oriented(u)).collect())
}

/// `u` or `-u`: LAPACK leaves the sign open.
fn oriented(u: Array1<f64>) -> Array1<f64> {
    let leading = u.iter().copied().fold(0.0_f64, |most, v| if v.abs() > most.abs() { v } else { most });
    if leading < 0.0 { -u } else { u }
}
