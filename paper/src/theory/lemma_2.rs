//! Lemma 2: how much the loss surface changes when one object joins.
//!
//! As stated: for `||theta - theta*|| <= R` and `|l_i(theta*)| <= M_l`,
//! `|L_{k+1}(theta) - L_k(theta)| <= 2/(k+1) (M_l + M_H R²)`, `M_H` being theorem 1's bound. It drops the first-order
//! term (Assumption 1: theta* is a stationary point of both) and the remainder of the expansion.
//!
//! Here every term of the expansion of the difference `d(theta) = L_{k+1}(theta) - L_k(theta)` about theta* is exact
//! and stands by itself:
//! `(k+1) d = (l_{k+1} - L_k) + v·(g_{k+1} - g) + 1/2 vᵀ (H_{k+1} - H) v + (k+1) remainder` with
//! `v = theta - theta*`, and l, g, H of the new object and of the mean over the first k, all at theta*.

use ndarray::{Array1, Array2};

use super::{Constants, Statement};
use hessia::linalg::euclidean_norm;
use hessia::spectrum::LANCZOS_ORDER;
use hessia::{
    Dataset, Error, Loss, Network, Reduction, Result, eigh_largest, eigvalsh, gradient, hessian,
    loss_and_gradient, loss_value, per_object,
};

/// The bound as stated: `2/(k+1) (M_l + M_H R²)`.
///
/// ```
/// assert_eq!(hessia_paper::theory::lemma_2::stated(3, 1.0, 2.0, 0.5), 0.75);
/// ```
pub fn stated(k: usize, m_l: f64, m_h: f64, radius: f64) -> f64 {
    2.0 / (k + 1) as f64 * (m_l + m_h * radius * radius)
}

/// The expansion of `L_{k+1} - L_k` about theta*, to be evaluated at any theta.
#[derive(Debug, Clone)]
pub struct Increment {
    star: Array1<f64>,
    before: Dataset,
    joining: Dataset,
    loss: Loss,
    /// Number of objects before, k.
    pub k: usize,
    /// `l_{k+1}(theta*) - L_k(theta*)`.
    pub loss_gap: f64,
    /// `g_{k+1} - g` at theta*, length P.
    pub gradient_gap: Array1<f64>,
    /// `H_{k+1} - H` at theta*, P x P.
    pub hessian_gap: Array2<f64>,
    /// `||g_{k+1} - g||_2`.
    pub gradient_gap_norm: f64,
    /// `||H_{k+1} - H||_2`.
    pub hessian_gap_norm: f64,
    /// `||dL_k/dtheta||_2` at theta*: zero under Assumption 1.
    pub gradient_norm_before: f64,
    /// `||dL_{k+1}/dtheta||_2` at theta*: zero under Assumption 1.
    pub gradient_norm_after: f64,
    /// `M_l`: largest loss of the k + 1 objects at theta*.
    pub m_l: f64,
    /// `M_H` as stated: theorem 1's bound on the k + 1 objects; none where its assumptions do not hold.
    pub m_h_stated: Option<f64>,
    /// The least `M_H` there is: `max ||H_i||_2` of the k + 1 objects, measured.
    pub m_h_measured: f64,
}

/// The difference `L_{k+1} - L_k` at one theta, term by term, with the bounds on it.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Lemma2 {
    /// Number of objects before, k.
    pub k: usize,
    /// `R = ||theta - theta*||_2`.
    pub radius: f64,
    /// `L_{k+1}(theta) - L_k(theta)`.
    pub difference: f64,
    /// `(l_{k+1} - L_k)/(k+1)` at theta*.
    pub zeroth_order: f64,
    /// `v·(g_{k+1} - g)/(k+1)`.
    pub first_order: f64,
    /// `1/2 vᵀ (H_{k+1} - H) v/(k+1)`.
    pub second_order: f64,
    /// What the three leave of the difference.
    pub remainder: f64,
    /// `R ||g_{k+1} - g||/(k+1)`, a bound on the first order.
    pub first_order_bound: f64,
    /// `1/2 R² ||H_{k+1} - H||/(k+1)`, a bound on the second order.
    pub second_order_bound: f64,
    /// The bound as stated, with theorem 1's `M_H`; none where that has none.
    pub stated: Option<f64>,
    /// The bound as stated, but with the measured `M_H = max ||H_i||`.
    pub stated_measured: f64,
    /// `|zeroth order| + first order bound + second order bound`: holds up to the remainder.
    pub corrected: f64,
}

impl Increment {
    /// Expands about the parameters of `star`: objects 0..k are there before, object k joins.
    ///
    /// # Errors
    /// A loss that sums instead of averaging, k outside of 1..m, a Hessian that does not fit in memory; otherwise
    /// as [`hessian`].
    pub fn new(star: &Network, data: &Dataset, loss: Loss, k: usize) -> Result<Increment> {
        Ok(Increment::with_hessian_before(star, data, loss, k)?.0)
    }

