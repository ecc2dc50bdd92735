"""The table of small nets whose curvature is kept as reference, and the form in which it is written.

A case is a dictionary: name, widths (inputs, hidden, outputs), biases (one flag a layer), activation,
loss, reduction, theta (PyTorch's order: per layer the weights row by row, then the biases),
x (m x n), y (labels, or real targets m x K).
"""

import json
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
ACTIVATIONS = ["relu", "leaky-relu", "tanh", "sigmoid", "softplus", "gelu", "silu", "elu", "identity"]
LOSSES = ["cross-entropy", "mse", "bce"]


def case(name, widths, activation, loss, *, biases=True, objects=7, reduction="mean", gain=1.0, spread=1.0):
    """A seeded case: weights uniform with variance gain^2 / fan_in, inputs normal with deviation `spread`."""
    rng = np.random.default_rng([ord(c) for c in name])
    layers = len(widths) - 1
    flags = [biases] * layers if isinstance(biases, bool) else list(biases)
    theta = []
    for fan_in, fan_out, flag in zip(widths[:-1], widths[1:], flags):
        bound = gain * np.sqrt(3.0 / fan_in)
        theta.append(rng.uniform(-bound, bound, fan_out * fan_in))
        if flag:
            theta.append(rng.uniform(-0.5, 0.5, fan_out))
    x = spread * rng.standard_normal((objects, widths[0]))
    outputs = widths[-1]
    if loss == "cross-entropy":
        y = rng.integers(0, outputs, objects)
    elif loss == "mse":
        y = rng.standard_normal((objects, outputs))
    else:
        # Hard and soft targets both.
        y = np.where(rng.random((objects, outputs)) < 0.3, rng.random((objects, outputs)),
                     rng.integers(0, 2, (objects, outputs)).astype(float))
    return {"name": name, "widths": list(widths), "biases": flags, "activation": activation, "loss": loss,
            "reduction": reduction, "theta": np.concatenate(theta), "x": x, "y": y}


def unpack(theta, widths, biases):
    """theta as a list of (W, b or None)."""
    layers, at = [], 0
    for fan_in, fan_out, flag in zip(widths[:-1], widths[1:], biases):
        w = theta[at:at + fan_in * fan_out].reshape(fan_out, fan_in)
        at += fan_in * fan_out
        b = None
        if flag:
            b = theta[at:at + fan_out]
            at += fan_out
        layers.append((w, b))
    assert at == len(theta)
    return layers


def weight(c, layer):
    """The weights of one layer, as a writable view of the case's theta."""
    return unpack(c["theta"], c["widths"], c["biases"])[layer][0]


def bias(c, layer):
    """The biases of one layer, as a writable view of the case's theta."""
    return unpack(c["theta"], c["widths"], c["biases"])[layer][1]


