//! What holds for every net, loss and data set, as properties over random ones.

mod common;

use common::{LOSSES, assert_close, norm, random_data, random_net};
use hessia::{
    Activation, Dataset, Layer, Loss, LossKind, Network, Reduction, Targets, Term, check, curvature,
    eigvalsh, ggn, gradient, h_term, hessian, loss_value, set_threads,
};
use ndarray::{Array1, Array2, Axis, s};
use proptest::prelude::*;

/// The same sums in another order: rounding of at most some hundred terms of the norm's size.
const ROUNDING: f64 = 1e-13;

#[derive(Debug)]
struct Problem {
    net: Network,
    data: Dataset,
    loss: Loss,
}

impl Problem {
    fn matrix(&self, term: Term) -> Array2<f64> {
        curvature(&self.net, &self.data, self.loss, term).unwrap().matrix
    }

    /// What the rounding of any of the three matrices is relative to.
    fn scale(&self) -> f64 {
        norm(self.matrix(Term::Ggn).view()) + norm(self.matrix(Term::HTerm).view())
    }

    /// Weight of these objects within a mean or sum over `self`'s: 1/m, 1/(m K) or 1.
    fn normaliser(&self, objects: usize) -> f64 {
        self.loss.normaliser(objects, self.net.outputs())
    }

    fn of_objects(&self, rows: &[usize]) -> Array2<f64> {
        hessian(&self.net, &self.data.select(rows), self.loss).unwrap()
    }
}

