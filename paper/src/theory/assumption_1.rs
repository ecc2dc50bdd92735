//! Assumption 1: theta* is a stationary point of both `L_k` and `L_{k+1}`. Measured, not assumed.

use serde::Serialize;

use hessia::linalg::euclidean_norm;
use hessia::{Dataset, Error, Loss, Network, Reduction, Result, loss_and_gradient};

/// How far a point is from being stationary, before and after one object joins.
///
/// `(k+1) dL_{k+1} = k dL_k + dl_{k+1}`, so that both gradients vanish only where the new object's does too.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assumption1 {
    /// What the point is, in the caller's words.
    pub point: String,
    /// Number of objects before, k.
    pub k: usize,
    /// `L_k`.
    pub loss_before: f64,
    /// `||dL_k/dtheta||_2`.
    pub gradient_before: f64,
    /// `||dL_{k+1}/dtheta||_2`.
    pub gradient_after: f64,
    /// `||dl_{k+1}/dtheta||_2`, of the object that joins.
    pub gradient_joining: f64,
    /// `max ||dl_i/dtheta||_2` of the k + 1 objects.
    pub gradient_largest: f64,
}

impl Assumption1 {
    /// Measures at `net`: objects 0..k of `data` are there before, object k joins.
    ///
    /// # Errors
    /// A loss that sums instead of averaging, k outside of 1..m; otherwise as [`loss_and_gradient`].
    ///
    /// ```
    /// use hessia::{Activation, Dataset, Loss, Network, Targets};
    /// use hessia_paper::theory::Assumption1;
    /// use ndarray::{Array2, array};
    /// let net = Network::random(&[3, 2], false, Activation::Identity, 1)?;
    /// let data = Dataset::new("toy", Array2::eye(3), Targets::Classes(array![0, 1, 1]))?;
    /// let found = Assumption1::measure("start", &net, &data, Loss::cross_entropy(), 2)?;
    /// // The objects share no input: (k+1)² ||after||² = k² ||before||² + ||joining||².
    /// let sum = 4.0 * found.gradient_before.powi(2) + found.gradient_joining.powi(2);
    /// assert!((9.0 * found.gradient_after.powi(2) - sum).abs() < 1e-14);
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn measure(point: &str, net: &Network, data: &Dataset, loss: Loss, k: usize) -> Result<Assumption1> {
        if loss.reduction != Reduction::Mean {
            return Err(Error::argument(
                "reduction",
                "mean: assumption 1 is about means over objects",
                "sum",
            ));
        }
        if k == 0 || k >= data.len() {
            return Err(Error::argument("k", format!("a number in 1..{}", data.len()), k));
        }
        let (loss_before, before) = loss_and_gradient(net, &data.head(k), loss)?;
        let (_, joining) = loss_and_gradient(net, &data.select(&[k]), loss)?;
        let (_, after) = loss_and_gradient(net, &data.head(k + 1), loss)?;
        let norms = hessia::per_object(net, &data.head(k + 1), loss)?.gradient_norm;
        Ok(Assumption1 {
            point: point.to_string(),
            k,
            loss_before,
            gradient_before: euclidean_norm(before.iter()),
            gradient_after: euclidean_norm(after.iter()),
            gradient_joining: euclidean_norm(joining.iter()),
            gradient_largest: norms.fold(0.0, |most: f64, v| most.max(*v)),
        })
    }
}
