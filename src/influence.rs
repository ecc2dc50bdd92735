//! Influence of single training objects on a loss elsewhere, predicted by curvature and measured by training again.

use ndarray::{Array1, Array2, Axis, s};
use rayon::prelude::*;

use crate::linalg::{matmul, side_by_side, workers};
use crate::operator::LinearOperator;
use crate::passes::{Sweep, check};
use crate::spectrum::{SolveSettings, conjugate_gradients, minres};
use crate::train::{StationarySettings, Stopped, stationary_point};
use crate::{
    CurvatureKind, CurvatureOperator, Dataset, Error, Kronecker, Loss, Network, Result, gradient, loss_value,
};

/// Objects whose gradients are taken at once.
const BLOCK: usize = 512;

/// Which matrix stands for the curvature of the training loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InfluenceKind {
    /// The full Hessian, by MINRES.
    Exact,
    /// The G-term, by conjugate gradients.
    GaussNewton,
    /// The diagonal blocks of the G-term, one a layer, by conjugate gradients.
    BlockDiagonal,
    /// [`Kronecker`] factors with the exact diagonal in their eigenbasis.
    Ekfac,
    /// [`Kronecker`] factors.
    Kfac,
}

impl InfluenceKind {
    /// All of them, from the exact one to the coarsest.
    pub const ALL: [InfluenceKind; 5] = [
        InfluenceKind::Exact,
        InfluenceKind::GaussNewton,
        InfluenceKind::BlockDiagonal,
        InfluenceKind::Ekfac,
        InfluenceKind::Kfac,
    ];
}

/// Predicted changes of a test loss, one for each training object.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Influence {
    /// Which matrix.
    pub kind: InfluenceKind,
    /// What was added to its diagonal.
    pub damping: f64,
    /// For each training object the change of the test loss if it is left out: positive where it helps.
    pub changes: Vec<f64>,
    /// Largest relative residual of the linear systems; zero for those that are factored.
    pub residual: f64,
    /// Smallest Ritz value seen of the damped matrix; none where it is factored.
    pub smallest: Option<f64>,
    /// Products taken.
    pub products: usize,
}

/// Predicted change of the loss on `test` for every object of `train` left out of the training.
///
/// At a minimum of the training loss, leaving out object i moves the parameters by `(K + damping I)⁻¹ c g_i` to first
/// order, g_i the gradient of its loss and c the normaliser: the change is `c g_testᵀ (K + damping I)⁻¹ g_i`. One
/// linear system, whatever the number of objects.
///
/// # Errors
/// Data that do not fit; a K that is not positive definite where conjugate gradients or factors are used; a system that
/// does not reach the tolerance, with its residual.
///
/// Source: P. Koh, P. Liang, "Understanding black-box predictions via influence functions", 2017.
///
/// ```
/// use hessia::influence::{InfluenceKind, influence};
/// use hessia::spectrum::SolveSettings;
/// use hessia::{Activation, Dataset, Layer, Loss, Network, Targets};
/// use ndarray::array;
/// // A mean: leaving out the object at 3 moves it from 1 to 0, to first order by 2 / 3.
/// let net = Network::new(vec![Layer { weight: array![[1.0]], bias: None }], Activation::Identity)?;
/// let data = |y| Dataset::new("mean", ndarray::Array2::ones((3, 1)), Targets::Values(y));
/// let train = data(array![[0.0], [0.0], [3.0]])?;
/// let test = data(array![[0.0], [0.0], [0.0]])?;
/// let loss = Loss::mean_squared_error();
/// let found = influence(&net, &train, &test, loss, InfluenceKind::Exact, &SolveSettings::default())?;
/// assert!((found.changes[2] + 2.0 * 2.0 / 3.0).abs() < 1e-12);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn influence(
    net: &Network,
    train: &Dataset,
    test: &Dataset,
    loss: Loss,
    kind: InfluenceKind,
    settings: &SolveSettings,
) -> Result<Influence> {
    check(net, train, loss)?;
    let target = gradient(net, test, loss)?;
    let mut found = Influence {
        kind,
        damping: settings.damping,
        changes: Vec::new(),
        residual: 0.0,
        smallest: None,
        products: 0,
    };
    let direction = match kind {
        InfluenceKind::Exact => {
            let operator = CurvatureOperator::new(net, train, loss, CurvatureKind::Hessian)?;
            solve(&operator, &target, settings, true, &mut found)?
        }
        InfluenceKind::GaussNewton => {
            let operator = CurvatureOperator::new(net, train, loss, CurvatureKind::GTerm)?;
            solve(&operator, &target, settings, false, &mut found)?
        }
        InfluenceKind::BlockDiagonal => {
            let mut direction = Array1::zeros(target.len());
            for l in 0..net.depth() {
                let operator =
                    CurvatureOperator::new(net, train, loss, CurvatureKind::GTerm)?.restricted(l..l + 1)?;
                let range = operator.range();
                let part = target.slice(s![range.clone()]).to_owned();
                direction.slice_mut(s![range]).assign(&solve(&operator, &part, settings, false, &mut found)?);
            }
            direction
        }
        InfluenceKind::Ekfac | InfluenceKind::Kfac => {
            let factors = Kronecker::new(net, train, loss)?;
            let column = target.insert_axis(Axis(1));
            factors.solve(&column, settings.damping, kind == InfluenceKind::Ekfac)?.remove_axis(Axis(1))
        }
    };
    let scale = loss.normaliser(train.len(), net.outputs());
    found.changes = gradient_products(net, train, loss, &direction)?.iter().map(|v| v * scale).collect();
    Ok(found)
}

