//! What spectra owe to structure, landscapes, and the influence of single objects, against plain computations.

use hessia::influence::{InfluenceKind, gradient_products, influence, leave_one_out, rank_correlation};
use hessia::spectrum::{
    SolveSettings, jensen_shannon, layer_normalised_direction, layer_shares, linear_ranks, loss_line,
    loss_plane, power_tail, quadratic_radius, rank_report, subspace_overlap, vector_overlap,
};
use hessia::train::{StationarySettings, Stopped, stationary_point};
use hessia::*;
use ndarray::{Array1, Array2, Axis, array, s};

fn random(m: usize, n: usize, seed: u64) -> Array2<f64> {
    let net = Network::random(&[n, m], false, Activation::Identity, seed).unwrap();
    &net.layers()[0].weight * (n as f64).sqrt()
}

fn toy(widths: &[usize], m: usize, activation: Activation, biases: bool) -> (Network, Dataset) {
    let classes = widths[widths.len() - 1];
    let net = Network::random(widths, biases, activation, 5).unwrap();
    let labels = Targets::Classes((0..m).map(|i| (i + i * i / 7) % classes).collect());
    (net, Dataset::new("toy", random(m, widths[0], 6), labels).unwrap())
}

#[test]
fn ranks_stay_below_what_structure_leaves_and_reach_it() {
    let loss = Loss::cross_entropy();
    for (activation, biases) in
        [(Activation::Relu, true), (Activation::Relu, false), (Activation::Tanh, true)]
    {
        let (mut net, mut data) = toy(&[6, 5, 4, 3], 200, activation, biases);
        // A zero input, two equal ones, and for relu a unit that no object moves.
        data.x.column_mut(0).fill(0.0);
        let source = data.x.column(1).to_owned();
        data.x.column_mut(2).assign(&source);
        let dead = activation == Activation::Relu;
        let mut layers = net.layers().to_vec();
        if dead {
            layers[0].weight.row_mut(3).fill(0.0);
            layers[0].bias.iter_mut().for_each(|bias| bias[3] = -1.0);
        }
        net = Network::new(layers, activation).unwrap();
        for (term, kind) in [(Term::Full, CurvatureKind::Hessian), (Term::Ggn, CurvatureKind::GTerm)] {
            let spectrum = eigvalsh(&curvature(&net, &data, loss, term).unwrap().matrix).unwrap();
            let report = rank_report(&net, &data, loss, kind, &spectrum).unwrap();
            let bias = usize::from(biases);
            // The first layer: four live inputs of six; the dead unit's row, and its column above.
            let zeros = if dead { 4 * 2 + (6 + bias) + 4 } else { 5 * 2 };
            assert_eq!(report.structural_zeros, zeros, "{activation} {kind}");
            // A relu net may have more symmetries than are counted: units that are linear on the same objects mix.
            let spare = report.bound - report.rank;
            assert!(spare <= usize::from(dead), "{activation} biases {biases} {kind}: {report:?}");
            assert!(report.gap() > 100.0, "{report:?}");
        }
    }
    // Few objects bound the G-term's rank.
    let (net, data) = toy(&[6, 5, 3], 2, Activation::Tanh, true);
    let spectrum = eigvalsh(&ggn(&net, &data, loss).unwrap()).unwrap();
    let report = rank_report(&net, &data, loss, CurvatureKind::GTerm, &spectrum).unwrap();
    assert_eq!((report.bound, report.rank), (4, 4));
    let ranks = linear_ranks(&[8, 3, 3, 3, 4], 8, Loss::mean_squared_error()).unwrap();
    assert_eq!((ranks.h_term, ranks.g_term, ranks.hessian), (42, 27, 54));
    let ranks = linear_ranks(&[12, 7, 5, 3], 5, Loss::mean_squared_error()).unwrap();
    assert_eq!((ranks.h_term, ranks.g_term, ranks.hessian), (63, 15, 69));
    let ranks = linear_ranks(&[6, 4, 3], 6, loss).unwrap();
    assert_eq!((ranks.h_term, ranks.g_term, ranks.hessian), (16, 12, 24));
}

