//! Thirty small networks with data and their exact curvature, for the test suites of others.
//!
//! Every weight, input and target is a whole number of sixteenths or eighths, so that float32 holds them too. The
//! curvature is computed twice, by the products of [`curvature`](mod@crate::curvature) and by hyper-dual numbers
//! ([`check::dual_curvature`]), and refused where the two differ.

mod table;
mod write;

use ndarray::{Array1, Array2};

use crate::passes::nearest_kink;
use crate::{Dataset, Error, Loss, Network, Result, Term, check, curvature, loss_and_gradient};

pub use table::cases;
pub use write::{file_names, write_cases};

/// Largest difference of the two ways, over the Frobenius norm.
pub const AGREEMENT: f64 = 1e-14;

/// A network with data and a loss.
#[derive(Debug, Clone)]
pub struct Case {
    /// Such as `relu-kink`.
    pub name: &'static str,
    /// What it is there for.
    pub about: &'static str,
    /// The network.
    pub net: Network,
    /// Inputs and targets.
    pub data: Dataset,
    /// Loss and reduction.
    pub loss: Loss,
}

/// Everything exact about a case.
#[derive(Debug, Clone)]
pub struct Solved {
    /// The loss.
    pub loss: f64,
    /// Its gradient, length P.
    pub gradient: Array1<f64>,
    /// Its Hessian, P x P.
    pub hessian: Array2<f64>,
    /// The G-term (generalized Gauss-Newton matrix), P x P.
    pub ggn: Array2<f64>,
    /// The H-term, P x P.
    pub h_term: Array2<f64>,
    /// Largest difference of the two ways over the Frobenius norm, for Hessian, G-term and H-term.
    pub agreement: [f64; 3],
}

impl Case {
    /// Loss, gradient and curvature of the case, the curvature in two ways that agree to [`AGREEMENT`].
    ///
    /// The matrices are those of the hyper-dual numbers: plain arithmetic, the same on every processor.
    ///
    /// # Errors
    /// Two ways that differ by more.
    ///
    /// ```
    /// let cases = hessia::cases::cases()?;
    /// let solved = cases[0].solve()?;
    /// assert!(solved.agreement.iter().all(|&gap| gap < 1e-14));
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn solve(&self) -> Result<Solved> {
        let Case { net, data, loss, .. } = self;
        let (value, gradient) = loss_and_gradient(net, data, *loss)?;
        let mut agreement = [0.0; 3];
        let mut both_ways = |which: usize, term: Term| -> Result<Array2<f64>> {
            let slow = check::dual_curvature(net, data, *loss, term)?;
            let gap = check::relative_difference(&curvature(net, data, *loss, term)?.matrix, &slow)?;
            if gap > AGREEMENT {
                let what =
                    format!("{} of case {} by assembly and by hyper-dual numbers", term.name(), self.name);
                let expected = format!("a difference of at most {AGREEMENT:e} of the norm");
                return Err(Error::argument(what, expected, format!("{gap:e}")));
            }
            agreement[which] = gap;
            Ok(slow)
        };
        let hessian = both_ways(0, Term::Full)?;
        let ggn = both_ways(1, Term::Ggn)?;
        let h_term = both_ways(2, Term::HTerm)?;
        Ok(Solved { loss: value, gradient, hessian, ggn, h_term, agreement })
    }

    /// The smallest `|z|` of a hidden unit on an object: how far an activation with a kink is from it.
    pub fn distance_to_kink(&self) -> Result<f64> {
        nearest_kink(&self.net, &self.data.x)
    }
}
