//! Figure 1: the loss and its change by one object, on a plane through theta*.

use ndarray::{Array1, Array2};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::probe::{largest, random_unit};
use hessia::linalg::{euclidean_norm, matmul, workers};
use hessia::{Dataset, Error, Loss, Network, Reduction, Result, hessian, passes};

/// A plane `theta* + a u + b v` through a network's parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    /// First direction, of length 1.
    pub u: Array1<f64>,
    /// Second direction, of length 1, orthogonal to the first.
    pub v: Array1<f64>,
}

impl Plane {
    /// Spanned by two vectors of length P, made orthonormal.
    ///
    /// # Errors
    /// Different lengths, or vectors that span no plane.
    pub fn new(u: &Array1<f64>, v: &Array1<f64>) -> Result<Plane> {
        if u.len() != v.len() {
            return Err(Error::shape("second direction", &[u.len()], &[v.len()]));
        }
        let first = unit(u)?;
        let rest = v - &(first.dot(v) * &first);
        // What is left of parallel vectors is rounding.
        if euclidean_norm(rest.iter()) <= 1e-10 * euclidean_norm(v.iter()) {
            return Err(Error::argument("directions", "two that are not parallel", "parallel ones"));
        }
        let second = unit(&rest)?;
        let again = &second - &(first.dot(&second) * &first);
        Ok(Plane { u: first, v: unit(&again)? })
    }

    /// Two directions uniform on the unit sphere of the parameters of `net`, made orthogonal.
    ///
    /// # Errors
    /// A network of one parameter.
    pub fn random(net: &Network, seed: u64) -> Result<Plane> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let order = net.parameter_count();
        Plane::new(&random_unit(order, &mut rng), &random_unit(order, &mut rng))
    }

    /// The eigenvectors of the two largest eigenvalues of the Hessian at `net`.
    ///
    /// # Errors
    /// As [`hessian`].
    pub fn top_eigenvectors(net: &Network, data: &Dataset, loss: Loss) -> Result<Plane> {
        match &largest(&hessian(net, data, loss)?, 2, false)?[..] {
            [u, v] => Plane::new(u, v),
            _ => Err(Error::argument("parameters", "at least two", net.parameter_count())),
        }
    }

    /// Two parameters themselves, by their places in theta: the surface of a model that has no others.
    ///
    /// # Errors
    /// Places outside of theta, or the same one twice.
    pub fn axes(net: &Network, first: usize, second: usize) -> Result<Plane> {
        let order = net.parameter_count();
        let axis = |place: usize| {
            if place >= order {
                return Err(Error::argument("parameter", format!("a number below {order}"), place));
            }
            Ok(Array1::from_shape_fn(order, |k| f64::from(u8::from(k == place))))
        };
        Plane::new(&axis(first)?, &axis(second)?)
    }
}

/// `X W^(1)T + b^(1)`.
fn first_layer(net: &Network, x: &Array2<f64>) -> Array2<f64> {
    let layer = &net.layers()[0];
    let z = matmul(x, &layer.weight.t());
    match &layer.bias {
        Some(bias) => z + bias,
        None => z,
    }
}

fn unit(vector: &Array1<f64>) -> Result<Array1<f64>> {
    let norm = euclidean_norm(vector.iter());
    if !(norm > 0.0 && norm.is_finite()) {
        return Err(Error::argument("direction", "a vector of positive finite length", norm));
    }
    Ok(vector / norm)
}

/// The losses of every object at every point of a grid on a plane.
#[derive(Debug, Clone)]
pub struct Surface {
    /// Coordinates along the first direction; 0 is theta*.
    pub a: Array1<f64>,
    /// Coordinates along the second direction.
    pub b: Array1<f64>,
    /// `l_i`: one row a point (all b of the first a, then of the second, ...), one column an object.
    pub losses: Array2<f64>,
}