#[test]
fn class_parts_are_those_by_definition() {
    let (net, data) = toy(&[5, 6, 3], 25, Activation::Tanh, true);
    let (loss, m, k) = (Loss::cross_entropy(), 25, 3);
    let Targets::Classes(labels) = &data.targets else { panic!("labels") };
    let logits = net.forward(&data.x).unwrap();
    // g_ik as the gradient of the loss with label k, turned round: J^T (p - e_k).
    let mut means = vec![vec![Array1::<f64>::zeros(net.parameter_count()); k]; k];
    let mut weights = vec![vec![0.0; k]; k];
    let mut own = 0.0;
    for n in 0..m {
        let shares = logits.row(n).mapv(f64::exp);
        let shares = &shares / shares.sum();
        for label in 0..k {
            let object = Dataset { targets: Targets::Classes(array![label]), ..data.select(&[n]) };
            let g = -gradient(&net, &object, loss).unwrap();
            let weight = shares[label] / m as f64;
            if label == labels[n] {
                own += weight * g.dot(&g);
            }
            means[labels[n]][label].scaled_add(weight, &g);
            weights[labels[n]][label] += weight;
        }
    }
    let p = net.parameter_count();
    let mut class = Array2::<f64>::zeros((p, p));
    let outer = |v: &Array1<f64>| {
        let column = v.view().insert_axis(Axis(1)).to_owned();
        column.dot(&column.t())
    };
    let mut cross_trace = 0.0;
    for y in 0..k {
        let others: Vec<usize> = (0..k).filter(|&l| l != y).collect();
        let weight: f64 = others.iter().map(|&l| weights[y][l]).sum();
        let mean = others.iter().fold(Array1::zeros(p), |sum, &l| sum + &means[y][l]) / weight;
        class += &(outer(&mean) * weight);
        for &l in &others {
            let gap = &means[y][l] / weights[y][l] - &mean;
            cross_trace += weights[y][l] * gap.dot(&gap);
        }
    }
    let parts = class_decomposition(&net, &data, loss).unwrap();
    let exact = eigvalsh(&class).unwrap();
    for (a, b) in parts.class.iter().zip(exact.eigenvalues.iter().rev()) {
        assert!((a - b).abs() < 1e-13 * exact.norm(), "{a} {b}");
    }
    assert!((parts.cross_trace - cross_trace).abs() < 1e-13 && (parts.own_trace - own).abs() < 1e-13);
    let whole = ggn(&net, &data, loss).unwrap().diag().sum();
    let sum = parts.class_trace + parts.cross_trace + parts.within_trace + parts.own_trace;
    assert!((sum - whole).abs() < 1e-13 * whole && parts.within_trace > 0.0);
    let message = class_decomposition(&net, &data, Loss::mean_squared_error()).unwrap_err().to_string();
    assert!(message.contains("cross-entropy"), "{message}");
}

#[test]
fn shares_distances_overlaps_and_tails() {
    let (net, data) = toy(&[4, 3, 2], 20, Activation::Tanh, true);
    let matrix = hessian(&net, &data, Loss::cross_entropy()).unwrap();
    let shares = layer_shares(&net, &matrix).unwrap();
    assert!((shares.share.iter().flatten().sum::<f64>() - 1.0).abs() < 1e-14);
    let mut off = matrix.clone();
    for l in 0..2 {
        let range = net.layer_range(l);
        off.slice_mut(s![range.clone(), range]).fill(0.0);
    }
    let norm = |a: &Array2<f64>| a.iter().map(|v| v * v).sum::<f64>().sqrt();
    assert!((shares.off_blocks - norm(&off) / norm(&matrix)).abs() < 1e-14);
    assert_eq!(layer_shares(&net, &Array2::zeros(matrix.dim())).unwrap().off_blocks, 0.0);

    assert!(
        (jensen_shannon(&[0.1, 0.2, 1.0], &[0.1, 0.2, -1.0], 10).unwrap().powi(2) - 1.0 / 3.0).abs() < 1e-12
    );
    assert!(jensen_shannon(&[], &[1.0], 10).is_err());
    let q = eigh(&matrix).unwrap().eigenvectors.unwrap();
    let (a, b) = (q.slice(s![.., ..3]).to_owned(), q.slice(s![.., 2..6]).to_owned());
    assert!((subspace_overlap(&a, &b).unwrap() - 1.0 / 3.0).abs() < 1e-12);
    assert!((vector_overlap(&a, &(&q.column(0) * 3.0 + &q.column(9) * 4.0)).unwrap() - 0.36).abs() < 1e-12);

    // Exponential values are no power law, and the test says so.
    let values: Vec<f64> = (0..400).map(|k| 1.0 - (1.0 - (k as f64 + 0.5) / 400.0_f64).ln()).collect();
    let tail = power_tail(&values, 400, 200, 1).unwrap();
    assert!(tail.p_value < 0.05, "{tail:?}");
    assert!(power_tail(&[1.0, 1.0, 1.0, 1.0], 4, 10, 0).is_err());
}

