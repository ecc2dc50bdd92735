//! Cases whose second derivatives are known as formulas.

mod common;

use common::{LOSSES, assert_close, norm, random_data, random_net};
use hessia::{
    Activation, Dataset, Layer, Loss, Network, Targets, Term, curvature, eigvalsh, gradient, hessian,
    loss_value,
};
use ndarray::{Array1, Array2, Axis, array, concatenate};

/// Rounding of sums over at most a hundred terms.
const ROUNDING: f64 = 1e-14;

/// A single layer with data, and the data's inputs with a column of ones where there are biases, in the order of
/// theta: per output its weights; the biases come last.
fn one_layer(biases: bool, outputs: usize, loss: Loss) -> (Network, Dataset, Array2<f64>) {
    let net = random_net(&[5, outputs], biases, Activation::Relu, 1.0, 2);
    let data = random_data(5, outputs, 23, loss, 1.0, 3);
    let ones = Array2::ones((data.len(), usize::from(biases)));
    let extended = concatenate(Axis(1), &[data.x.view(), ones.view()]).unwrap();
    (net, data, extended)
}

/// `sum_i A_i ⊗ x_i x_iᵀ`, brought from (output, input) order into theta's, where biases come last.
fn kronecker(curvatures: &[Array2<f64>], x: &Array2<f64>, inputs: usize) -> Array2<f64> {
    let (outputs, columns) = (curvatures[0].nrows(), x.ncols());
    let place = |k: usize, a: usize| if a < inputs { k * inputs + a } else { outputs * inputs + k };
    let order = outputs * columns;
    let mut matrix = Array2::zeros((order, order));
    for (a, x) in curvatures.iter().zip(x.rows()) {
        for (k, l) in (0..outputs).flat_map(|k| (0..outputs).map(move |l| (k, l))) {
            for (u, v) in (0..columns).flat_map(|u| (0..columns).map(move |v| (u, v))) {
                matrix[[place(k, u), place(l, v)]] += a[[k, l]] * x[u] * x[v];
            }
        }
    }
    matrix
}

#[test]
fn linear_regression() {
    for biases in [false, true] {
        let loss = Loss::mean_squared_error();
        let (net, data, x) = one_layer(biases, 3, loss);
        let curvatures = vec![2.0 / (data.len() * 3) as f64 * Array2::<f64>::eye(3); data.len()];
        let expected = kronecker(&curvatures, &x, 5);
        let h = hessian(&net, &data, loss).unwrap();
        assert_close("H", h.view(), expected.view(), ROUNDING, norm(expected.view()));
        if !biases {
            // The same as it is usually written: 2/(m K) I ⊗ Xᵀ X.
            let gram = 2.0 / (data.len() * 3) as f64 * data.x.t().dot(&data.x);
            for k in 0..3 {
                let block = h.slice(ndarray::s![5 * k..5 * k + 5, 5 * k..5 * k + 5]);
                assert_close("block", block, gram.view(), ROUNDING, norm(gram.view()));
            }
        }
    }
}

#[test]
fn logistic_regression() {
    for biases in [false, true] {
        let loss = Loss::binary_cross_entropy();
        let (net, data, x) = one_layer(biases, 1, loss);
        let z = net.forward(&data.x).unwrap();
        let s = z.column(0).mapv(|z| 1.0 / (1.0 + (-z).exp()));
        let weighted = &x * &s.mapv(|s| s * (1.0 - s)).insert_axis(Axis(1));
        let expected = x.t().dot(&weighted) / data.len() as f64;
        let h = hessian(&net, &data, loss).unwrap();
        assert_close("H", h.view(), expected.view(), ROUNDING, norm(expected.view()));
    }
}

#[test]
fn softmax_regression() {
    for biases in [false, true] {
        let loss = Loss::cross_entropy();
        let (net, data, x) = one_layer(biases, 4, loss);
        let curvatures: Vec<_> = net
            .forward(&data.x)
            .unwrap()
            .rows()
            .into_iter()
            .map(|z| {
                let e = z.mapv(f64::exp);
                let p: Array1<f64> = &e / e.sum();
                let outer = p.view().insert_axis(Axis(1)).dot(&p.view().insert_axis(Axis(0)));
                (Array2::from_diag(&p) - outer) / data.len() as f64
            })
            .collect();
        let expected = kronecker(&curvatures, &x, 5);
        let h = hessian(&net, &data, loss).unwrap();
        assert_close("H", h.view(), expected.view(), ROUNDING, norm(expected.view()));
    }
}

