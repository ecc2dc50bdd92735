//! What an exact Hessian costs: measured time beside the work that was counted.

use std::time::Instant;

use crate::linalg::dgemm_rate;
use crate::{Dataset, Error, Loss, Network, Result, Term, curvature};

/// One measurement of [`curvature()`].
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Cost {
    /// The network, as it prints.
    pub network: String,
    /// P.
    pub parameters: usize,
    /// m.
    pub objects: usize,
    /// Median time of a matrix, in seconds.
    pub seconds: f64,
    /// Additions and multiplications of all products, counted.
    pub flops: u64,
    /// `m P²`: those of the whole matrix by its symmetry, nothing left out.
    pub plain_flops: u64,
    /// Share of the (object, output pair) combinations that entered a product.
    pub active_share: f64,
    /// `dgemm`'s own rate beside this measurement, in GFLOP/s.
    pub dgemm_gflops: f64,
}

impl Cost {
    /// Counted operations a second over `dgemm`'s rate: what is missing to 1 went into everything but products.
    #[must_use]
    pub fn dgemm_share(&self) -> f64 {
        self.flops as f64 / self.seconds / (self.dgemm_gflops * 1e9)
    }

    /// `m P²` a second over `dgemm`'s rate: above 1 where symmetry, idle units and equal inputs save more than
    /// everything but products costs.
    #[must_use]
    pub fn plain_share(&self) -> f64 {
        self.plain_flops as f64 / self.seconds / (self.dgemm_gflops * 1e9)
    }
}

/// Measures [`curvature()`] of a term: the median of `repeats` times after one that warms up.
///
/// # Errors
/// No repeats; as [`curvature()`].
///
/// ```
/// use hessia::{Activation, Dataset, Loss, Network, Targets, Term, cost::curvature_cost};
/// use ndarray::{Array2, array};
/// let net = Network::random(&[3, 4, 2], true, Activation::Tanh, 1)?;
/// let data = Dataset::new("toy", Array2::eye(3), Targets::Classes(array![0, 1, 1]))?;
/// let cost = curvature_cost(&net, &data, Loss::cross_entropy(), Term::Full, 3)?;
/// assert_eq!((cost.parameters, cost.objects, cost.plain_flops), (26, 3, 3 * 26 * 26));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn curvature_cost(net: &Network, data: &Dataset, loss: Loss, term: Term, repeats: usize) -> Result<Cost> {
    if repeats == 0 {
        return Err(Error::argument("repeats", "at least one", repeats));
    }
    let work = curvature(net, data, loss, term)?.work;
    let dgemm_gflops = dgemm_rate();
    let mut seconds = Vec::with_capacity(repeats);
    for _ in 0..repeats {
        let start = Instant::now();
        let matrix = curvature(net, data, loss, term)?;
        seconds.push(start.elapsed().as_secs_f64());
        drop(matrix);
    }
    seconds.sort_by(f64::total_cmp);
    let (parameters, objects) = (net.parameter_count(), data.len());
    Ok(Cost {
        network: net.to_string(),
        parameters,
        objects,
        seconds: seconds[repeats / 2],
        flops: work.flops,
        plain_flops: (objects * parameters * parameters) as u64,
        active_share: work.active_share,
        dgemm_gflops,
    })
}
