//! The loss along a line and over a plane of parameters, and the quadratic model beside it.

use ndarray::{Array1, Array2, Axis, concatenate};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::linalg::side_by_side;
use crate::operator::LinearOperator;
use crate::{
    CurvatureKind, CurvatureOperator, Dataset, Error, Loss, Network, Result, loss_and_gradient, loss_value,
};

/// The share of the loss by which the quadratic model must miss it for [`quadratic_radius`].
const MISS: f64 = 0.1;

/// The loss along a line through a network's parameters.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Line {
    /// Steps t along the direction.
    pub steps: Vec<f64>,
    /// Loss at `theta + t d`.
    pub loss: Vec<f64>,
    /// `L + t g·d + t²/2 d·H d`.
    pub model: Vec<f64>,
    /// `g·d`.
    pub slope: f64,
    /// `d·H d`.
    pub curvature: f64,
    /// Smallest `|t|` at which the model is off by a tenth of the loss; none up to the ends of the line.
    pub radius: Option<f64>,
}

/// The loss over a plane through a network's parameters.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct LossPlane {
    /// Steps along both directions.
    pub steps: Vec<f64>,
    /// Row i, column j: loss at `theta + steps[i] d + steps[j] e`.
    pub loss: Vec<Vec<f64>>,
    /// The quadratic model there.
    pub model: Vec<Vec<f64>>,
    /// `g·d` and `g·e`.
    pub slope: [f64; 2],
    /// `d·H d`, `d·H e`, `e·H e`.
    pub curvature: [f64; 3],
}

/// A random direction, length P, each weight matrix and bias vector of it as long as the network's own.
///
/// So a step of 1 changes every array by its own length, whatever its scale. An array of zeros gets none.
///
/// Source: H. Li and others, "Visualizing the loss landscape of neural nets", 2018, by layers.
///
/// ```
/// use hessia::{Activation, Network, spectrum::layer_normalised_direction};
/// let net = Network::random(&[3, 4, 2], true, Activation::Relu, 0)?;
/// let direction = layer_normalised_direction(&net, 1);
/// let length = |v: &ndarray::Array1<f64>| v.dot(v).sqrt();
/// assert!((length(&direction) - length(&net.parameters())).abs() < 1e-12);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn layer_normalised_direction(net: &Network, seed: u64) -> Array1<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let theta = net.parameters();
    let mut direction: Array1<f64> =
        Array1::from_shape_simple_fn(theta.len(), || StandardNormal.sample(&mut rng));
    for array in net.parameter_map() {
        let own = theta.slice(ndarray::s![array.range.clone()]);
        let mut part = direction.slice_mut(ndarray::s![array.range]);
        let factor = (own.dot(&own) / part.dot(&part)).sqrt();
        part *= factor;
    }
    direction
}

/// The loss at `points` even steps from `-radius` to `radius` along a direction, with its quadratic model.
///
/// # Errors
/// Fewer than two points, a radius that is not positive, a direction of another length; data that do not fit.
///
/// ```
/// use hessia::spectrum::{layer_normalised_direction, loss_line};
/// use hessia::{Activation, Dataset, Loss, Network, Targets};
/// use ndarray::{Array2, array};
/// // Linear regression: the model is the loss.
/// let net = Network::random(&[2, 1], true, Activation::Identity, 1)?;
/// let data = Dataset::new("two", Array2::eye(2), Targets::Values(array![[1.0], [2.0]]))?;
/// let line = loss_line(&net, &data, Loss::mean_squared_error(), &layer_normalised_direction(&net, 0), 2.0, 9)?;
/// assert!(line.loss.iter().zip(&line.model).all(|(a, b)| (a - b).abs() < 1e-12) && line.radius.is_none());
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn loss_line(
    net: &Network,
    data: &Dataset,
    loss: Loss,
    direction: &Array1<f64>,
    radius: f64,
    points: usize,
) -> Result<Line> {
    let steps = even_steps(radius, points)?;
    let model = Model::new(net, data, loss, &[direction])?;
    let values = model.losses(steps.iter().map(|&t| vec![t]).collect())?;
    let mut found = quadratic_radius_of(&model, radius)?;
    // The line's own points may show a miss between the doublings of the search.
    for (&t, &value) in steps.iter().zip(&values) {
        if (value - model.at(&[t])).abs() > MISS * value.abs() && found.is_none_or(|r| t.abs() < r) {
            found = Some(t.abs());
        }
    }
    Ok(Line {
        model: steps.iter().map(|&t| model.at(&[t])).collect(),
        loss: values,
        slope: model.slopes[0],
        curvature: model.curvature[[0, 0]],
        radius: found,
        steps,
    })
}

