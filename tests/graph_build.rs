//! What does not fit is refused when it is built or asked for, with the numbers in the message.

mod graph_oracle;

use graph_oracle::nets;
use hessia::Activation;
use hessia::graph::{
    Answers, Builder, Examples, Init, Objective, Shape, Window, block, curvature, forward, hvp, loss_value,
};
use hessia::{Result, Term};
use ndarray::{Array1, Array2, array};

#[track_caller]
fn refused<T>(outcome: Result<T>, words: &[&str]) {
    let Err(error) = outcome else { panic!("accepted, for all of {words:?}") };
    let message = error.to_string();
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let mut net = Builder::image(3, 8, 8);
    let x = net.input();
    let y = net.conv("conv", x, 4, Window::square(3)).unwrap();
    refused(net.add(x, y), &["sum", "[8, 8, 3]", "[6, 6, 4]"]);
    refused(net.conv("conv", x, 4, Window::square(3)), &["conv.weight", "not taken"]);
    refused(net.conv("far", x, 4, Window::square(9)), &["far.weight", "[8, 8]", "[9, 9]"]);
    refused(net.conv("zero", x, 4, Window { stride: [0, 1], ..Window::square(2) }), &["stride", "[0, 1]"]);
    let huge = Window { padding: [usize::MAX / 2; 2], ..Window::square(2) };
    refused(net.conv("huge", x, 4, huge), &["huge.weight", "grid"]);
    refused(net.grouped_conv("groups", x, 4, Window::square(1), 2, true), &["divisor of 3", "found 2"]);
    let w = net.parameter("w", &[5, 7], Init::Constant(0.0)).unwrap();
    refused(net.dense_by(x, w, None), &["w", "[5, 3]", "[5, 7]"]);
    refused(net.dense("none", x, 0), &["none.weight", "[0, 3]"]);
    refused(net.reshape(x, Shape::vector(5)), &["[8, 8, 3]", "[1, 1, 5]"]);
    refused(net.slice_channels(x, 2..4), &["0..3", "2..4"]);
    refused(net.attention("a", x, 2, false), &["heads", "divisor of 3"]);
    refused(net.upsample(x, 0), &["select", "[0, 0, 3]"]);
    refused(net.upsample(x, usize::MAX), &["select"]);
    refused(net.normalise(x, None, true, f64::NAN), &["epsilon", "NaN"]);
    refused(net.batch_norm("bn", x, &[0.0; 3], &[-1.0; 3], 1e-5), &["factor", "NaN"]);
    refused(net.softmax(x, Some(vec![false; 24])), &["row 0", "mask"]);
    refused(net.embedding("e", 4, 2), &["token numbers", "[64, 3]"]);
    // What was refused has left nothing behind.
    let z = net.flatten(y).unwrap();
    let z = net.dense("head", z, 2).unwrap();
    let graph = net.finish(z).unwrap();
    assert_eq!(graph.output_shape(), Shape::vector(2));
    assert!(forward(&graph, &graph.initial(0), &Array2::zeros((2, 192))).is_ok());
}

#[test]
fn data_answers_and_parameters_that_do_not_fit_are_named() {
    let case = nets::net_b();
    let with = |x: Array2<f64>, answers| Examples { x, answers };
    let labels = |values: Array2<i64>| Answers::Classes(values);
    let ce = Objective::cross_entropy();
    let run = |data: &Examples, loss: &Objective| loss_value(&case.graph, &case.theta, data, loss);
    let tokens = array![[0.0, 1.0, 2.0]];
    let good = labels(array![[0, 1, 2]]);
    assert!(run(&with(tokens.clone(), good.clone()), &ce).is_ok());
    refused(run(&with(array![[0.0, 1.5, 2.0]], good.clone()), &ce), &["token 1 of object 0", "0..4", "1.5"]);
    refused(run(&with(array![[0.0, 1.0, 4.0]], good.clone()), &ce), &["token 2", "found 4"]);
    refused(run(&with(array![[0.0, 1.0]], good.clone()), &ce), &["[1, 3]", "[1, 2]"]);
    refused(run(&with(tokens.clone(), labels(array![[0, 1]])), &ce), &["labels", "[1, 3]", "[1, 2]"]);
    refused(run(&with(tokens.clone(), labels(array![[0, 1, 4]])), &ce), &["label 4", "0..4"]);
    refused(run(&with(tokens.clone(), labels(array![[0, 1, -100]])), &ce), &["-100"]);
    let none = with(tokens.clone(), labels(array![[-100, -100, -100]]));
    refused(run(&none, &ce.clone().ignoring(-100)), &["mean of the loss"]);
    refused(run(&with(tokens.clone(), good.clone()), &Objective::huber(1.0)), &["real values", "[1, 12]"]);
    let data = with(tokens, good);
    refused(run(&data, &ce.clone().weighted(vec![1.0])), &["class weights", "[4]", "[1]"]);
    refused(run(&data, &ce.clone().smoothed(1.5)), &["smoothing", "1.5"]);
    refused(curvature(&case.graph, &Array1::zeros(3), &data, &ce, Term::Full), &["theta", "[197]", "[3]"]);
    let bad = Array1::from_elem(197, f64::NAN);
    refused(curvature(&case.graph, &bad, &data, &ce, Term::Full), &["theta", "NaN", "[0]"]);
    let vectors = Array2::zeros((5, 1));
    refused(hvp(&case.graph, &case.theta, &data, &ce, Term::Full, &vectors), &["[197, 1]", "[5, 1]"]);
    let names = ("tokens.weight", "nothing");
    refused(block(&case.graph, &case.theta, &data, &ce, Term::Full, names), &["tokens.weight", "nothing"]);
}

/// Parameters that lead nowhere stay in theta and have no derivative.
#[test]
fn maps_that_lead_nowhere_are_left_out() {
    let mut net = Builder::new(Shape::vector(2));
    let lost = net.dense("lost", net.input(), 3).unwrap();
    net.activation(lost, Activation::Tanh).unwrap();
    let z = net.dense("kept", net.input(), 2).unwrap();
    let graph = net.finish(z).unwrap();
    assert_eq!((graph.nodes().len(), graph.parameter_count()), (2, 15));
    let data = Examples::classes(array![[1.0, 2.0]], &[1]);
    let found = curvature(&graph, &graph.initial(1), &data, &Objective::cross_entropy(), Term::Full).unwrap();
    assert!(found.matrix.diag().iter().take(9).all(|&v| v == 0.0));
    assert!(found.matrix.diag().iter().skip(9).all(|&v| v > 0.0));
}
