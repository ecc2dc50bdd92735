//! The paper's bounds, as stated and corrected: closed forms, counterexamples, and properties over random nets.

#[path = "../../tests/common/mod.rs"]
mod common;

use common::{LOSSES, random_data, random_net};
use hessia::{Activation, Dataset, Layer, Loss, Network, Targets, gradient, loss_value, per_object};
use hessia_paper::theory::lemma_2::Increment;
use hessia_paper::theory::{Audit, Comparison, Constants, Statement, audit, lemma_1, lemma_2, theorem_1};
use ndarray::{Array1, Array2, array};
use proptest::prelude::*;

fn net(weights: &[Array2<f64>], activation: Activation) -> Network {
    let layers = weights.iter().map(|weight| Layer { weight: weight.clone(), bias: None }).collect();
    Network::new(layers, activation).unwrap()
}

fn classes(x: Array2<f64>, labels: Array1<usize>) -> Dataset {
    Dataset::new("test", x, Targets::Classes(labels)).unwrap()
}

fn violations(audit: &Audit, statement: Statement) -> usize {
    audit.summary().verdict(statement).unwrap().violations
}

#[test]
fn theorem_1_fails_on_small_weights() {
    let net = net(&[Array2::from_elem((2, 3), 0.05)], Activation::Relu);
    let data = classes(array![[1.0, 1.0, 1.0]], array![0]);
    let audit = audit(&net, &data, Loss::cross_entropy()).unwrap();
    let stated = audit.comparisons(Statement::Theorem1Stated).unwrap()[0];
    assert!((stated.left - 1.5).abs() < 1e-14);
    // √2 (3 + 1) M_W² with M_W² = 6 · 0.05².
    assert!((stated.bound - 2.0_f64.sqrt() * 4.0 * 0.015).abs() < 1e-15, "{stated:?}");
    assert_eq!(stated.holds(), Some(false));
    for statement in Statement::ALL.into_iter().filter(|s| !s.is_stated()) {
        assert_eq!(violations(&audit, statement), 0, "{statement}");
        let ratio = audit.comparisons(statement).unwrap()[0].ratio().unwrap();
        // One layer and p = 1/2: every correction is attained.
        assert!(
            (ratio - 1.0).abs() < 1e-13 || statement == Statement::Lemma1CorrectedGgn,
            "{statement}: {ratio}"
        );
    }
}

/// `M_W = h M` forgets that the first layer is h x n: with many inputs the bound fails at any size of weights.
#[test]
fn lemma_1_fails_on_many_inputs() {
    let net = net(&[Array2::ones((1, 100)), array![[1.0], [1.0]]], Activation::Relu);
    let data = classes(Array2::from_elem((1, 100), 0.1), array![0]);
    let audit = audit(&net, &data, Loss::cross_entropy()).unwrap();
    let stated = audit.comparisons(Statement::Lemma1Stated).unwrap()[0];
    assert!((stated.bound - 4.0 * 2.0_f64.sqrt()).abs() < 1e-13, "{stated:?}");
    assert!((stated.left - 50.0).abs() < 1e-12, "{stated:?}");
    assert_eq!(violations(&audit, Statement::Theorem1Stated), 0);
    assert_eq!(violations(&audit, Statement::Lemma1CorrectedGgn), 0);
}

/// At theta* = 0 every gradient is zero, so Assumption 1 holds exactly, and theorem 1 as stated has `M_H = 0`.
#[test]
fn lemma_2_fails_at_a_stationary_point() {
    let star = net(&[array![[0.0]], array![[0.0], [0.0]]], Activation::Relu);
    let data = classes(array![[1.0], [1.0]], array![0, 1]);
    let increment = Increment::new(&star, &data, Loss::cross_entropy(), 1).unwrap();
    assert_eq!((increment.gradient_norm_before, increment.gradient_norm_after), (0.0, 0.0));
    assert_eq!(increment.m_h_stated, Some(0.0));
    let moved = net(&[array![[2.0]], array![[2.0], [-2.0]]], Activation::Relu);
    let terms = increment.at(&moved).unwrap();
    // The logits are 4 and -4: the losses of the two labels differ by 8, and k + 1 = 2.
    assert!((terms.difference - 4.0).abs() < 1e-12);
    assert!((terms.stated.unwrap() - 2.0_f64.ln()).abs() < 1e-15);
    assert_eq!(terms.stated_holds(), Some(false));
    // Where the units are not at ReLU's kink, the Hessian itself is not zero there: ||r|| ||x|| from the H-term.
    let star = star.layers().to_vec();
    let linear = Network::new(star, Activation::Identity).unwrap();
    let increment = Increment::new(&linear, &data, Loss::cross_entropy(), 1).unwrap();
    assert_eq!(increment.m_h_stated, Some(0.0));
    assert!((increment.m_h_measured - 0.5_f64.sqrt()).abs() < 1e-15);
}