    /// As [`new`](Self::new), with the mean Hessian of the objects before, which it is made with.
    pub(super) fn with_hessian_before(
        star: &Network,
        data: &Dataset,
        loss: Loss,
        k: usize,
    ) -> Result<(Increment, Array2<f64>)> {
        if loss.reduction != Reduction::Mean {
            return Err(Error::argument("reduction", "mean: lemma 2 is about means over objects", "sum"));
        }
        if k == 0 || k >= data.len() {
            return Err(Error::argument("k", format!("a number in 1..{}", data.len()), k));
        }
        let rows: Vec<_> = (0..=k).collect();
        let (before, joining, after) = (data.select(&rows[..k]), data.select(&[k]), data.select(&rows));
        let (loss_before, gradient_before) = loss_and_gradient(star, &before, loss)?;
        let (loss_joining, gradient_joining) = loss_and_gradient(star, &joining, loss)?;
        let gradient_after = gradient(star, &after, loss)?;
        let hessian_before = hessian(star, &before, loss)?;
        let hessian_gap = hessian(star, &joining, loss)? - &hessian_before;
        let gradient_gap = gradient_joining - &gradient_before;
        let constants = Constants::measure(star, &after, loss)?;
        let theorem = Statement::Theorem1Stated;
        let norm = |v: &Array1<f64>| euclidean_norm(v.iter());
        let norms = per_object(star, &after, loss)?;
        let increment = Increment {
            star: star.parameters(),
            k,
            loss_gap: loss_joining - loss_before,
            gradient_gap_norm: norm(&gradient_gap),
            gradient_gap,
            hessian_gap_norm: spectral_norm(&hessian_gap)?,
            hessian_gap,
            gradient_norm_before: norm(&gradient_before),
            gradient_norm_after: norm(&gradient_after),
            m_l: constants.m_l,
            m_h_stated: theorem
                .broken_assumptions(star, loss, &constants)
                .is_empty()
                .then(|| super::theorem_1::stated(constants.depth, constants.m_x, constants.m_w)),
            m_h_measured: norms.hessian_norm.fold(0.0, |most: f64, v| most.max(*v)),
            before,
            joining,
            loss,
        };
        Ok((increment, hessian_before))
    }

    /// Evaluates the difference and its terms at the parameters of `net`, which has the shape of theta*'s network.
    ///
    /// # Errors
    /// A network of another number of parameters; otherwise as [`loss_value`].
    ///
    /// ```
    /// use hessia::{Activation, Dataset, Loss, Network, Targets};
    /// use hessia_paper::theory::lemma_2::Increment;
    /// use ndarray::{Array2, array};
    /// let star = Network::random(&[3, 4, 2], false, Activation::Tanh, 1)?;
    /// let data = Dataset::new("toy", Array2::eye(3), Targets::Classes(array![0, 1, 1]))?;
    /// let increment = Increment::new(&star, &data, Loss::cross_entropy(), 2)?;
    /// let near = star.with_parameters(&(star.parameters() + 1e-4))?;
    /// let terms = increment.at(&near)?;
    /// assert!(terms.remainder.abs() < 1e-10);
    /// assert!(terms.difference.abs() <= terms.corrected + terms.remainder.abs());
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn at(&self, net: &Network) -> Result<Lemma2> {
        let theta = net.parameters();
        if theta.len() != self.star.len() {
            return Err(Error::shape("parameters", &[self.star.len()], &[theta.len()]));
        }
        let v = theta - &self.star;
        let share = 1.0 / (self.k + 1) as f64;
        let radius = euclidean_norm(v.iter());
        // Equation (1): the difference of the means is the gap over k + 1, without cancellation between them.
        let gap = loss_value(net, &self.joining, self.loss)? - loss_value(net, &self.before, self.loss)?;
        let difference = share * gap;
        let zeroth_order = share * self.loss_gap;
        let first_order = share * v.dot(&self.gradient_gap);
        let second_order = share * 0.5 * v.dot(&self.hessian_gap.dot(&v));
        let first_order_bound = share * radius * self.gradient_gap_norm;
        let second_order_bound = share * 0.5 * radius * radius * self.hessian_gap_norm;
        Ok(Lemma2 {
            k: self.k,
            radius,
            difference,
            zeroth_order,
            first_order,
            second_order,
            remainder: difference - zeroth_order - first_order - second_order,
            first_order_bound,
            second_order_bound,
            stated: self.m_h_stated.map(|m_h| stated(self.k, self.m_l, m_h, radius)),
            stated_measured: stated(self.k, self.m_l, self.m_h_measured, radius),
            corrected: zeroth_order.abs() + first_order_bound + second_order_bound,
        })
    }
}

impl Lemma2 {
    /// Whether the bound as stated holds here; none where it does not apply or overflows.
    pub fn stated_holds(&self) -> Option<bool> {
        let bound = self.stated.filter(|bound| bound.is_finite())?;
        Some(self.difference.abs() <= bound * (1.0 + super::TOLERANCE))
    }
}

fn spectral_norm(matrix: &Array2<f64>) -> Result<f64> {
    if matrix.nrows() < LANCZOS_ORDER {
        return Ok(eigvalsh(matrix)?.norm());
    }
    let largest = eigh_largest(matrix, 1)?.eigenvalues[0];
    let smallest = -eigh_largest(&-matrix, 1)?.eigenvalues[0];
    Ok(largest.max(-smallest))
}