/// Any depth to 5, any activation, loss and reduction; units that are dead, objects that are zero or repeated.
fn problems(objects: std::ops::Range<usize>) -> impl Strategy<Value = Problem> {
    (
        proptest::collection::vec(1usize..7, 2..6),
        any::<bool>(),
        proptest::sample::select(Activation::ALL.to_vec()),
        proptest::sample::select(LOSSES.to_vec()),
        any::<bool>(),
        objects,
        0.3f64..3.0,
        any::<u64>(),
        0u8..4,
    )
        .prop_map(|(widths, biases, activation, loss, sum, objects, gain, seed, oddity)| {
            let outputs = widths[widths.len() - 1];
            let mut net = random_net(&widths, biases, activation, gain, seed);
            let loss = if sum { loss.sum() } else { loss };
            let mut data = random_data(widths[0], outputs, objects, loss, 1.0, seed ^ 1);
            match oddity {
                1 => data.x.row_mut(objects / 2).fill(0.0),
                2 => {
                    let first = data.x.row(0).to_owned();
                    data.x.row_mut(objects / 2).assign(&first);
                }
                3 if net.depth() > 1 => {
                    // The first unit of the first layer no longer sees its inputs.
                    let mut layers = net.layers().to_vec();
                    layers[0].weight.row_mut(0).fill(0.0);
                    net = Network::new(layers, activation).unwrap();
                }
                _ => {}
            }
            Problem { net, data, loss }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_term_is_symmetric_to_the_last_bit(problem in problems(1..20)) {
        for term in [Term::Full, Term::Ggn, Term::HTerm] {
            let matrix = problem.matrix(term);
            prop_assert_eq!(&matrix, &matrix.t());
        }
    }

    #[test]
    fn g_term_is_positive_semidefinite(problem in problems(1..20)) {
        let spectrum = eigvalsh(&problem.matrix(Term::Ggn)).unwrap();
        prop_assert_eq!(spectrum.inertia().negative, 0, "{}", spectrum.eigenvalues);
    }

    #[test]
    fn hessian_is_the_sum_of_its_terms(problem in problems(1..20)) {
        let sum = problem.matrix(Term::Ggn) + problem.matrix(Term::HTerm);
        assert_close("G + H-term", sum.view(), problem.matrix(Term::Full).view(), ROUNDING, problem.scale());
    }

    #[test]
    fn whole_is_the_mean_of_the_objects(problem in problems(1..20)) {
        let m = problem.data.len();
        let sum = (0..m)
            .map(|i| problem.of_objects(&[i]) / problem.normaliser(1))
            .fold(Array2::zeros(problem.matrix(Term::Full).dim()), |sum, h| sum + h);
        let mean = sum * problem.normaliser(m);
        // Objects may cancel each other: their own norms are what rounding is relative to.
        let scale: f64 = (0..m)
            .map(|i| norm(problem.of_objects(&[i]).view()) * problem.normaliser(m) / problem.normaliser(1))
            .sum();
        assert_close("mean", problem.matrix(Term::Full).view(), mean.view(), ROUNDING, scale + problem.scale());
    }

    #[test]
    fn order_of_the_objects_does_not_matter(problem in problems(2..300), shift in 1usize..300) {
        let m = problem.data.len();
        // A rotation after a reversal: far from the order that the blocks of objects have.
        let rows: Vec<_> = (0..m).map(|i| (m - 1 - i + shift) % m).collect();
        let permuted = problem.of_objects(&rows);
        assert_close("permuted", permuted.view(), problem.matrix(Term::Full).view(), ROUNDING, problem.scale());
    }

    #[test]
    fn split_into_batches_does_not_matter(problem in problems(2..300), cut in 0.0f64..1.0) {
        let m = problem.data.len();
        let cut = 1 + ((m - 1) as f64 * cut) as usize;
        let rows: Vec<_> = (0..m).collect();
        let mut sum = Array2::zeros(problem.matrix(Term::Full).dim());
        let mut scale = problem.scale();
        for batch in [&rows[..cut.min(m)], &rows[cut.min(m)..]] {
            if !batch.is_empty() {
                let part = problem.of_objects(batch) * (problem.normaliser(m) / problem.normaliser(batch.len()));
                scale += norm(part.view());
                sum += &part;
            }
        }
        assert_close("batches", sum.view(), problem.matrix(Term::Full).view(), ROUNDING, scale);
    }

    #[test]
    fn renumbering_hidden_units_renumbers_the_hessian(problem in problems(1..20), which in 0usize..4) {
        let depth = problem.net.depth();
        prop_assume!(depth > 1);
        let layer = which % (depth - 1);
        let width = problem.net.layers()[layer].outputs();
        let order: Vec<_> = (0..width).map(|i| (i + 1) % width).collect();
        let renumbered = |net: &Network| {
            let mut layers = net.layers().to_vec();
            layers[layer].weight = layers[layer].weight.select(Axis(0), &order);
            layers[layer].bias = layers[layer].bias.as_ref().map(|b| b.select(Axis(0), &order));
            layers[layer + 1].weight = layers[layer + 1].weight.select(Axis(1), &order);
            Network::new(layers, net.activation()).unwrap()
        };
        // The same renumbering of the parameters' own numbers says where each of them goes.
        let count = problem.net.parameter_count();
        let numbers = problem.net.with_parameters(&Array1::from_iter((0..count).map(|i| i as f64))).unwrap();
        let places: Vec<_> = renumbered(&numbers).parameters().iter().map(|&v| v as usize).collect();
        let expected = problem.matrix(Term::Full).select(Axis(0), &places).select(Axis(1), &places);
        let ours = hessian(&renumbered(&problem.net), &problem.data, problem.loss).unwrap();
        assert_close("renumbered", ours.view(), expected.view(), ROUNDING, problem.scale());
    }

    #[test]
    fn scaled_inputs_with_inversely_scaled_weights_scale_the_blocks(problem in problems(1..20), power in -3i32..4) {
        // Powers of two, so that the scaling itself is free of rounding and the pre-activations are the same.
        let c = 2.0f64.powi(power);
        let mut layers = problem.net.layers().to_vec();
        layers[0].weight /= c;
        let net = Network::new(layers, problem.net.activation()).unwrap();
        let mut data = problem.data.clone();
        data.x *= c;
        let ours = hessian(&net, &data, problem.loss).unwrap();
        let mut expected = problem.matrix(Term::Full);
        // Only the weights of the first layer are scaled, not its biases.
        let weights = s![..net.layers()[0].weight.len()];
        for axis in [Axis(0), Axis(1)] {
            for mut lane in expected.lanes_mut(axis) {
                lane.slice_mut(weights).mapv_inplace(|v| v * c);
            }
        }
        assert_close("scaled", ours.view(), expected.view(), ROUNDING, problem.scale() * 1f64.max(c * c));
    }

    #[test]
    fn sum_is_the_mean_times_the_count(problem in problems(1..20)) {
        let (mean, sum) = [Reduction::Mean, Reduction::Sum]
            .map(|reduction| hessian(&problem.net, &problem.data, Loss { reduction, ..problem.loss }).unwrap())
            .into();
        let count = match problem.loss.kind {
            LossKind::CrossEntropy => problem.data.len(),
            _ => problem.data.len() * problem.net.outputs(),
        } as f64;
        assert_close("sum", sum.view(), (&mean * count).view(), ROUNDING, norm(sum.view()));
    }

    #[test]
    fn loss_and_gradient_belong_to_the_hessian(problem in problems(1..300)) {
        let whole = curvature(&problem.net, &problem.data, problem.loss, Term::Full).unwrap();
        let loss = loss_value(&problem.net, &problem.data, problem.loss).unwrap();
        prop_assert!((whole.loss - loss).abs() <= ROUNDING * (1.0 + loss.abs()), "{} and {loss}", whole.loss);
        let gradient = gradient(&problem.net, &problem.data, problem.loss).unwrap();
        // Residuals of the objects may cancel in the gradient; they are of the order of the root of the loss.
        let scale = norm(gradient.view()) + problem.scale() + loss.abs();
        assert_close("gradient", whole.gradient.view(), gradient.view(), ROUNDING, scale);
    }

    #[test]
    fn hyper_dual_numbers_agree(problem in problems(1..12)) {
        let dual = check::dual_hessian(&problem.net, &problem.data, problem.loss).unwrap();
        // Dual numbers find p (1 - p) as p - p², so they round relative to A = I and not to A itself.
        let targets = Targets::Values(Array2::zeros((problem.data.len(), problem.net.outputs())));
        let data = Dataset::new("zero targets", problem.data.x.clone(), targets).unwrap();
        let jacobians = ggn(&problem.net, &data, Loss::mean_squared_error().sum()).unwrap();
        let scale = problem.scale() + norm(jacobians.view()) * problem.normaliser(problem.data.len());
        assert_close("dual", problem.matrix(Term::Full).view(), dual.view(), ROUNDING, scale);
    }
}

proptest! {
    // Each case computes thousands of entries by dual numbers.
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    /// Wide inputs with constant, equal and zero columns, and ReLU units that few objects reach: the savings that
    /// such data allow must not change a number.
    #[test]
    fn repeated_columns_and_inactive_units_are_exact(
        inputs in 64usize..90, hidden in 1usize..4, biases: bool, seed: u64, kind in 0usize..3, curved: bool,
    ) {
        let activation = if curved { Activation::Silu } else { Activation::Relu };
        let loss = LOSSES[kind];
        let net = random_net(&[inputs, hidden, 3], biases, activation, 2.0, seed);
        let mut data = random_data(inputs, 3, 9, loss, 1.0, seed ^ 1);
        data.x.slice_mut(s![.., 3..25]).fill(-1.0);
        data.x.slice_mut(s![.., 30..37]).fill(0.0);
        data.x.slice_mut(s![.., 40..44]).fill(-0.0);
        let copy = data.x.slice(s![.., 44..52]).to_owned();
        data.x.slice_mut(s![.., 52..60]).assign(&copy);
        let whole = curvature(&net, &data, loss, Term::Full).unwrap();
        prop_assert!(whole.work.distinct_inputs < inputs - 30, "{:?}", whole.work);
        let dual = check::dual_hessian(&net, &data, loss).unwrap();
        assert_close("dual", whole.matrix.view(), dual.view(), ROUNDING, norm(dual.view()));
    }

    /// ReLU nets do not change when the weights into a unit grow as those out of it shrink; the blocks scale.
    #[test]
    fn rescaling_relu_layers_rescales_the_blocks(
        width in 1usize..40, seed: u64, kind in 0usize..3, power in -4i32..5, leaky: bool,
    ) {
        let activation = if leaky { Activation::LeakyRelu } else { Activation::Relu };
        let loss = LOSSES[kind];
        let net = random_net(&[12, width, width, 4], false, activation, 1.7, seed);
        let data = random_data(12, 4, 150, loss, 1.0, seed ^ 1);
        let c = 2.0f64.powi(power);
        let mut layers: Vec<Layer> = net.layers().to_vec();
        layers[0].weight *= c;
        layers[1].weight /= c;
        let rescaled = hessian(&Network::new(layers, activation).unwrap(), &data, loss).unwrap();
        let mut expected = hessian(&net, &data, loss).unwrap();
        let scale = norm(expected.view()) * (c * c).max(1.0 / (c * c));
        for axis in [Axis(0), Axis(1)] {
            for mut lane in expected.lanes_mut(axis) {
                lane.slice_mut(s![net.layer_range(0)]).mapv_inplace(|v| v / c);
                lane.slice_mut(s![net.layer_range(1)]).mapv_inplace(|v| v * c);
            }
        }
        assert_close("rescaled", rescaled.view(), expected.view(), ROUNDING, scale);
    }
}

/// The other tests may run at any number of threads, which belongs to the process: this test alone sets it.
#[test]
fn number_of_threads_does_not_change_the_result() {
    for (loss, activation) in LOSSES.into_iter().zip([Activation::Relu, Activation::Tanh, Activation::Gelu]) {
        let net = random_net(&[70, 24, 24, 10], true, activation, 1.7, 1);
        let data = random_data(70, 10, 700, loss, 1.0, 2);
        let with = |count| {
            set_threads(count);
            let whole = curvature(&net, &data, loss, Term::Full).unwrap();
            set_threads(0);
            whole
        };
        let one = with(1);
        for count in [1, 2, 3] {
            let (first, second) = (with(count), with(count));
            assert_eq!(first.matrix, second.matrix, "{count} threads twice");
            assert_eq!(first.gradient, second.gradient, "{count} threads twice");
            let scale = norm(one.matrix.view());
            assert_close("threads", first.matrix.view(), one.matrix.view(), ROUNDING, scale);
            assert_close("gradient", first.gradient.view(), one.gradient.view(), ROUNDING, scale);
        }
    }
}

/// A net and data large enough to be taken in several blocks of objects.
#[test]
fn blocks_of_objects_add_up() {
    let loss = Loss::cross_entropy();
    let net = random_net(&[80, 20, 20, 10], true, Activation::Tanh, 1.7, 3);
    let data = random_data(80, 10, 6000, loss, 1.0, 4);
    let whole = curvature(&net, &data, loss, Term::Full).unwrap();
    assert!(whole.work.object_blocks > 1, "{:?}", whole.work);
    let mut sum = Array2::zeros(whole.matrix.dim());
    for start in (0..6000).step_by(500) {
        let rows: Vec<_> = (start..start + 500).collect();
        sum += &hessian(&net, &data.select(&rows), loss).unwrap();
    }
    let mean = sum / 12.0;
    assert_close("blocks", whole.matrix.view(), mean.view(), ROUNDING, norm(mean.view()));
    let terms = ggn(&net, &data, loss).unwrap() + h_term(&net, &data, loss).unwrap();
    assert_close("terms", whole.matrix.view(), terms.view(), ROUNDING, norm(mean.view()));
}
