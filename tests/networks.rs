//! Networks as others save them: ONNX, safetensors and npz, written by tests/reference/networks.py.

use std::fs;
use std::path::{Path, PathBuf};

use hessia::{Activation, LoadOptions, Network, WeightLayout};
use ndarray::{Array2, ArrayView2};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/networks").join(name)
}

fn matrix(value: &serde_json::Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(value.clone()).unwrap();
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
}

fn gap(a: ArrayView2<f64>, b: ArrayView2<f64>) -> f64 {
    assert_eq!(a.shape(), b.shape());
    (&a - &b).iter().fold(0.0, |most: f64, v| most.max(v.abs()))
}

#[track_caller]
fn refused(name: &str, options: impl Into<LoadOptions>, words: &[&str]) {
    let message = Network::load(file(name), options).unwrap_err().to_string();
    for word in words.iter().chain(&[name]) {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
}

#[test]
fn logits_are_those_of_the_writer() {
    let text = fs::read_to_string(file("expected.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
    let x = matrix(&expected["x"]);
    let networks = expected["networks"].as_object().unwrap();
    for (name, network) in networks {
        let activation: Option<Activation> = network["activation"].as_str().map(|name| name.parse().unwrap());
        let asked = if name.ends_with(".onnx") { None } else { Some(Activation::Tanh) };
        let (net, notes) = Network::load(file(name), asked).unwrap_or_else(|e| panic!("{name}: {e}"));
        if let Some(activation) = activation {
            assert_eq!(net.activation(), activation, "{name}");
        }
        // A dozen products of numbers below ten.
        let gap = gap(net.forward(&x).unwrap().view(), matrix(&network["logits"]).view());
        assert!(gap < 1e-13, "{name}: {gap:e}, {notes:?}");
    }
    let on_disk = fs::read_dir(file("")).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_file());
    assert_eq!(networks.len() + 1, on_disk.count(), "every file is read");
}

#[test]
fn what_was_converted_is_told() {
    let notes = |name: &str, options: LoadOptions| Network::load(file(name), options).unwrap().1.join("\n");
    let tanh = LoadOptions::from(Activation::Tanh);
    for (name, words) in [
        ("hand_scaled.onnx", &["alpha = 0.5", "beta = 2", "activation relu, by the graph"][..]),
        ("hand_half.onnx", &["w1: float16 read as float64"]),
        ("hand_matmul.onnx", &["w (inputs, outputs) read transposed"]),
        ("script_relu.onnx", &["2.bias: float32 read as float64"]),
        ("script_softplus.onnx", &["Softplus", "above 20"]),
    ] {
        let notes = notes(name, LoadOptions::default());
        assert!(words.iter().all(|word| notes.contains(word)), "{name}: {notes}");
    }
    assert!(!notes("dynamo_softplus.onnx", LoadOptions::default()).contains("above 20"));
    for (name, words) in [
        ("bfloat16.safetensors", &["4.weight: bfloat16 read as float64"][..]),
        ("transposed.safetensors", &["(inputs, outputs) read transposed"]),
        ("burn.safetensors", &["(inputs, outputs) read transposed"]),
        ("nested.safetensors", &["in the order encoder.fc1, encoder.fc2, head"]),
        ("alike.npz", &["in the order b, a"]),
    ] {
        let notes = notes(name, tanh);
        assert!(words.iter().all(|word| notes.contains(word)), "{name}: {notes}");
    }
    assert_eq!(notes("float64.safetensors", tanh), "");
    assert_eq!(notes("hand_raw.onnx", Activation::Relu.into()), "");
}

#[test]
fn an_activation_is_asked_for_where_the_file_does_not_tell_and_must_agree_where_it_does() {
    refused("torch.safetensors", None, &["activation", "leaky-relu"]);
    refused("nested.npz", None, &["activation", "does not tell it"]);
    refused("script_tanh.onnx", Activation::Relu, &["activation relu", "found tanh", "/1/Tanh"]);
    refused("dynamo_identity.onnx", Activation::Relu, &["found identity", "no activation between"]);
    // One layer has no activation after it.
    let (net, _) = Network::load(file("hand_single.onnx"), Activation::Silu).unwrap();
    assert_eq!(net.activation(), Activation::Silu);
}

#[test]
fn the_layout_of_weights_is_asked_for_where_shapes_do_not_tell() {
    let options = |layout| LoadOptions { activation: Some(Activation::Tanh), layout: Some(layout) };
    let words = ["--weights in-out", "burn"];
    refused("refused/burn_square.safetensors", Activation::Tanh, &words);
    let (plain, _) = Network::load(file("square.safetensors"), options(WeightLayout::OutIn)).unwrap();
    let (burn, notes) =
        Network::load(file("refused/burn_square.safetensors"), options(WeightLayout::InOut)).unwrap();
    assert_eq!(plain, burn);
    assert!(notes.iter().any(|note| note.contains("transposed")), "{notes:?}");
    refused("torch.safetensors", options(WeightLayout::InOut), &["0.bias beside 0.weight", "[3]", "[4]"]);
    refused("transposed.safetensors", options(WeightLayout::OutIn), &["0.bias beside 0.weight"]);
    refused("hand_raw.onnx", LoadOptions { activation: None, ..options(WeightLayout::OutIn) }, &["layout"]);
}

#[test]
fn unreadable_state_dicts_are_refused_by_name() {
    for (name, words) in [
        ("alike.safetensors", &["at least two orders that fit", "a, b", "b, a"][..]),
        ("alphabetical.npz", &["at least two orders that fit"]),
        ("integers.safetensors", &["0.weight", "float64, float32, float16 or bfloat16", "I64"]),
        ("norm.safetensors", &["a matrix (outputs, inputs) in 1.weight", "[4]"]),
        ("running.safetensors", &["0.weight and 0.bias", "1.running_mean"]),
        ("lone_bias.safetensors", &["a weight beside 2.bias", "0.weight, 4.weight"]),
        ("nan.safetensors", &["2.bias", "NaN"]),
        ("loose.safetensors", &["follow on each other", "a.weight [4, 3], b.weight [5, 7]"]),
        ("broken.safetensors", &["2.weight after 0.weight of shape [4, 3]", "[5, 4]", "[5, 7]"]),
        ("bias.safetensors", &["0.bias beside 0.weight", "[4]", "[5]"]),
        ("nothing.safetensors", &["0 weights"]),
        ("torch.npz", &["torch.save", "numpy.savez or safetensors"]),
        ("keras", &["HDF5", ".npz, .safetensors or .onnx"]),
    ] {
        refused(&format!("refused/{name}"), Activation::Relu, words);
    }
}

#[test]
fn unsupported_graphs_are_refused_by_operator_and_node() {
    for (name, words) in [
        ("conv", &["Conv \"/features/0/Conv\"", "Gemm, MatMul"][..]),
        ("domain", &["com.microsoft.Gelu \"contrib\""]),
        ("softmax", &["Softmax", "logits"]),
        ("sigmoid_last", &["no activation after the last layer", "Sigmoid \"z\""]),
        ("leaky", &["LeakyRelu \"act\"", "alpha 0.01", "alpha 0.2"]),
        ("elu", &["Elu \"act\"", "alpha 0.5"]),
        ("gelu_tanh", &["Gelu \"act\"", "tanh"]),
        ("selu", &["Selu \"act\""]),
        ("mixed", &["one activation between all layers", "relu", "tanh"]),
        ("residual", &["\"a\" taken by", "Relu \"act\"", "Add \"skip\""]),
        ("tied", &["Gemm \"two\"", "\"w3\" a second time"]),
        ("two_inputs", &["one input and one output", "\"mask\""]),
        ("two_outputs", &["one input and one output", "2 (\"z\", \"c\")"]),
        ("no_output", &["\"c\", which no node takes"]),
        ("missing", &["Gemm \"last\"", "constants", "\"w2\""]),
        ("chain", &["Gemm \"last\"", "[2, 4]", "[2, 5]"]),
        ("bias", &["Gemm \"first\"", "[4]", "[3]"]),
        ("not_finite", &["b1", "NaN"]),
        ("integers", &["floating-point", "w1", "int64"]),
        ("left", &["MatMul \"columns\"", "weights on the left"]),
        ("circle", &["a circle"]),
        ("short", &["12 entries of float64", "95 bytes"]),
        ("huge", &["w1", "1099511627776"]),
        ("external", &["in the file itself", "weights.bin"]),
    ] {
        refused(&format!("refused/{name}.onnx"), None, words);
    }
    let count = fs::read_dir(file("refused")).unwrap().filter(|entry| {
        let path = entry.as_ref().unwrap().path();
        path.extension().is_some_and(|extension| extension == "onnx")
    });
    assert_eq!(count.count(), 24, "every file is refused");
}

#[test]
fn files_are_told_by_their_first_bytes_where_the_name_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["torch.safetensors", "hand_raw.onnx", "dynamo_relu.onnx", "nested.npz"] {
        let copy = folder.path().join("network");
        fs::copy(file(name), &copy).unwrap();
        let asked = (!name.ends_with("onnx")).then_some(Activation::Tanh);
        assert_eq!(Network::load(&copy, asked).unwrap().0, Network::load(file(name), asked).unwrap().0);
    }
}
