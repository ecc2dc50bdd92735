//! Test aids: the same second derivatives by slow ways that share nothing with the fast one.
//!
//! None of these functions uses the products of [`curvature`](mod@crate::curvature). [`dual_hessian`] does not even
//! use the derivatives of activations and losses: it has elementary functions alone, on hyper-dual numbers.

mod hyper_dual;

use ndarray::{Array1, Array2, ArrayView, Dimension};

use crate::{Activation, Dataset, Error, Network, Result, Term, passes, side_by_side};
use crate::{Loss, LossKind, Targets};

use hyper_dual::HyperDual;

/// Step of the central differences that balances truncation and rounding for values of order one: `eps^(1/3)`.
pub const STEP: f64 = 6.055_454_452_393_343e-6;

/// Gradient of the loss by central differences of its value, length P.
///
/// Entry j is `(L(theta + h e_j) - L(theta - h e_j)) / 2h` with `h = step`. Its error is about
/// `h²/6 |d³L/dtheta_j³| + eps |L| / h`, so 1e-10 at best ([`STEP`]); a kink of ReLU within the step spoils it.
///
/// # Errors
/// A step that is not positive; otherwise as [`loss_value`](crate::loss_value).
///
/// ```
/// use hessia::{Activation, Dataset, Loss, Network, Targets, check, gradient};
/// use ndarray::{Array2, array};
/// let net = Network::random(&[3, 4, 2], true, Activation::Tanh, 1)?;
/// let data = Dataset::new("toy", Array2::ones((2, 3)), Targets::Classes(array![0, 1]))?;
/// let slow = check::finite_difference_gradient(&net, &data, Loss::cross_entropy(), check::STEP)?;
/// assert!(check::relative_difference(&slow, &gradient(&net, &data, Loss::cross_entropy())?)? < 1e-8);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn finite_difference_gradient(
    net: &Network,
    data: &Dataset,
    loss: Loss,
    step: f64,
) -> Result<Array1<f64>> {
    check_step(step)?;
    let theta = net.parameters();
    let value = |theta: &Array1<f64>| passes::loss_value(&net.with_parameters(theta)?, data, loss);
    (0..theta.len())
        .map(|j| {
            let (up, down, width) = moved(&theta, j, step);
            Ok((value(&up)? - value(&down)?) / width)
        })
        .collect()
}

/// Full Hessian by central differences of the exact gradient, P x P, symmetrised.
///
/// Column j before that is `(g(theta + h e_j) - g(theta - h e_j)) / 2h` with `h = step`, at the cost of 2 P
/// gradients. Its error is about `h²/6 |d³g/dtheta_j³| + eps |g| / h`, so 1e-10 at best ([`STEP`]); a kink of ReLU
/// within the step spoils it.
///
/// # Errors
/// A step that is not positive; otherwise as [`gradient`](crate::gradient).
///
/// ```
/// use hessia::{Activation, Dataset, Loss, Network, Targets, check, hessian};
/// use ndarray::{Array2, array};
/// let net = Network::random(&[3, 4, 2], true, Activation::Tanh, 1)?;
/// let data = Dataset::new("toy", Array2::ones((2, 3)), Targets::Classes(array![0, 1]))?;
/// let slow = check::finite_difference_hessian(&net, &data, Loss::cross_entropy(), check::STEP)?;
/// assert!(check::relative_difference(&slow, &hessian(&net, &data, Loss::cross_entropy())?)? < 1e-8);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn finite_difference_hessian(
    net: &Network,
    data: &Dataset,
    loss: Loss,
    step: f64,
) -> Result<Array2<f64>> {
    check_step(step)?;
    let theta = net.parameters();
    let gradient = |theta: &Array1<f64>| passes::gradient(&net.with_parameters(theta)?, data, loss);
    let mut matrix = Array2::zeros((theta.len(), theta.len()));
    for j in 0..theta.len() {
        let (up, down, width) = moved(&theta, j, step);
        matrix.column_mut(j).assign(&((gradient(&up)? - gradient(&down)?) / width));
    }
    Ok(0.5 * (&matrix + &matrix.t()))
}

