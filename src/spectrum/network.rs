//! The spectrum of a network's curvature, by the cheapest exact way.

use std::fmt;

use ndarray::{Array1, Array2};

use super::{Spectrum, eigh, eigvalsh};
use crate::curvature::{Term, compress, curvature, ggn_dual_gram};
use crate::loss::Loss;
use crate::{Dataset, Network, Result};

/// What was solved in place of the P x P matrix.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Route {
    /// Number of parameters P: the order of the matrix asked about.
    pub order: usize,
    /// Order of the matrix that was solved.
    pub solved: usize,
    /// Inputs of the network, and the directions that the data take among them.
    pub inputs: (usize, usize),
    /// Whether the dual Gram matrix of the G-term was solved.
    pub dual: bool,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Route { order, solved, inputs, dual } = self;
        if *dual {
            write!(f, "dual Gram matrix of order {solved} in place of {order}")
        } else if solved < order {
            write!(
                f,
                "inputs compressed without loss from {} to {}: order {solved} in place of {order}",
                inputs.0, inputs.1
            )
        } else {
            write!(f, "matrix of order {order} as it is")
        }
    }
}

/// All P eigenvalues of a curvature matrix of the loss, and its eigenvectors if asked for.
///
/// The inputs are compressed without loss first ([`compress`]); where m K is smaller still and the G-term's
/// values are wanted, its dual Gram matrix is solved. Eigenvalues known to be zero are put in. With `vectors`, the
/// columns held belong to the eigenvalues that were solved for; those put in have no column and no residual (NaN).
///
/// # Errors
/// As [`curvature`] and [`eigh`].
///
/// ```
/// use hessia::{Activation, Dataset, Loss, Network, Targets, Term, network_spectrum};
/// use ndarray::{Array2, array};
/// let net = Network::random(&[30, 2, 2], false, Activation::Tanh, 1)?;
/// let data = Dataset::new("toy", Array2::eye(30).slice(ndarray::s![..3, ..]).to_owned(), Targets::Classes(array![0, 1, 1]))?;
/// let (spectrum, route) = network_spectrum(&net, &data, Loss::cross_entropy(), Term::Full, false)?;
/// assert_eq!((spectrum.eigenvalues.len(), route.solved), (64, 10));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn network_spectrum(
    net: &Network,
    data: &Dataset,
    loss: Loss,
    term: Term,
    vectors: bool,
) -> Result<(Spectrum, Route)> {
    crate::passes::check(net, data, loss)?;
    let order = net.parameter_count();
    let small = compress(net, data)?;
    let inputs = (net.inputs(), small.network.inputs());
    let reduced = small.network.parameter_count();
    let dual_order = data.len() * net.outputs();
    let dual = term == Term::Ggn && !vectors && dual_order < reduced;
    let (mut spectrum, solved) = if dual {
        (eigvalsh(&ggn_dual_gram(&small.network, &small.data, loss)?)?, dual_order)
    } else {
        let matrix = curvature(&small.network, &small.data, loss, term)?.matrix;
        (if vectors { eigh(&matrix)? } else { eigvalsh(&matrix)? }, reduced)
    };
    if let Some(vectors) = &spectrum.eigenvectors {
        spectrum.eigenvectors = Some(small.expand(vectors));
    }
    insert_zeros(&mut spectrum, order);
    Ok((spectrum, Route { order, solved, inputs, dual }))
}

/// Adds the eigenvalues known to be zero, in their place between the negative and the positive ones.
fn insert_zeros(spectrum: &mut Spectrum, order: usize) {
    let count = order.saturating_sub(spectrum.order);
    let at = spectrum.eigenvalues.iter().take_while(|&&v| v < 0.0).count();
    let widen = |values: &Array1<f64>, filling: f64| -> Array1<f64> {
        let (low, high) = values.view().split_at(ndarray::Axis(0), at);
        low.iter().copied().chain(std::iter::repeat_n(filling, count)).chain(high.iter().copied()).collect()
    };
    spectrum.tolerance *= order as f64 / spectrum.order.max(1) as f64;
    spectrum.eigenvalues = widen(&spectrum.eigenvalues, 0.0);
    spectrum.residuals = spectrum.residuals.as_ref().map(|residuals| widen(residuals, f64::NAN));
    spectrum.implied_zeros = at..at + count;
    spectrum.order = order;
}

impl Spectrum {
    /// The eigenvector of eigenvalue `index`, if it is held.
    pub fn eigenvector(&self, index: usize) -> Option<Array1<f64>> {
        let vectors: &Array2<f64> = self.eigenvectors.as_ref()?;
        let column = match index {
            _ if index < self.implied_zeros.start => index,
            _ if self.implied_zeros.contains(&index) => return None,
            _ => index - self.implied_zeros.len(),
        };
        (column < vectors.ncols()).then(|| vectors.column(column).to_owned())
    }
}