#[test]
fn one_layer_has_no_h_term() {
    for loss in LOSSES {
        for biases in [false, true] {
            let (net, data, _) = one_layer(biases, 3, loss);
            let of = |term| curvature(&net, &data, loss, term).unwrap().matrix;
            assert_eq!(of(Term::Full), of(Term::Ggn), "{loss}");
            assert!(of(Term::HTerm).iter().all(|&v| v == 0.0), "{loss}");
        }
    }
}

/// `(v w x - y)²`: loss, gradient and both terms by hand.
#[test]
fn two_weights() {
    let (w, v, x, y) = (0.75, -1.5, 2.0, 0.25);
    let net = Network::new(
        vec![Layer { weight: array![[w]], bias: None }, Layer { weight: array![[v]], bias: None }],
        Activation::Identity,
    )
    .unwrap();
    let data = Dataset::new("by hand", array![[x]], Targets::Values(array![[y]])).unwrap();
    let loss = Loss::mean_squared_error();
    let r = 2.0 * (v * w * x - y);
    let ggn = 2.0 * x * x * array![[v * v, v * w], [v * w, w * w]];
    let h_term = r * x * array![[0.0, 1.0], [1.0, 0.0]];
    assert_eq!(loss_value(&net, &data, loss).unwrap(), 0.25 * r * r);
    assert_eq!(gradient(&net, &data, loss).unwrap(), r * x * array![v, w]);
    assert_eq!(curvature(&net, &data, loss, Term::Ggn).unwrap().matrix, ggn);
    assert_eq!(curvature(&net, &data, loss, Term::HTerm).unwrap().matrix, h_term);
    assert_eq!(curvature(&net, &data, loss, Term::Full).unwrap().matrix, &ggn + &h_term);
}

/// One active and one inactive ReLU unit: only the active one has curvature, in G and across layers.
#[test]
fn an_inactive_unit_has_no_curvature() {
    let net = Network::new(
        vec![
            Layer { weight: array![[1.0, 2.0], [-3.0, 1.0]], bias: None },
            Layer { weight: array![[0.5, 7.0]], bias: None },
        ],
        Activation::Relu,
    )
    .unwrap();
    // z = (3, -2), x' = (3, 0), output 1.5, r = 2 (1.5 - 1) = 1.
    let data = Dataset::new("by hand", array![[1.0, 1.0]], Targets::Values(array![[1.0]])).unwrap();
    let loss = Loss::mean_squared_error();
    // J = (0.5, 0.5, 0, 0, 3, 0), A = 2, and across layers r dx'_1/dz_1 x = (1, 1) for the first output weight.
    let j = array![[0.5, 0.5, 0.0, 0.0, 3.0, 0.0]];
    let ggn = 2.0 * j.t().dot(&j);
    let mut h_term = Array2::<f64>::zeros((6, 6));
    for a in [0, 1] {
        h_term[[a, 4]] = 1.0;
        h_term[[4, a]] = 1.0;
    }
    assert_eq!(curvature(&net, &data, loss, Term::Ggn).unwrap().matrix, ggn);
    assert_eq!(curvature(&net, &data, loss, Term::HTerm).unwrap().matrix, h_term);
    assert_eq!(hessian(&net, &data, loss).unwrap(), &ggn + &h_term);
}

/// Two classes with equal logits: A = [[1, -1], [-1, 1]] / 4 has norm 1/2, so ||H|| = ||x||² / 2 = 1.5.
#[test]
fn equal_logits_of_two_classes() {
    let weight = Array2::from_elem((2, 3), 0.05);
    let net = Network::new(vec![Layer { weight, bias: None }], Activation::Relu).unwrap();
    let data = Dataset::new("by hand", Array2::ones((1, 3)), Targets::Classes(array![0])).unwrap();
    let spectrum = eigvalsh(&hessian(&net, &data, Loss::cross_entropy()).unwrap()).unwrap();
    assert!((spectrum.norm() - 1.5).abs() < 1e-14);
    assert_eq!(spectrum.rank(), 1);
}