/// Full Hessian by hyper-dual numbers, P x P: exact but for rounding, at the cost of about `m P³` operations.
///
/// With `e_1² = e_2² = 0`, the factor of `e_1 e_2` in `L(theta + e_1 e_i + e_2 e_j)` is `d²L/dtheta_i dtheta_j`:
/// there is no step and no truncation. Rounding is relative to the terms of the sums: where a loss or an
/// activation saturates beyond 1e-16, small entries cancel.
///
/// # Errors
/// Inputs or targets that do not fit the network or the loss.
///
/// Source: J. A. Fike and J. J. Alonso, "The Development of Hyper-Dual Numbers for Exact Second-Derivative
/// Calculations", AIAA 2011-886.
///
/// ```
/// use hessia::{Activation, Dataset, Loss, Network, Targets, check, hessian};
/// use ndarray::{Array2, array};
/// let net = Network::random(&[3, 4, 2], true, Activation::Gelu, 1)?;
/// let data = Dataset::new("toy", Array2::ones((2, 3)), Targets::Classes(array![0, 1]))?;
/// let slow = check::dual_hessian(&net, &data, Loss::cross_entropy())?;
/// assert!(check::relative_difference(&slow, &hessian(&net, &data, Loss::cross_entropy())?)? < 1e-14);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn dual_hessian(net: &Network, data: &Dataset, loss: Loss) -> Result<Array2<f64>> {
    dual_curvature(net, data, loss, Term::Full)
}

/// As [`dual_hessian`], for one term of the Hessian, P x P.
///
/// The logits are hyper-dual numbers `z + e_1 z_i + e_2 z_j + e_1 e_2 z_ij`. The factor of `e_1 e_2` in the loss of
/// logits without their `e_1 e_2` is the G-term, `z_iᵀ A z_j`; that of logits with nothing but it is the H-term,
/// `rᵀ z_ij`.
///
/// # Errors
/// Inputs or targets that do not fit the network or the loss.
///
/// ```
/// use hessia::{Activation, Dataset, Loss, Network, Targets, Term, check, ggn};
/// use ndarray::{Array2, array};
/// let net = Network::random(&[3, 4, 2], true, Activation::Gelu, 1)?;
/// let data = Dataset::new("toy", Array2::ones((2, 3)), Targets::Classes(array![0, 1]))?;
/// let slow = check::dual_curvature(&net, &data, Loss::cross_entropy(), Term::Ggn)?;
/// assert!(check::relative_difference(&slow, &ggn(&net, &data, Loss::cross_entropy())?)? < 1e-14);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn dual_curvature(net: &Network, data: &Dataset, loss: Loss, term: Term) -> Result<Array2<f64>> {
    passes::check(net, data, loss)?;
    let order = net.parameter_count();
    let theta = net.parameters();
    let rows = side_by_side((0..order).collect(), |i| {
        (i..order).map(|j| second_derivative(net, &theta, data, loss, term, (i, j))).collect::<Vec<_>>()
    });
    let mut matrix = Array2::zeros((order, order));
    for (i, row) in rows.into_iter().enumerate() {
        for (j, value) in (i..order).zip(row) {
            matrix[[i, j]] = value;
            matrix[[j, i]] = value;
        }
    }
    Ok(matrix)
}

/// One entry (i, j) of [`dual_hessian`], at the cost of about `m P` operations.
///
/// # Errors
/// A number of a parameter that is not below P; otherwise as [`dual_hessian`].
///
/// ```
/// use hessia::{Activation, Dataset, Layer, Loss, Network, Targets, check};
/// use ndarray::array;
/// // (w x - y)² has the second derivative 2 x².
/// let net = Network::new(vec![Layer { weight: array![[0.5]], bias: None }], Activation::Relu)?;
/// let data = Dataset::new("toy", array![[3.0]], Targets::Values(array![[1.0]]))?;
/// assert_eq!(check::dual_entry(&net, &data, Loss::mean_squared_error(), 0, 0)?, 18.0);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn dual_entry(net: &Network, data: &Dataset, loss: Loss, i: usize, j: usize) -> Result<f64> {
    passes::check(net, data, loss)?;
    let order = net.parameter_count();
    for (name, index) in [("i", i), ("j", j)] {
        if index >= order {
            let expected = format!("a parameter in 0..{order}");
            return Err(Error::argument(format!("parameter {name}"), expected, index));
        }
    }
    Ok(second_derivative(net, &net.parameters(), data, loss, Term::Full, (i, j)))
}

/// Largest absolute difference of two arrays over the Frobenius norm of the second: `max|a - b| / ||b||_F`.
///
/// Zero where both are zero, infinite where the second alone is or where either holds NaN.
///
/// # Errors
/// Arrays of different shapes.
///
/// ```
/// use ndarray::array;
/// assert_eq!(hessia::check::relative_difference(&array![3.0, 5.0], &array![3.0, 4.0])?, 0.2);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn relative_difference<D: Dimension>(
    a: &ndarray::Array<f64, D>,
    b: &ndarray::Array<f64, D>,
) -> Result<f64> {
    if a.shape() != b.shape() {
        return Err(Error::shape("array to compare", b.shape(), a.shape()));
    }
    let (difference, size) = (largest((a - b).view()), largest(b.view()));
    if difference == 0.0 {
        return Ok(0.0);
    }
    if size == 0.0 || !difference.is_finite() {
        return Ok(f64::INFINITY);
    }
    // Scaled, so that squares of tiny or huge entries neither vanish nor overflow.
    let norm = b.iter().map(|v| (v / size) * (v / size)).sum::<f64>().sqrt();
    Ok(difference / size / norm)
}