#[test]
fn stated_bound_is_the_geometric_sum() {
    for (depth, m_x, m_w) in [(1, 2.0, 0.3), (4, 0.7, 1.5), (7, 3.0, 0.999)] {
        let (w, power) = (m_w * m_w, f64::powi(m_w, 2 * depth));
        let closed = 2.0_f64.sqrt() * (f64::from(depth) * m_x * m_x * power + w * (power - 1.0) / (w - 1.0));
        let ours = theorem_1::stated(depth as usize, m_x, m_w);
        // Cancellation in the closed form near one: (M_W^2L - 1)/(M_W² - 1) loses what 1/(1 - M_W²) gains.
        assert!((ours - closed).abs() <= 1e-12 * closed, "{ours} and {closed}");
    }
    assert!((theorem_1::stated(5, 0.0, 1.0) - 5.0 * 2.0_f64.sqrt()).abs() < 1e-14);
    assert_eq!(theorem_1::stated(200, 1.0, 1e3), f64::INFINITY);
    assert_eq!(theorem_1::corrected_ggn(200, 0.0, 1e3), 0.0);
}

/// With equal norms in every layer the bound from blocks is the closed form.
#[test]
fn block_bound_is_the_closed_form() {
    for (depth, m_x, m_w) in [(1, 2.0, 0.3), (2, 2.0, 0.3), (6, 0.7, 1.5)] {
        // h = d = 1 and M = M_W make every f_s = M_W.
        let shapes = vec![(1, 1); depth];
        let closed = theorem_1::corrected_hessian(depth, m_x, m_w);
        let blocks = lemma_1::corrected_hessian(&shapes, m_x, m_w).unwrap();
        assert!((blocks - closed).abs() < 1e-13 * closed, "{blocks} and {closed}");
        let closed = theorem_1::corrected_ggn(depth, m_x, m_w);
        let sum = lemma_1::corrected_ggn(&shapes, m_x, m_w);
        assert!((sum - closed).abs() < 1e-13 * closed, "{sum} and {closed}");
    }
}

#[test]
fn constants_are_spectral_not_frobenius() {
    let net = net(&[array![[3.0, 0.0], [0.0, -4.0]]], Activation::Relu);
    let data = classes(array![[0.6, 0.8], [0.0, 0.0]], array![0, 1]);
    let constants = Constants::measure(&net, &data, Loss::cross_entropy()).unwrap();
    assert!((constants.m_w - 4.0).abs() < 1e-14);
    assert!((constants.m_x - 1.0).abs() < 1e-15);
    assert_eq!((constants.m, constants.hidden), (4.0, None));
    // The object of zeros has equal logits, the other one is classified well.
    assert!((constants.m_l - 2.0_f64.ln()).abs() < 1e-15);
}

#[test]
fn overflow_is_no_pass() {
    // Zero inputs keep the measured norms finite while the bound of 400 factors overflows.
    let weights = vec![Array2::from_elem((2, 2), 10.0); 400];
    let net = net(&weights, Activation::Relu);
    let data = classes(array![[0.0, 0.0]], array![0]);
    let audit = audit(&net, &data, Loss::cross_entropy()).unwrap();
    let summary = audit.summary();
    let stated = summary.verdict(Statement::Theorem1Stated).unwrap();
    assert_eq!((stated.objects, stated.violations, stated.overflows), (1, 0, 1));
    assert_eq!(stated.tightest_ratio, None);
    let comparison = audit.comparisons(Statement::Theorem1Stated).unwrap()[0];
    assert_eq!((comparison.holds(), comparison.ratio()), (None, None));
    // Corrected, it is zero: there are no biases, and no inputs.
    assert_eq!(audit.comparisons(Statement::Theorem1CorrectedGgn).unwrap()[0].bound, 0.0);
}