def table():
    """Every case for JAX: nothing here saturates so far that autodiff itself would cancel."""
    cases = []
    for activation in ACTIVATIONS:
        for loss in LOSSES:
            for biases in (True, False):
                name = f"{activation} {loss} {'biases' if biases else 'plain'}"
                cases.append(case(name, [4, 3, 3, 3], activation, loss, biases=biases))
    for depth in range(1, 9):
        widths = [4] + [3 if p % 2 else 2 for p in range(1, depth)] + [3]
        cases.append(case(f"depth {depth} relu", widths, "relu", "cross-entropy", biases=False, gain=1.6))
        cases.append(case(f"depth {depth} tanh", widths, "tanh", "cross-entropy", gain=1.2))
        cases.append(case(f"depth {depth} gelu", widths, "gelu", "mse", biases=depth % 2 == 0, gain=1.4))
    cases += [
        case("one object cross-entropy", [5, 4, 3], "silu", "cross-entropy", objects=1),
        case("one object mse", [5, 4, 3], "relu", "mse", objects=1),
        case("one object bce", [5, 4, 3], "elu", "bce", objects=1),
        case("one output mse", [4, 5, 1], "tanh", "mse"),
        case("one output bce", [4, 5, 1], "softplus", "bce", biases=False),
        case("one hidden unit", [5, 1, 1, 4], "gelu", "cross-entropy"),
        case("one input", [1, 6, 2], "sigmoid", "mse", objects=20),
        case("two classes", [3, 4, 2], "leaky-relu", "cross-entropy", objects=30),
        case("wide input", [40, 2, 3], "relu", "cross-entropy", biases=False, objects=5),
        case("many objects", [3, 4, 3], "relu", "cross-entropy", objects=400),
        case("growing widths", [2, 3, 5, 8], "tanh", "bce", objects=9),
        case("sum cross-entropy", [4, 3, 3], "relu", "cross-entropy", reduction="sum"),
        case("sum mse", [4, 3, 3], "tanh", "mse", reduction="sum", biases=False),
        case("sum bce", [4, 3, 3], "gelu", "bce", reduction="sum"),
        case("biases in the first layer alone", [4, 3, 3, 3], "tanh", "cross-entropy", biases=[True, False, False]),
        case("biases in the last layer alone", [4, 3, 3, 3], "relu", "mse", biases=[False, False, True]),
        case("biases in the middle alone", [4, 3, 3, 3], "silu", "bce", biases=[False, True, False]),
        # Pre-activations on both sides of the threshold 20 of softplus.
        case("softplus past its threshold", [3, 6, 3], "softplus", "mse", gain=4.0, spread=6.0, objects=12),
        # Logits of about ten: some probabilities near 1e-5, all derivatives still well away from rounding.
        case("large logits cross-entropy", [4, 4, 3], "relu", "cross-entropy", gain=2.5, spread=1.5, objects=12),
        case("large logits bce", [4, 4, 3], "tanh", "bce", gain=2.5, spread=1.5, objects=12),
        case("saturated hidden tanh", [4, 4, 3], "tanh", "mse", gain=3.0, objects=10),
        case("saturated hidden sigmoid", [4, 4, 3], "sigmoid", "cross-entropy", gain=6.0, objects=10),
    ]

    dead_unit = case("dead unit", [4, 3, 3, 3], "relu", "cross-entropy")
    bias(dead_unit, 0)[1] = -50.0
    bias(dead_unit, 1)[0] = -50.0
    dead_net = case("dead net", [4, 3, 3, 3], "relu", "cross-entropy")
    bias(dead_net, 0)[:] = -50.0
    bias(dead_net, 1)[:] = -0.25
    dead_plain = case("dead net without biases", [4, 3, 3, 3], "relu", "cross-entropy", biases=False)
    weight(dead_plain, 0)[:] = -abs(weight(dead_plain, 0))
    dead_plain["x"] = abs(dead_plain["x"])
    same = case("same object thrice", [4, 3, 3], "relu", "cross-entropy", objects=3)
    same["x"][:] = same["x"][0]
    same["y"][:] = same["y"][0]
    cases += [dead_unit, dead_net, dead_plain, same]

    # Pre-activations that are exactly zero: the derivative at the kink counts.
    for activation in ["relu", "leaky-relu", "elu", "gelu"]:
        c = case(f"zero object {activation}", [4, 3, 3, 3], activation, "mse", biases=False, objects=3)
        c["x"][1] = 0.0
        cases.append(c)
    return cases


def packed(matrix):
    """The upper triangle row by row, after a check of symmetry; what is written is the mean of both halves."""
    matrix = np.asarray(matrix)
    scale = max(np.linalg.norm(matrix), np.finfo(float).tiny)
    assert np.abs(matrix - matrix.T).max() <= 1e-14 * scale, np.abs(matrix - matrix.T).max() / scale
    return (0.5 * (matrix + matrix.T))[np.triu_indices(len(matrix))]


def write(stem, results):
    """Writes `stem`.npz (arrays "name/what") and `stem`.json (what the case is)."""
    arrays, index = {}, []
    for c, result in results:
        index.append({k: c[k] for k in ("name", "widths", "biases", "activation", "loss", "reduction")})
        for key in ("theta", "x", "y"):
            arrays[f"{c['name']}/{key}"] = c[key]
        for key in ("loss", "gradient"):
            arrays[f"{c['name']}/{key}"] = np.atleast_1d(np.asarray(result[key], dtype=np.float64))
        for key in ("hessian", "ggn", "h_term"):
            arrays[f"{c['name']}/{key}"] = packed(result[key])
    assert len({c["name"] for c in index}) == len(index)
    np.savez_compressed(FOLDER / f"{stem}.npz", **arrays)
    lines = ",\n".join(json.dumps(entry) for entry in index)
    (FOLDER / f"{stem}.json").write_text(f"[\n{lines}\n]\n")
    size = (FOLDER / f"{stem}.npz").stat().st_size
    print(f"{stem}.npz: {len(index)} cases, {size} bytes")