fn solve(
    operator: &impl LinearOperator,
    b: &Array1<f64>,
    settings: &SolveSettings,
    indefinite: bool,
    found: &mut Influence,
) -> Result<Array1<f64>> {
    let solution =
        if indefinite { minres(operator, b, settings)? } else { conjugate_gradients(operator, b, settings)? };
    if !solution.converged {
        return Err(Error::argument(
            "system of an influence",
            format!(
                "residual {:e} within {} products: more of both or more damping",
                settings.tolerance, solution.products
            ),
            format!("{:e} at smallest Ritz value {:e}", solution.residual, solution.smallest),
        ));
    }
    found.residual = found.residual.max(solution.residual);
    found.products += solution.products;
    let smallest = found.smallest.map_or(solution.smallest, |known| known.min(solution.smallest));
    found.smallest = Some(smallest).filter(|v| v.is_finite());
    Ok(solution.x)
}

/// `g_i · v` for every object, g_i the gradient of its loss before the normaliser: no gradient is formed.
///
/// # Errors
/// Data that do not fit, or a vector of another length than P.
///
/// ```
/// use hessia::{Activation, Dataset, Loss, Network, Targets, gradient};
/// use ndarray::{Array1, Array2, array};
/// let net = Network::random(&[3, 4, 2], true, Activation::Tanh, 1)?;
/// let data = Dataset::new("toy", Array2::eye(3), Targets::Classes(array![0, 1, 1]))?;
/// let v = Array1::ones(net.parameter_count());
/// let products = hessia::influence::gradient_products(&net, &data, Loss::cross_entropy(), &v)?;
/// assert!((products.mean().unwrap() - gradient(&net, &data, Loss::cross_entropy())?.sum()).abs() < 1e-15);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn gradient_products(net: &Network, data: &Dataset, loss: Loss, v: &Array1<f64>) -> Result<Array1<f64>> {
    check(net, data, loss)?;
    if v.len() != net.parameter_count() {
        return Err(Error::shape("vector", &[net.parameter_count()], v.shape()));
    }
    // The vector, read as weights and biases.
    let direction = net.with_parameters(v)?;
    let starts: Vec<_> = (0..data.len()).step_by(BLOCK).collect();
    let parts: Vec<Array1<f64>> = workers(|| -> Result<_> {
        starts
            .into_par_iter()
            .map(|start| {
                let sweep = Sweep::run(net, data, loss, start..data.len().min(start + BLOCK))?;
                let mut sum = Array1::zeros(sweep.len());
                for (l, layer) in direction.layers().iter().enumerate() {
                    let mut z: Array2<f64> = matmul(&sweep.input(data, l), &layer.weight.t());
                    if let Some(bias) = &layer.bias {
                        z += bias;
                    }
                    sum += &(z * &sweep.delta[l]).sum_axis(Axis(1));
                }
                Ok(sum)
            })
            .collect()
    })?;
    Ok(parts.iter().flatten().copied().collect())
}

