//! What a network makes of a data set: accuracy and dead units.

use ndarray::{Array2, s};

use crate::linalg::workers;
use crate::passes::{check_objects, forward};
use crate::{Dataset, Network, Result, Targets};

/// Objects at a time: enough for a matrix product, little memory.
const BLOCK: usize = 512;

/// Share of the objects whose largest logit is that of their class, the first one where several are equal.
///
/// The class is the label, or the place of the 1 where the targets are rows of zeros and a one. Other targets
/// have no accuracy.
///
/// # Errors
/// Inputs that do not fit the network; no objects.
///
/// ```
/// use hessia::{Activation, Dataset, Layer, Network, Targets, train::accuracy};
/// use ndarray::array;
/// let net = Network::new(vec![Layer { weight: array![[1.0], [-1.0]], bias: None }], Activation::Identity)?;
/// let data = Dataset::new("pair", array![[2.0], [-3.0]], Targets::Classes(array![0, 0]))?;
/// assert_eq!(accuracy(&net, &data)?, Some(0.5));
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn accuracy(net: &Network, data: &Dataset) -> Result<Option<f64>> {
    check_objects(net, data)?;
    Ok(workers(|| survey(net, data))?.accuracy(&data.targets))
}

/// Number of units in each hidden layer whose slope `s'(z)` is zero for every object: they have stopped learning.
///
/// # Errors
/// Inputs that do not fit the network; no objects.
///
/// ```
/// use hessia::{Activation, Dataset, Layer, Network, Targets, train::dead_units};
/// use ndarray::array;
/// let hidden = Layer { weight: array![[1.0], [-1.0]], bias: None };
/// let last = Layer { weight: array![[1.0, 1.0]], bias: None };
/// let net = Network::new(vec![hidden, last], Activation::Relu)?;
/// let data = Dataset::new("positive", array![[2.0], [3.0]], Targets::Values(array![[0.0], [0.0]]))?;
/// assert_eq!(dead_units(&net, &data)?, [1]);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn dead_units(net: &Network, data: &Dataset) -> Result<Vec<usize>> {
    check_objects(net, data)?;
    Ok(workers(|| survey(net, data))?.dead_units)
}

/// What one pass over the data shows.
pub(super) struct Survey {
    /// Shape (m, K).
    pub(super) logits: Array2<f64>,
    pub(super) dead_units: Vec<usize>,
}

/// One pass over the data, with BLAS as the caller has set it. The inputs have been checked to fit.
pub(super) fn survey(net: &Network, data: &Dataset) -> Result<Survey> {
    let mut logits = Array2::zeros((data.len(), net.outputs()));
    let hidden = &net.layers()[..net.depth() - 1];
    let mut alive: Vec<Vec<bool>> = hidden.iter().map(|layer| vec![false; layer.outputs()]).collect();
    for start in (0..data.len()).step_by(BLOCK) {
        let rows = start..data.len().min(start + BLOCK);
        let x = data.x.slice(s![rows.clone(), ..]);
        let pass = forward(net, x, rows.start, false, |l, z| {
            for mut row in z.rows_mut() {
                for (z, alive) in row.iter_mut().zip(alive[l].iter_mut()) {
                    let (value, slope, _) = net.activation().derivatives(*z);
                    *alive |= slope != 0.0;
                    *z = value;
                }
            }
        })?;
        logits.slice_mut(s![rows, ..]).assign(&pass.logits);
    }
    let dead_units = alive.iter().map(|layer| layer.iter().filter(|&&alive| !alive).count()).collect();
    Ok(Survey { logits, dead_units })
}

impl Survey {
    pub(super) fn accuracy(&self, targets: &Targets) -> Option<f64> {
        let mut right = 0_usize;
        for (object, z) in self.logits.rows().into_iter().enumerate() {
            let class = class_of(targets, object)?;
            let best = z.iter().enumerate().fold(0, |best, (k, &v)| if v > z[best] { k } else { best });
            right += usize::from(best == class);
        }
        Some(right as f64 / self.logits.nrows() as f64)
    }
}

fn class_of(targets: &Targets, object: usize) -> Option<usize> {
    match targets {
        Targets::Classes(labels) => Some(labels[object]),
        Targets::Values(values) => {
            let row = values.row(object);
            let one = row.iter().position(|&y| y == 1.0)?;
            let others_zero = row.iter().enumerate().all(|(k, &y)| k == one || y == 0.0);
            (row.len() > 1 && others_zero).then_some(one)
        }
    }
}