/// A dead object behind layers whose norms multiply beyond all numbers: the last bias alone has curvature, 1/2.
#[test]
fn rounding_is_no_pass() {
    for depth in [4, 60] {
        let layer = |weight: Array2<f64>| Layer { weight, bias: Some(array![0.0, 0.0]) };
        let mut layers = vec![layer(Array2::from_elem((2, 2), 1e3)); depth];
        layers[0] = layer(Array2::from_elem((2, 2), -1e3));
        let net = Network::new(layers, Activation::Relu).unwrap();
        let data = classes(array![[1.0, 1.0]], array![0]);
        let audit = audit(&net, &data, Loss::cross_entropy()).unwrap();
        let measured = audit.comparisons(Statement::BoundPerObjectGgn).unwrap()[0];
        assert!((measured.left - 0.5).abs() < 1e-15 && (measured.bound - 0.5).abs() < 1e-15, "{measured:?}");
        assert_eq!((measured.holds(), measured.is_undecided()), (Some(true), false));
        // The product of the norms makes for more rounding than ten times the bound: no verdict.
        assert!(measured.rounding > 10.0 * measured.bound, "{measured:?}");
        let larger = Comparison { left: 10.0 * measured.bound, ..measured };
        assert_eq!((larger.holds(), larger.is_undecided()), (None, true), "depth {depth}");
    }
}

/// The second unit carries almost nothing, but the logits depend on it alone: they are equal, and nothing is lost
/// from layer to layer. `||G|| = L t²/2` is the bound, and the H-term's share of it falls with 1/t.
#[test]
fn uniform_bounds_are_reached_at_every_depth() {
    for depth in 1..=6 {
        let mut weights = vec![Array2::eye(2); depth];
        weights[depth - 1] = array![[0.0, 0.5_f64.sqrt()], [0.0, -(0.5_f64.sqrt())]];
        let net = net(&weights, Activation::Relu);
        let data = classes(array![[1e6, 1e-9]], array![0]);
        let audit = audit(&net, &data, Loss::cross_entropy()).unwrap();
        for statement in [
            Statement::Theorem1CorrectedGgn,
            Statement::Theorem1CorrectedHessian,
            Statement::BoundUniformGgn,
            Statement::BoundUniformHessian,
        ] {
            let ratio = audit.comparisons(statement).unwrap()[0].ratio().unwrap();
            // 2 √2 (L - 1)/(L t) at most is missing.
            assert!((1.0 - 3e-6..1.0 + 1e-12).contains(&ratio), "{statement}, depth {depth}: {ratio}");
        }
    }
}

fn column(audit: &Audit, name: &str) -> Vec<Option<f64>> {
    let columns = audit.columns();
    let found = columns.iter().find(|(n, _)| n == name);
    found.unwrap_or_else(|| panic!("no column {name}")).1.clone()
}

#[test]
fn columns_have_the_names_and_the_gaps() {
    let data = random_data(3, 3, 4, Loss::cross_entropy(), 1.0, 1);
    let plain = audit(&random_net(&[3, 4, 3], false, Activation::Relu, 2.0, 2), &data, Loss::cross_entropy())
        .unwrap();
    let columns = plain.columns();
    let names: Vec<_> = columns.iter().take(14).map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names.join(","),
        "object,label,loss,gradient_norm,input_norm,residual_norm,ggn_norm,hessian_norm,h_term_norm,\
         theorem_1_stated,theorem_1_corrected_ggn,theorem_1_corrected_hessian,bound_per_layer_ggn,bound_per_object_ggn"
    );
    assert!(columns.iter().all(|(_, values)| values.len() == 4));
    let mut sorted: Vec<_> = columns.iter().map(|(name, _)| name.clone()).collect();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), columns.len());
    assert!(columns.iter().all(|(_, values)| values.iter().flatten().all(|v| !v.is_nan())));
    assert_eq!(column(&plain, "object"), [Some(0.0), Some(1.0), Some(2.0), Some(3.0)]);
    for statement in Statement::ALL {
        assert!(column(&plain, statement.name()).iter().all(Option::is_some), "{statement}");
        let ratios = column(&plain, &format!("{statement}_ratio"));
        for (pair, ratio) in plain.comparisons(statement).unwrap().iter().zip(ratios) {
            assert_eq!(ratio, Some(pair.left / pair.bound));
        }
    }

    let biased =
        audit(&random_net(&[3, 4, 3], true, Activation::Relu, 2.0, 2), &data, Loss::cross_entropy()).unwrap();
    let curved =
        audit(&random_net(&[3, 4, 3], false, Activation::Tanh, 2.0, 2), &data, Loss::cross_entropy())
            .unwrap();
    let values = random_data(3, 3, 4, Loss::mean_squared_error(), 1.0, 1);
    let squared =
        audit(&random_net(&[3, 4, 3], false, Activation::Relu, 2.0, 2), &values, Loss::mean_squared_error())
            .unwrap();
    for (audit, reason) in
        [(&biased, "no biases"), (&curved, "an activation of straight pieces"), (&squared, "cross-entropy")]
    {
        for name in ["theorem_1_stated", "theorem_1_corrected_ggn", "theorem_1_corrected_hessian"] {
            assert!(column(audit, name).iter().all(Option::is_none), "{reason}: {name}");
            assert!(column(audit, &format!("{name}_holds")).iter().all(Option::is_none));
        }
        for name in ["bound_per_layer_ggn", "bound_per_object_ggn", "hessian_norm"] {
            assert!(column(audit, name).iter().all(Option::is_some), "{reason}: {name}");
        }
        let json = serde_json::to_string(&audit.summary()).unwrap();
        assert!(json.contains(reason) && json.contains("\"theorem_1_stated\""), "{json}");
    }
    assert!(column(&squared, "label").iter().all(Option::is_none));
    assert!(column(&curved, "bound_per_object_hessian").iter().all(Option::is_none));
}