/// The loss on a grid of `points` by `points` steps from `-radius` to `radius` along two directions, with its quadratic
/// model.
///
/// # Errors
/// As [`loss_line`].
pub fn loss_plane(
    net: &Network,
    data: &Dataset,
    loss: Loss,
    directions: [&Array1<f64>; 2],
    radius: f64,
    points: usize,
) -> Result<LossPlane> {
    let steps = even_steps(radius, points)?;
    let model = Model::new(net, data, loss, &directions)?;
    let grid: Vec<Vec<f64>> = steps.iter().flat_map(|&s| steps.iter().map(move |&t| vec![s, t])).collect();
    let models: Vec<f64> = grid.iter().map(|t| model.at(t)).collect();
    let values = model.losses(grid)?;
    let rows = |values: &[f64]| values.chunks(points).map(<[f64]>::to_vec).collect();
    let c = &model.curvature;
    Ok(LossPlane {
        loss: rows(&values),
        model: rows(&models),
        slope: [model.slopes[0], model.slopes[1]],
        curvature: [c[[0, 0]], 0.5 * (c[[0, 1]] + c[[1, 0]]), c[[1, 1]]],
        steps,
    })
}

/// Smallest step along `direction`, either way and up to `most`, at which the quadratic model misses the loss by a tenth
/// of it; none where it does not.
///
/// Looked for at steps that double from `most / 2^20` on, then halved to a relative width of 1e-6.
///
/// # Errors
/// As [`loss_line`].
pub fn quadratic_radius(
    net: &Network,
    data: &Dataset,
    loss: Loss,
    direction: &Array1<f64>,
    most: f64,
) -> Result<Option<f64>> {
    even_steps(most, 2)?;
    quadratic_radius_of(&Model::new(net, data, loss, &[direction])?, most)
}

fn quadratic_radius_of(model: &Model<'_>, most: f64) -> Result<Option<f64>> {
    let misses = |t: f64| -> Result<bool> {
        let values = model.losses(vec![vec![t], vec![-t]])?;
        Ok([t, -t].iter().zip(values).any(|(&t, v)| (v - model.at(&[t])).abs() > MISS * v.abs()))
    };
    let (mut low, mut high) = (0.0, most * 0.5_f64.powi(20));
    while !misses(high)? {
        if high >= most {
            return Ok(None);
        }
        low = high;
        high = (2.0 * high).min(most);
    }
    while high - low > 1e-6 * high {
        let middle = 0.5 * (low + high);
        if misses(middle)? { high = middle } else { low = middle }
    }
    Ok(Some(high))
}

fn even_steps(radius: f64, points: usize) -> Result<Vec<f64>> {
    if points < 2 || !(radius > 0.0 && radius.is_finite()) {
        let found = format!("{points} points, radius {radius}");
        return Err(Error::argument("landscape", "two points or more and a radius above 0", found));
    }
    Ok((0..points).map(|k| radius * (2.0 * k as f64 / (points - 1) as f64 - 1.0)).collect())
}

/// The loss and its second-order Taylor polynomial along some directions.
struct Model<'a> {
    net: &'a Network,
    data: &'a Dataset,
    loss: Loss,
    theta: Array1<f64>,
    directions: Array2<f64>,
    value: f64,
    slopes: Array1<f64>,
    curvature: Array2<f64>,
}

impl<'a> Model<'a> {
    fn new(net: &'a Network, data: &'a Dataset, loss: Loss, directions: &[&Array1<f64>]) -> Result<Self> {
        let (value, gradient) = loss_and_gradient(net, data, loss)?;
        for direction in directions {
            if direction.len() != gradient.len() {
                return Err(Error::shape("direction", &[gradient.len()], direction.shape()));
            }
            crate::error::check_finite("direction", direction.view().into_dyn())?;
        }
        let columns: Vec<_> = directions.iter().map(|d| d.view().insert_axis(Axis(1))).collect();
        let directions = concatenate(Axis(1), &columns)
            .map_err(|e| Error::argument("directions", "of one length", e))?
            .as_standard_layout()
            .into_owned();
        let moved = CurvatureOperator::new(net, data, loss, CurvatureKind::Hessian)?.apply(&directions)?;
        Ok(Model {
            net,
            data,
            loss,
            theta: net.parameters(),
            value,
            slopes: directions.t().dot(&gradient),
            curvature: directions.t().dot(&moved),
            directions,
        })
    }

    fn at(&self, t: &[f64]) -> f64 {
        let t = Array1::from(t.to_vec());
        self.value + self.slopes.dot(&t) + 0.5 * t.dot(&self.curvature.dot(&t))
    }

    fn losses(&self, steps: Vec<Vec<f64>>) -> Result<Vec<f64>> {
        let one = |t: Vec<f64>| {
            let theta = &self.theta + &self.directions.dot(&Array1::from(t));
            loss_value(&self.net.with_parameters(&theta)?, self.data, self.loss)
        };
        side_by_side(steps, one).into_iter().collect()
    }
}