#[test]
fn landscapes_are_losses_with_their_taylor_polynomials() {
    let (net, data) = toy(&[4, 6, 3], 30, Activation::Tanh, true);
    let loss = Loss::cross_entropy();
    let theta = net.parameters();
    let matrix = hessian(&net, &data, loss).unwrap();
    let g = gradient(&net, &data, loss).unwrap();
    let (d, e) = (layer_normalised_direction(&net, 1), layer_normalised_direction(&net, 2));
    for array in net.parameter_map() {
        let length = |v: &Array1<f64>| v.slice(s![array.range.clone()]).mapv(|v| v * v).sum().sqrt();
        assert!((length(&d) - length(&theta)).abs() < 1e-13, "{}", array.name);
    }
    let at = |t: &Array1<f64>| loss_value(&net.with_parameters(t).unwrap(), &data, loss).unwrap();
    let model = |t: &Array1<f64>| at(&theta) + g.dot(t) + 0.5 * t.dot(&matrix.dot(t));
    let plane = loss_plane(&net, &data, loss, [&d, &e], 0.5, 5).unwrap();
    for (i, &s) in plane.steps.iter().enumerate() {
        for (j, &t) in plane.steps.iter().enumerate() {
            let step = &d * s + &e * t;
            assert!((plane.loss[i][j] - at(&(&theta + &step))).abs() < 1e-14);
            assert!((plane.model[i][j] - model(&step)).abs() < 1e-13);
        }
    }
    let line = loss_line(&net, &data, loss, &d, 8.0, 33).unwrap();
    let radius = line.radius.unwrap();
    let off = |t: f64| {
        let step = &d * t;
        let value = at(&(&theta + &step));
        (value - model(&step)).abs() / value
    };
    assert!((off(radius).max(off(-radius)) - 0.1).abs() < 1e-4, "{radius}");
    assert_eq!(quadratic_radius(&net, &data, loss, &d, 0.5 * radius).unwrap(), None);
    let message = loss_line(&net, &data, loss, &array![1.0], 1.0, 5).unwrap_err().to_string();
    assert!(message.contains("[1]") && message.contains("[51]"), "{message}");
    assert!(loss_line(&net, &data, loss, &d, f64::NAN, 5).is_err());
}