/// Anything: any activation and loss, dead nets, zero and repeated objects, saturated logits, one class, one object.
fn problems() -> impl Strategy<Value = (Network, Dataset, Loss)> {
    (
        proptest::collection::vec(1usize..6, 2..7),
        any::<bool>(),
        proptest::sample::select(Activation::ALL.to_vec()),
        proptest::sample::select(LOSSES.to_vec()),
        any::<bool>(),
        1usize..5,
        -2.0f64..2.0,
        -2.0f64..2.0,
        any::<u64>(),
        0u8..5,
    )
        .prop_map(|(widths, biases, activation, loss, sum, objects, gain, spread, seed, oddity)| {
            let outputs = widths[widths.len() - 1];
            let mut net = random_net(&widths, biases, activation, 10.0_f64.powf(gain), seed);
            let loss = if sum { loss.sum() } else { loss };
            let mut data = random_data(widths[0], outputs, objects, loss, 10.0_f64.powf(spread), seed ^ 1);
            match oddity {
                1 => data.x.row_mut(objects / 2).fill(0.0),
                2 => {
                    let first = data.x.row(0).to_owned();
                    data.x.row_mut(objects / 2).assign(&first);
                }
                3 => {
                    // Dead: no unit of the first layer is ever reached.
                    let mut layers = net.layers().to_vec();
                    layers[0].weight.mapv_inplace(|w| -w.abs());
                    layers[0].bias = layers[0].bias.as_ref().map(|b| -b.mapv(f64::abs));
                    data.x.mapv_inplace(f64::abs);
                    net = Network::new(layers, activation).unwrap();
                }
                4 => net = net.with_parameters(&(0.0 * net.parameters())).unwrap(),
                _ => {}
            }
            (net, data, loss)
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn corrected_bounds_hold((net, data, loss) in problems()) {
        let audit = audit(&net, &data, loss).unwrap();
        for verdict in audit.summary().verdicts {
            if !verdict.as_the_paper_states_it {
                let pairs = audit.comparisons(verdict.statement);
                prop_assert_eq!(verdict.violations, 0, "{}: {:?} for {}", verdict.statement, pairs, net);
                // Products of norms do not cancel: there every object has a verdict.
                let of_norms = !verdict.statement.name().contains("per_object");
                prop_assert!(!of_norms || verdict.undecided == 0, "{}: {:?} for {}", verdict.statement, pairs, net);
            }
        }
        prop_assert!(audit.columns().iter().all(|(_, values)| values.iter().flatten().all(|v| !v.is_nan())));
    }

    /// From rough to fine: what knows more about the object is never larger.
    #[test]
    fn finer_bounds_are_smaller((net, data, loss) in problems()) {
        let audit = audit(&net, &data, loss).unwrap();
        for (fine, rough) in [
            (Statement::BoundPerObjectGgn, Statement::BoundPerLayerGgn),
            (Statement::BoundPerLayerGgn, Statement::BoundUniformGgn),
            (Statement::BoundPerObjectHessian, Statement::BoundPerLayerHessian),
            (Statement::BoundPerLayerHessian, Statement::BoundUniformHessian),
            (Statement::BoundUniformGgn, Statement::Theorem1CorrectedGgn),
            (Statement::BoundUniformHessian, Statement::Theorem1CorrectedHessian),
            (Statement::Theorem1CorrectedGgn, Statement::BoundUniformGgn),
            (Statement::Theorem1CorrectedGgn, Statement::Lemma1CorrectedGgn),
        ] {
            // Layers of different shapes: M_W is the largest norm, while lemma 1 has each layer's own.
            if rough == Statement::Lemma1CorrectedGgn && net.depth() > 1 {
                continue;
            }
            if let (Some(fine), Some(rough)) = (audit.comparisons(fine), audit.comparisons(rough)) {
                for (fine, rough) in fine.iter().zip(rough) {
                    let allowed = rough.bound * (1.0 + 1e-12) + f64::MIN_POSITIVE / f64::EPSILON;
                    prop_assert!(fine.bound <= allowed, "{fine:?} and {rough:?}");
                }
            }
        }
    }

    #[test]
    fn expansion_about_a_point_holds(
        (net, data, loss) in problems().prop_filter("mean", |p| p.1.len() > 1 && p.2 == (Loss { reduction: LOSSES[0].reduction, ..p.2 })),
        radius in 0.0f64..2.0, seed: u64,
    ) {
        let k = data.len() - 1;
        let increment = Increment::new(&net, &data, loss, k).unwrap();
        let step = random_net(&net.widths(), net.has_biases(), net.activation(), 1.0, seed).parameters();
        let length = step.dot(&step).sqrt();
        let moved = net.with_parameters(&(net.parameters() + step * (radius / length.max(1e-300)))).unwrap();
        let terms = increment.at(&moved).unwrap();
        let sum = terms.zeroth_order + terms.first_order + terms.second_order + terms.remainder;
        let size = terms.zeroth_order.abs() + terms.first_order.abs() + terms.second_order.abs()
            + terms.difference.abs();
        prop_assert!((sum - terms.difference).abs() <= 1e-14 * size);
        prop_assert!(terms.first_order.abs() <= terms.first_order_bound * (1.0 + 1e-12) + 1e-300);
        prop_assert!(terms.second_order.abs() <= terms.second_order_bound * (1.0 + 1e-12) + 1e-300);
        prop_assert!(terms.difference.abs() <= (terms.corrected + terms.remainder.abs()) * (1.0 + 1e-12));
        // Against the two means, each by itself.
        let value = |rows: usize| loss_value(&moved, &data.head(rows), loss).unwrap();
        let direct = value(k + 1) - value(k);
        prop_assert!((direct - terms.difference).abs() <= 1e-13 * (value(k).abs() + value(k + 1).abs()));
    }
}

#[test]
fn remainder_is_of_third_order() {
    let loss = Loss::cross_entropy();
    let star = random_net(&[3, 5, 4], true, Activation::Tanh, 2.0, 1);
    let data = random_data(3, 4, 6, loss, 1.0, 2);
    let increment = Increment::new(&star, &data, loss, 5).unwrap();
    assert!(
        (increment.gradient_norm_before - norm(&gradient(&star, &data.head(5), loss).unwrap())).abs() < 1e-15
    );
    let direction = random_net(&[3, 5, 4], true, Activation::Tanh, 1.0, 3).parameters();
    let remainder = |size: f64| {
        let net = star.with_parameters(&(star.parameters() + size * &direction)).unwrap();
        increment.at(&net).unwrap().remainder
    };
    // Halving the step divides the third order by eight; the fourth order spoils it by the step's size.
    for size in [1e-2, 5e-3] {
        let ratio = remainder(size) / remainder(0.5 * size);
        assert!((ratio - 8.0).abs() < 0.3, "{ratio}");
    }
    let at_star = increment.at(&star).unwrap();
    assert_eq!((at_star.radius, at_star.remainder), (0.0, 0.0));
    assert_eq!(at_star.difference, at_star.zeroth_order);
    assert_eq!(at_star.stated, None, "theorem 1 has no biases");
    let norms = per_object(&star, &data, loss).unwrap();
    let largest = norms.hessian_norm.fold(0.0_f64, |most, v| most.max(*v));
    assert_eq!(increment.m_h_measured, largest);
    assert_eq!(at_star.stated_measured, lemma_2::stated(5, increment.m_l, largest, 0.0));
}

fn norm(v: &Array1<f64>) -> f64 {
    v.dot(v).sqrt()
}

#[test]
fn lemma_2_refuses_what_it_is_not_about() {
    let star = random_net(&[2, 2], false, Activation::Relu, 1.0, 1);
    let data = random_data(2, 2, 3, Loss::cross_entropy(), 1.0, 2);
    for k in [0, 3, 4] {
        let error = Increment::new(&star, &data, Loss::cross_entropy(), k).unwrap_err().to_string();
        assert!(error.contains("1..3"), "{error}");
    }
    assert!(Increment::new(&star, &data, Loss::cross_entropy().sum(), 1).is_err());
    let increment = Increment::new(&star, &data, Loss::cross_entropy(), 1).unwrap();
    let other = random_net(&[2, 3, 2], false, Activation::Relu, 1.0, 1);
    assert!(increment.at(&other).unwrap_err().to_string().contains("[4]"));
}
