//! No objects, and numbers that overflow: refused by name everywhere, never a NaN as a result.

use hessia::train::{AdamSettings, StationarySettings, accuracy, adam, dead_units, stationary_point};
use hessia::*;
use ndarray::{Array2, array};

const LOSS: Loss = Loss::mean_squared_error();

/// What every function that computes on objects says to these.
fn answers(net: &Network, data: &Dataset, loss: Loss) -> Vec<(&'static str, Option<String>)> {
    let vectors = Array2::ones((net.parameter_count(), 2));
    let short = AdamSettings { epochs: 1, ..AdamSettings::default() };
    fn said<T>(result: Result<T>) -> Option<String> {
        result.err().map(|e| e.to_string())
    }
    vec![
        ("loss_value", said(loss_value(net, data, loss))),
        ("loss_and_gradient", said(loss_and_gradient(net, data, loss))),
        ("gradient", said(gradient(net, data, loss))),
        ("hessian", said(hessian(net, data, loss))),
        ("ggn", said(ggn(net, data, loss))),
        ("h_term", said(h_term(net, data, loss))),
        ("curvature_block", said(curvature_block(net, data, loss, Term::Full, 0, 0))),
        ("ggn_dual_gram", said(ggn_dual_gram(net, data, loss))),
        ("hvp", said(hvp(net, data, loss, Term::Full, &vectors))),
        ("per_object", said(per_object(net, data, loss))),
        ("layer_norms", said(layer_norms(net, data, loss))),
        ("ggn_spectra", said(ggn_spectra(net, data, loss))),
        ("hessian_spectra", said(hessian_spectra(net, data, loss, Term::Full))),
        ("network_spectrum", said(network_spectrum(net, data, loss, Term::Full, true))),
        ("adam", said(adam(net, data, loss, &short))),
        ("stationary_point", said(stationary_point(net, data, loss, &StationarySettings::default()))),
    ]
}

#[test]
fn no_objects_are_refused_by_name() {
    let net = Network::random(&[3, 4, 2], true, Activation::Relu, 1).unwrap();
    let classes = Dataset::new("toy", Array2::ones((5, 3)), Targets::Classes(array![0, 1, 1, 0, 1])).unwrap();
    let values = Dataset::new("toy", Array2::ones((5, 3)), Targets::Values(Array2::ones((5, 2)))).unwrap();
    for (data, loss) in [(classes, Loss::cross_entropy()), (values, LOSS)] {
        let none = data.head(0);
        let mut all = answers(&net, &none, loss);
        all.push(("compress", compress(&net, &none).err().map(|e| e.to_string())));
        all.push(("accuracy", accuracy(&net, &none).err().map(|e| e.to_string())));
        all.push(("dead_units", dead_units(&net, &none).err().map(|e| e.to_string())));
        for (name, said) in all {
            let said = said.unwrap_or_else(|| panic!("{name} takes no objects"));
            assert!(said.contains("toy") && said.contains("at least one"), "{name}: {said}");
        }
    }
}

fn layer(weight: Array2<f64>) -> Layer {
    Layer { weight, bias: None }
}

#[test]
fn an_overflow_inside_is_an_error_with_its_layer_and_object() {
    // The second layer's sum is infinity less infinity, and relu used to make 0 of it.
    for activation in [Activation::Relu, Activation::LeakyRelu, Activation::Softplus] {
        let layers = vec![layer(array![[1.0], [1.0]]), layer(array![[1e200, -5e199]]), layer(array![[1.0]])];
        let net = Network::new(layers, activation).unwrap();
        let data =
            Dataset::new("far", array![[1.0], [1e200]], Targets::Values(array![[0.0], [0.0]])).unwrap();
        for (name, said) in answers(&net, &data, LOSS) {
            let said = said.unwrap_or_else(|| panic!("{name} hides the overflow"));
            // Training in float32 overflows at the input already, and reports the loss of its epoch.
            let named = said.contains("layer 1") && said.contains("object 1");
            assert!(named || name == "adam", "{name}: {said}");
        }
        assert!(net.forward(&data.x).unwrap_err().to_string().contains("layer 1"));
        assert!(net.forward(&array![[1.0]]).is_ok());
    }
}

#[test]
fn finite_sweeps_with_a_curvature_that_overflows_are_errors() {
    // Loss about 1e160² / 1e160 is finite, the squared inputs of the curvature are not.
    let net = Network::new(vec![layer(array![[0.0, 0.0]])], Activation::Identity).unwrap();
    let data = Dataset::new("far", array![[1e160, 1.0]], Targets::Values(array![[1.0]])).unwrap();
    for term in [Term::Full, Term::Ggn] {
        let said = curvature(&net, &data, LOSS, term).unwrap_err().to_string();
        assert!(said.contains(term.name()) && said.contains("[0, 0]") && said.contains("inf"), "{said}");
    }
    assert!(ggn_dual_gram(&net, &data, LOSS).is_err());
    assert!(hvp(&net, &data, LOSS, Term::Full, &Array2::ones((2, 1))).is_err());
    // Tiles that are finite by themselves and overflow when the blocks of objects are added.
    let count = 40_000;
    let x = Array2::from_elem((count, 1), 8e151);
    let net = Network::new(vec![layer(array![[0.0]])], Activation::Identity).unwrap();
    let data = Dataset::new("many", x, Targets::Values(Array2::zeros((count, 1)))).unwrap();
    assert!(curvature(&net, &data, LOSS.sum(), Term::Full).is_err());
}