/// What training without one object changed.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct LeftOut {
    /// The object.
    pub object: usize,
    /// Change of the test loss.
    pub change: f64,
    /// Norm of the gradient where the training ended.
    pub gradient_norm: f64,
    /// Whether it reached the tolerance.
    pub converged: bool,
}

/// The truth that [`influence`] predicts: from `net`, a minimum on all of `train`, the training loss is minimised without
/// each of `objects` in turn, and the change of the loss on `test` measured.
///
/// # Errors
/// An object that there is not, fewer than two objects in all, and as [`stationary_point`].
pub fn leave_one_out(
    net: &Network,
    train: &Dataset,
    test: &Dataset,
    loss: Loss,
    objects: &[usize],
    settings: &StationarySettings,
) -> Result<Vec<LeftOut>> {
    check(net, train, loss)?;
    let before = loss_value(net, test, loss)?;
    if let Some(&object) = objects.iter().find(|&&object| object >= train.len() || train.len() < 2) {
        return Err(Error::argument(
            "object to leave out",
            format!("one of 0..{}, two at least", train.len()),
            object,
        ));
    }
    let one = |object: usize| -> Result<LeftOut> {
        let rows: Vec<_> = (0..train.len()).filter(|&row| row != object).collect();
        let found = stationary_point(net, &train.select(&rows), loss, settings)?;
        Ok(LeftOut {
            object,
            change: loss_value(&found.network, test, loss)? - before,
            gradient_norm: found.gradient_norm,
            converged: found.stopped == Stopped::Converged,
        })
    };
    side_by_side(objects.to_vec(), one).into_iter().collect()
}

/// Spearman's rank correlation of two lists of equal length, equal values sharing their mean rank.
///
/// # Errors
/// Lists of different lengths or of fewer than two values, or one that is constant or not finite.
///
/// ```
/// assert_eq!(hessia::influence::rank_correlation(&[1.0, 2.0, 9.0], &[-3.0, 0.0, 0.5])?, 1.0);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn rank_correlation(a: &[f64], b: &[f64]) -> Result<f64> {
    if a.len() != b.len() || a.len() < 2 {
        return Err(Error::shape("lists to correlate, two values at least,", &[a.len()], &[b.len()]));
    }
    if let Some((at, &value)) = a.iter().chain(b).enumerate().find(|(_, v)| !v.is_finite()) {
        return Err(Error::NonFinite { what: "rank correlation".into(), index: vec![at % a.len()], value });
    }
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    let scale = (product(&a, &a) * product(&b, &b)).sqrt();
    if scale == 0.0 {
        return Err(Error::argument("rank correlation", "two lists that vary", "a constant one"));
    }
    Ok(product(&a, &b) / scale)
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<_> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut ranks = vec![0.0; values.len()];
    for tied in order.chunk_by(|&i, &j| values[i] == values[j]) {
        let first = order.iter().position(|&i| i == tied[0]).unwrap_or(0);
        let rank = first as f64 + (tied.len() - 1) as f64 / 2.0;
        tied.iter().for_each(|&i| ranks[i] = rank);
    }
    ranks
}