impl Surface {
    /// Evaluates all losses on `points` x `points` places, from `-radius` to `radius` either way, in one pass.
    ///
    /// # Errors
    /// Fewer than two points, a radius that is not positive, a loss that sums, directions of another length than
    /// theta; otherwise as [`hessia::loss_value`].
    ///
    /// ```
    /// use hessia_paper::theory::{Plane, Surface};
    /// use hessia::{Activation, Dataset, Loss, Network, Targets, loss_value};
    /// use ndarray::{Array2, array};
    /// let net = Network::random(&[3, 4, 2], false, Activation::Relu, 1)?;
    /// let data = Dataset::new("toy", Array2::eye(3), Targets::Classes(array![0, 1, 1]))?;
    /// let surface = Surface::new(&net, &data, Loss::cross_entropy(), &Plane::random(&net, 1)?, 1.0, 3)?;
    /// // The centre of the grid is theta*.
    /// let gap = surface.mean_loss(3)?[[1, 1]] - loss_value(&net, &data, Loss::cross_entropy())?;
    /// assert!(gap.abs() < 1e-15);
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn new(
        star: &Network,
        data: &Dataset,
        loss: Loss,
        plane: &Plane,
        radius: f64,
        points: usize,
    ) -> Result<Surface> {
        if loss.reduction != Reduction::Mean {
            return Err(Error::argument("reduction", "mean: the surface is of means over objects", "sum"));
        }
        if points < 2 {
            return Err(Error::argument("points", "at least two", points));
        }
        if !(radius > 0.0 && radius.is_finite()) {
            return Err(Error::argument("radius", "a positive finite number", radius));
        }
        let theta = star.parameters();
        if plane.u.len() != theta.len() {
            return Err(Error::shape("directions", &[theta.len()], &[plane.u.len()]));
        }
        passes::check(star, data, loss)?;
        let a = Array1::linspace(-radius, radius, points);
        // The first layer is linear in the place on the plane: its products, nearly all of the work, are taken once.
        let base = first_layer(star, &data.x);
        let along_u = first_layer(&star.with_parameters(&plane.u)?, &data.x);
        let along_v = first_layer(&star.with_parameters(&plane.v)?, &data.x);
        // Of one object alone, so that a mean over outputs is one over objects here.
        let scale = loss.normaliser(1, star.outputs());
        let rows: Vec<Result<Array1<f64>>> = workers(|| {
            (0..points * points)
                .into_par_iter()
                .map(|place| {
                    let (s, t) = (a[place / points], a[place % points]);
                    let net = star.with_parameters(&(&theta + &(s * &plane.u) + t * &plane.v))?;
                    let z = &base + &(s * &along_u) + t * &along_v;
                    let logits = match &net.layers()[1..] {
                        [] => z,
                        above => {
                            let above = Network::new(above.to_vec(), net.activation())?;
                            above.forward(&z.mapv(|z| net.activation().value(z)))?
                        }
                    };
                    Ok(loss.values(&logits, &data.targets)? * scale)
                })
                .collect()
        });
        let mut losses = Array2::zeros((points * points, data.len()));
        for (mut row, found) in losses.rows_mut().into_iter().zip(rows) {
            row.assign(&found?);
        }
        Ok(Surface { b: a.clone(), a, losses })
    }

    /// `L_k`: mean loss of the first k objects, (points along a) x (points along b).
    ///
    /// # Errors
    /// k outside of 1..=m.
    pub fn mean_loss(&self, k: usize) -> Result<Array2<f64>> {
        let objects = self.losses.ncols();
        if k == 0 || k > objects {
            return Err(Error::argument("k", format!("a number in 1..={objects}"), k));
        }
        let sums = self.losses.rows().into_iter().map(|row| row.iter().take(k).sum::<f64>() / k as f64);
        let side = (self.a.len(), self.b.len());
        Ok(Array2::from_shape_fn(side, {
            let means: Vec<f64> = sums.collect();
            move |(i, j)| means[i * side.1 + j]
        }))
    }

    /// `L_{k+1} - L_k = (l_{k+1} - L_k)/(k+1)` (equation 1), (points along a) x (points along b).
    ///
    /// # Errors
    /// k outside of 1..m.
    pub fn difference(&self, k: usize) -> Result<Array2<f64>> {
        let objects = self.losses.ncols();
        if k == 0 || k >= objects {
            return Err(Error::argument("k", format!("a number in 1..{objects}"), k));
        }
        let mut gap = -self.mean_loss(k)?;
        for (value, row) in gap.iter_mut().zip(self.losses.rows()) {
            *value = (*value + row[k]) / (k + 1) as f64;
        }
        Ok(gap)
    }
}