fn largest<D: Dimension>(array: ArrayView<'_, f64, D>) -> f64 {
    array.iter().fold(0.0, |most: f64, v| if v.is_nan() { f64::INFINITY } else { most.max(v.abs()) })
}

fn check_step(step: f64) -> Result<()> {
    if step.is_finite() && step > 0.0 {
        return Ok(());
    }
    Err(Error::argument("step", "a positive number", step))
}

/// theta with parameter j moved up and down, and the distance that floating point made of it.
fn moved(theta: &Array1<f64>, j: usize, step: f64) -> (Array1<f64>, Array1<f64>, f64) {
    let (mut up, mut down) = (theta.clone(), theta.clone());
    up[j] += step;
    down[j] -= step;
    let width = up[j] - down[j];
    (up, down, width)
}

fn second_derivative(
    net: &Network,
    theta: &Array1<f64>,
    data: &Dataset,
    loss: Loss,
    term: Term,
    (i, j): (usize, usize),
) -> f64 {
    let mut theta: Vec<_> = theta.iter().map(|&value| HyperDual::constant(value)).collect();
    theta[i].first = 1.0;
    theta[j].second = 1.0;
    let sum: f64 = (0..data.len())
        .map(|object| {
            let mut z = logits(net, &theta, data.x.row(object).iter().copied());
            match term {
                Term::Full => {}
                Term::Ggn => z.iter_mut().for_each(|z| z.mixed = 0.0),
                Term::HTerm => z.iter_mut().for_each(|z| (z.first, z.second) = (0.0, 0.0)),
            }
            object_loss(loss, &z, &data.targets, object).mixed
        })
        .sum();
    sum * loss.normaliser(data.len(), net.outputs())
}

/// The forward pass of one object over any parameters, written from the definition.
fn logits(net: &Network, theta: &[HyperDual], x: impl Iterator<Item = f64>) -> Vec<HyperDual> {
    let mut parameters = theta.iter().copied();
    let mut x: Vec<_> = x.map(HyperDual::constant).collect();
    for (l, layer) in net.layers().iter().enumerate() {
        let mut z: Vec<_> = (0..layer.outputs())
            .map(|_| {
                let products = x.iter().zip(parameters.by_ref()).map(|(&x, w)| w * x);
                products.fold(HyperDual::constant(0.0), |sum, term| sum + term)
            })
            .collect();
        if layer.bias.is_some() {
            z.iter_mut().zip(parameters.by_ref()).for_each(|(z, b)| *z = *z + b);
        }
        if l + 1 < net.depth() {
            z.iter_mut().for_each(|z| *z = activate(net.activation(), *z));
        }
        x = z;
    }
    x
}

fn activate(activation: Activation, z: HyperDual) -> HyperDual {
    match activation {
        Activation::Relu if z.value > 0.0 => z,
        Activation::Relu => z * 0.0,
        Activation::LeakyRelu if z.value > 0.0 => z,
        Activation::LeakyRelu => z * 0.01,
        Activation::Tanh => z.tanh(),
        Activation::Sigmoid => z.sigmoid(),
        Activation::Softplus if z.value > 20.0 => z,
        Activation::Softplus => z.softplus(),
        Activation::Gelu => z * (z * -std::f64::consts::FRAC_1_SQRT_2).erfc() * 0.5,
        Activation::Silu => z * z.sigmoid(),
        Activation::Elu if z.value > 0.0 => z,
        Activation::Elu => z.exp_m1(),
        Activation::Identity => z,
    }
}

/// The loss of one object, before the normaliser, written from the definition.
fn object_loss(loss: Loss, z: &[HyperDual], targets: &Targets, object: usize) -> HyperDual {
    let zero = HyperDual::constant(0.0);
    match targets {
        Targets::Classes(labels) => {
            // The shift by the largest logit is a constant: it drops out of every derivative.
            let shift = z.iter().map(|z| z.value).fold(f64::NEG_INFINITY, f64::max);
            let sum = z.iter().fold(zero, |sum, &z| sum + (z - shift).exp());
            sum.ln() - (z[labels[object]] - shift)
        }
        Targets::Values(y) => z.iter().zip(y.row(object)).fold(zero, |sum, (&z, &y)| {
            let term = match loss.kind {
                LossKind::BinaryCrossEntropy => z.softplus() - z * y,
                _ => (z - y) * (z - y),
            };
            sum + term
        }),
    }
}