#[test]
fn influence_is_the_inverse_by_definition_and_predicts_training_again() {
    let start = Network::random(&[2, 3, 1], true, Activation::Tanh, 3).unwrap();
    let x = random(230, 2, 4);
    let noise = |n: usize| 0.2 * ((n * n) as f64).sin();
    let y = Array2::from_shape_fn((230, 1), |(n, _)| (2.0 * x[[n, 0]]).sin() + x[[n, 1]] + noise(n));
    let all = Dataset::new("curve", x, Targets::Values(y)).unwrap();
    let (train, test) =
        (all.select(&(0..200).collect::<Vec<_>>()), all.select(&(200..230).collect::<Vec<_>>()));
    let loss = Loss::mean_squared_error();
    let settings = StationarySettings { tolerance: 1e-9, max_iterations: 2000 };
    let found = stationary_point(&start, &train, loss, &settings).unwrap();
    assert_eq!(found.stopped, Stopped::Converged, "{found}");
    let net = found.network;
    let damping = 1e-3;
    let solve = SolveSettings { damping, tolerance: 1e-12, most_products: 2000 };

    // By definition: each matrix inverted, each gradient formed.
    let p = net.parameter_count();
    let target = gradient(&net, &test, loss).unwrap();
    let (full, g_term) = (hessian(&net, &train, loss).unwrap(), ggn(&net, &train, loss).unwrap());
    let mut blocks = Array2::zeros((p, p));
    let kfac = Kronecker::new(&net, &train, loss).unwrap();
    let mut factors = [Array2::zeros((p, p)), Array2::zeros((p, p))];
    for l in 0..2 {
        let range = net.layer_range(l);
        blocks
            .slice_mut(s![range.clone(), range.clone()])
            .assign(&g_term.slice(s![range.clone(), range.clone()]));
        for (ekfac, matrix) in [false, true].into_iter().zip(&mut factors) {
            matrix.slice_mut(s![range.clone(), range.clone()]).assign(&kfac.block(l, ekfac));
        }
    }
    let [kfac, ekfac] = factors;
    let matrices = [full, g_term, blocks, ekfac, kfac];
    for (kind, matrix) in InfluenceKind::ALL.into_iter().zip(matrices) {
        let all = eigh(&matrix).unwrap();
        let q = all.eigenvectors.unwrap();
        let solved = q.dot(&(q.t().dot(&target) / all.eigenvalues.mapv(|v| v + damping)));
        let found = influence(&net, &train, &test, loss, kind, &solve).unwrap();
        for n in 0..200 {
            let own = gradient(&net, &train.select(&[n]), loss).unwrap();
            let exact = own.dot(&solved) / 200.0;
            let scale = solved.dot(&solved).sqrt() * own.dot(&own).sqrt() / 200.0;
            assert!(
                (found.changes[n] - exact).abs() < 1e-8 * scale,
                "{kind:?} {n}: {} {exact}",
                found.changes[n]
            );
        }
    }
    let v = random(p, 1, 9).column(0).to_owned();
    let products = gradient_products(&net, &train, loss, &v).unwrap();
    let own = gradient(&net, &train.select(&[7]), loss.sum()).unwrap();
    assert!((products[7] - own.dot(&v)).abs() < 1e-13);

    // The truth: trained again without each of some objects.
    let objects: Vec<usize> = (0..200).step_by(5).collect();
    let left = leave_one_out(&net, &train, &test, loss, &objects, &settings).unwrap();
    let truth: Vec<f64> = left.iter().map(|l| l.change).collect();
    let slight = SolveSettings { damping: 1e-7, tolerance: 1e-9, ..solve };
    let correlations: Vec<f64> = InfluenceKind::ALL
        .into_iter()
        .map(|kind| {
            let changes = influence(&net, &train, &test, loss, kind, &slight).unwrap().changes;
            let chosen: Vec<f64> = objects.iter().map(|&n| changes[n]).collect();
            rank_correlation(&chosen, &truth).unwrap()
        })
        .collect();
    let converged = left.iter().filter(|l| l.converged).count();
    println!(
        "rank correlations with training again ({converged} of {} converged): {correlations:?}",
        left.len()
    );
    assert!(correlations[0] > 0.9, "{correlations:?}");
    let message = leave_one_out(&net, &train, &test, loss, &[200], &settings).unwrap_err().to_string();
    assert!(message.contains("0..200"), "{message}");
    let tied = rank_correlation(&[1.0, 1.0, 2.0], &[1.0, 2.0, 3.0]).unwrap();
    assert!((tied - 3.0_f64.sqrt() / 2.0).abs() < 1e-12);
    assert!(rank_correlation(&[1.0, 1.0], &[1.0, 2.0]).is_err());
}
