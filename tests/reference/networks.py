"""Writes the networks under networks/ with PyTorch, onnx and safetensors, as their users would.

    python networks.py      # torch 2.15, onnx 1.23, onnxscript 0.7, safetensors 0.8, numpy 2

expected.json holds, for every network that is to be read, its activation and the logits that PyTorch (or NumPy, for
graphs made node by node) finds in float64; refused/ holds those that are not.
"""

import collections
import json
import pathlib
import shutil

import numpy as np
import onnx
import safetensors.numpy
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

here = pathlib.Path(__file__).parent / "networks"
shutil.rmtree(here, ignore_errors=True)
(here / "refused").mkdir(parents=True)
x = np.array([[0.5, -1.25, 2.0], [-0.75, 0.25, 1.5]])
expected = {}


def expect(name, logits, activation=None):
    expected[name] = {"activation": activation, "logits": np.asarray(logits, dtype=float).tolist()}


def sequential(activation, widths=(3, 4, 5, 2), bias=True, seed=0, first=()):
    torch.manual_seed(seed)
    modules = list(first)
    for l, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        if l and activation is not None:
            modules.append(activation())
        modules.append(nn.Linear(inputs, outputs, bias=bias))
    return nn.Sequential(*modules)


def logits(model, shape=(2, 3)):
    """In float64, from the same weights."""
    import copy

    with torch.no_grad():
        return copy.deepcopy(model).double()(torch.tensor(x).reshape(shape)).numpy()


def export(name, model, activation, dynamo=False, opset=None, shape=(2, 3), dtype=torch.float32):
    example = torch.zeros((1, *shape[1:]), dtype=dtype)
    path = here / f"{name}.onnx"
    torch.onnx.export(model, (example,), str(path), dynamo=dynamo, opset_version=opset, external_data=False,
                      **({"dynamic_shapes": ({0: torch.export.Dim("m")},)} if dynamo else
                         {"dynamic_axes": {"x": {0: "m"}}, "input_names": ["x"]}))
    clean(path)
    expect(f"{name}.onnx", logits(model, shape), activation)


def clean(path):
    """Traces of calls, with the paths of somebody's machine."""
    model = onnx.load(path)
    for message in [model, model.graph, *model.graph.node, *model.graph.input, *model.graph.output,
                    *model.graph.value_info, *model.graph.initializer]:
        message.ClearField("metadata_props")
        message.ClearField("doc_string")
    onnx.save(model, path)


for kind, activation in {
    "relu": nn.ReLU, "leaky-relu": nn.LeakyReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "softplus": nn.Softplus,
    "gelu": nn.GELU, "silu": nn.SiLU, "elu": nn.ELU, "identity": None,
}.items():
    export(f"script_{kind}", sequential(activation), kind)
    export(f"dynamo_{kind}", sequential(activation), kind, dynamo=True)
export("script_no_bias", sequential(nn.ReLU, bias=False), "relu")
export("dynamo_no_bias", sequential(nn.ReLU, bias=False), "relu", dynamo=True)
export("script_float64", sequential(nn.Tanh).double(), "tanh", dtype=torch.float64)
export("script_gelu_17", sequential(nn.GELU), "gelu", opset=17)
export("dynamo_gelu_18", sequential(nn.GELU), "gelu", dynamo=True, opset=18)
export("script_flatten", sequential(nn.ReLU, first=[nn.Flatten()]), "relu", shape=(2, 1, 3))
export("dynamo_flatten", sequential(nn.ReLU, first=[nn.Flatten()]), "relu", dynamo=True, shape=(2, 1, 3))

# Graphs made node by node: one network of 3-4-2, in float64.
rng = np.random.default_rng(1)
w1, b1, w2, b2 = (np.round(rng.normal(size=s), 2) for s in [(4, 3), 4, (2, 4), 2])
plain = np.maximum(x @ w1.T + b1, 0) @ w2.T + b2


def tensor(name, array, kind=TensorProto.DOUBLE, raw=True):
    array = np.asarray(array)
    if raw:
        types = {TensorProto.DOUBLE: "<f8", TensorProto.FLOAT: "<f4", TensorProto.INT64: "<i8",
                 TensorProto.FLOAT16: "<f2"}
        if kind == TensorProto.BFLOAT16:
            bits = (np.asarray(array, "<f4").view("<u4") >> 16).astype("<u2")
            return helper.make_tensor(name, kind, array.shape, bits.tobytes(), raw=True)
        return helper.make_tensor(name, kind, array.shape, array.astype(types[kind]).tobytes(), raw=True)
    return helper.make_tensor(name, kind, array.shape, array.ravel())


def value(name, kind=TensorProto.DOUBLE):
    return helper.make_tensor_value_info(name, kind, ["m", None])


def make(name, nodes, tensors, inputs=("x",), outputs=("z",), check=True):
    graph = helper.make_graph(nodes, "net", [value(i) for i in inputs], [value(o) for o in outputs], tensors)
    model = helper.make_model(graph, producer_name="hand", opset_imports=[helper.make_opsetid("", 20)])
    if check:
        onnx.checker.check_model(model)
    onnx.save(model, here / f"{name}.onnx")


node = helper.make_node
gemm = [node("Gemm", ["x", "w1", "b1"], ["a"], transB=1, name="first"), node("Relu", ["a"], ["c"], name="act"),
        node("Gemm", ["c", "w2", "b2"], ["z"], transB=1, name="last")]
arrays = [("w1", w1), ("b1", b1), ("w2", w2), ("b2", b2)]
raw = [tensor(*pair) for pair in arrays]

make("hand_raw", gemm, raw)
expect("hand_raw.onnx", plain, "relu")
make("hand_fields", gemm, [tensor(*pair, raw=False) for pair in arrays])
expect("hand_fields.onnx", plain, "relu")
make("hand_float_fields", gemm, [tensor(*pair, kind=TensorProto.FLOAT, raw=False) for pair in arrays])
f32 = [a.astype(np.float32).astype(float) for _, a in arrays]
expect("hand_float_fields.onnx", np.maximum(x @ f32[0].T + f32[1], 0) @ f32[2].T + f32[3], "relu")
f16 = [a.astype(np.float16).astype(float) for _, a in arrays]
for name, is_raw in [("hand_half", True), ("hand_half_fields", False)]:
    make(name, gemm, [tensor(n, a.astype(np.float16), kind=TensorProto.FLOAT16, raw=is_raw) for n, a in arrays])
    expect(f"{name}.onnx", np.maximum(x @ f16[0].T + f16[1], 0) @ f16[2].T + f16[3], "relu")
make("hand_bfloat", gemm, [tensor(n, a, kind=TensorProto.BFLOAT16) for n, a in arrays])
cut = [(np.asarray(a, "<f4").view("<u4") & 0xFFFF0000).view("<f4").astype(float) for _, a in arrays]
expect("hand_bfloat.onnx", np.maximum(x @ cut[0].T + cut[1], 0) @ cut[2].T + cut[3], "relu")
make("hand_scaled", [node("Gemm", ["x", "w1", "b1"], ["a"], transB=1, alpha=0.5, beta=2.0), *gemm[1:]], raw)
expect("hand_scaled.onnx", np.maximum(0.5 * x @ w1.T + 2 * b1, 0) @ w2.T + b2, "relu")
make("hand_matmul", [
    node("Identity", ["x"], ["x0"]), node("Transpose", ["w1"], ["w1t"], perm=[1, 0]),
    node("Constant", [], ["b"], value=tensor("b", b1[None, :])),
    node("MatMul", ["x0", "w1t"], ["a0"]), node("Add", ["b", "a0"], ["a"]), gemm[1],
    node("Constant", [], ["w"], value=tensor("w", w2.T)),
    node("MatMul", ["c", "w"], ["z0"]), node("Add", ["z0", "b2"], ["z"])], raw)
expect("hand_matmul.onnx", plain, "relu")
make("hand_reshape", [node("Reshape", ["x", "shape"], ["x0"]), node("Gemm", ["x0", "w1", "b1"], ["a"], transB=1),
                      *gemm[1:]], [*raw, tensor("shape", [-1, 3], kind=TensorProto.INT64)])
expect("hand_reshape.onnx", plain, "relu")
make("hand_single", [node("Gemm", ["x", "w1", "b1"], ["z"], transB=1)], raw[:2])
expect("hand_single.onnx", x @ w1.T + b1)
graph = helper.make_graph(gemm, "net", [value("x"), *map(value, ("w1", "b1", "w2", "b2"))], [value("z")], raw)
onnx.save(helper.make_model(graph, ir_version=3, opset_imports=[helper.make_opsetid("", 8)]), here / "hand_old.onnx")
expect("hand_old.onnx", plain, "relu")


def refuse(name, nodes, tensors=raw, **options):
    make(f"refused/{name}", nodes, tensors, check=False, **options)


def middle(op, **attributes):
    return [gemm[0], node(op, ["a"], ["c"], name="act", **attributes), gemm[2]]


refuse("conv", [node("Conv", ["x", "w1"], ["a"], name="/features/0/Conv"), *gemm[1:]])
refuse("domain", [node("Gelu", ["x"], ["a"], name="contrib", domain="com.microsoft"), *gemm[1:]])
refuse("softmax", [*gemm[:2], node("Gemm", ["c", "w2", "b2"], ["y"], transB=1), node("Softmax", ["y"], ["z"])])
refuse("sigmoid_last", [*gemm[:2], node("Gemm", ["c", "w2", "b2"], ["y"], transB=1), node("Sigmoid", ["y"], ["z"])])
refuse("leaky", middle("LeakyRelu", alpha=0.2))
refuse("elu", middle("Elu", alpha=0.5))
refuse("gelu_tanh", middle("Gelu", approximate="tanh"))
refuse("selu", middle("Selu"))
w3 = tensor("w3", np.eye(4))
refuse("mixed", [gemm[0], node("Relu", ["a"], ["c0"]), node("MatMul", ["c0", "w3"], ["a1"]),
                 node("Tanh", ["a1"], ["c"]), gemm[2]], [*raw, w3])
refuse("residual", [gemm[0], node("Relu", ["a"], ["c0"], name="act"), node("Add", ["c0", "a"], ["c"], name="skip"),
                    gemm[2]])
refuse("tied", [gemm[0], gemm[1], node("Gemm", ["c", "w3"], ["c1"], name="one"), node("Relu", ["c1"], ["c2"]),
                node("Gemm", ["c2", "w3"], ["z"], name="two")], [*raw, w3])
refuse("two_inputs", gemm, inputs=("x", "mask"))
refuse("two_outputs", gemm, outputs=("z", "c"))
refuse("no_output", gemm[:2])
refuse("missing", gemm, raw[:2])
refuse("chain", gemm, [raw[0], raw[1], tensor("w2", np.ones((2, 5))), raw[3]])
refuse("bias", gemm, [raw[0], tensor("b1", np.ones(3)), *raw[2:]])
refuse("not_finite", gemm, [raw[0], tensor("b1", [0, np.nan, 0, 0]), *raw[2:]])
refuse("integers", gemm, [tensor("w1", np.ones((4, 3)), kind=TensorProto.INT64), *raw[1:]])
refuse("left", [node("MatMul", ["w1", "x"], ["a"], name="columns"), *gemm[1:]])
refuse("circle", [node("Identity", ["x"], ["x"])])
short = helper.make_tensor("w1", TensorProto.DOUBLE, (4, 3), w1.tobytes(), raw=True)
short.raw_data = short.raw_data[:-1]
refuse("short", gemm, [short, *raw[1:]])
huge = helper.make_tensor("w1", TensorProto.DOUBLE, (4, 3), w1.tobytes(), raw=True)
huge.dims[:] = [1 << 40, 1 << 40]
refuse("huge", gemm, [huge, *raw[1:]])
outside = helper.make_tensor("w1", TensorProto.DOUBLE, (4, 3), w1.tobytes(), raw=True)
outside.ClearField("raw_data")
outside.data_location = TensorProto.EXTERNAL
outside.external_data.add(key="location", value="weights.bin")
refuse("external", gemm, [outside, *raw[1:]])

# safetensors.
model = sequential(nn.Tanh)
state = {k: v.numpy() for k, v in model.state_dict().items()}


def save(name, arrays, values=None, metadata=None):
    safetensors.numpy.save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()},
                                here / f"{name}.safetensors", metadata)
    if values is not None:
        expect(f"{name}.safetensors", values)


def forward(arrays, order):
    z = x
    for i, layer in enumerate(order):
        w, b = arrays[f"{layer}.weight"].astype(float), arrays.get(f"{layer}.bias")
        z = (np.tanh(z) if i else z) @ w.T + (0 if b is None else b.astype(float))
    return z


save("torch", state, logits(model), {"format": "pt"})
save("float64", {k: v.astype(float) for k, v in state.items()}, logits(model))
half = {k: v.astype(np.float16) for k, v in state.items()}
save("float16", half, forward(half, "024"))
torch_half = {k: v.to(torch.bfloat16) for k, v in model.state_dict().items()}
import safetensors.torch  # noqa: E402

safetensors.torch.save_file(torch_half, here / "bfloat16.safetensors")
expect("bfloat16.safetensors", forward({k: v.float().numpy() for k, v in torch_half.items()}, "024"))


def renamed(names):
    old = dict(zip(["0", "2", "4"], names))
    return {f"{old[k.split('.')[0]]}.{k.split('.')[1]}": v for k, v in state.items()}


save("nested", renamed(["encoder.fc1", "encoder.fc2", "head"]), logits(model))
save("modules", renamed(["features.0", "features.2", "classifier.0"]), logits(model))
save("transposed", {k: v.T for k, v in state.items()}, logits(model))
save("burn", {k: v.T for k, v in state.items()}, logits(model), {"producer": "burn"})
square = sequential(nn.Tanh, (3, 3, 3), seed=1)
squares = {k: v.numpy() for k, v in square.state_dict().items()}
save("square", squares, logits(square))
save("refused/burn_square", {k: v.T for k, v in squares.items()}, metadata={"producer": "burn"})
alike = {"b.weight": squares["0.weight"], "a.weight": squares["2.weight"]}
save("refused/alike", alike)
np.savez(here / "alike.npz", **alike)  # in this order
expect("alike.npz", np.tanh(x @ alike["b.weight"].astype(float).T) @ alike["a.weight"].astype(float).T)
np.savez(here / "refused/alphabetical.npz", **{k: alike[k] for k in sorted(alike)})
np.savez(here / "nested.npz", **collections.OrderedDict(renamed(["encoder.fc1", "encoder.fc2", "head"])))
expect("nested.npz", logits(model))
save("refused/integers", {**state, "0.weight": np.ones((4, 3), dtype=np.int64)})
save("refused/norm", {**state, "1.weight": np.ones(4)})
save("refused/running", {**state, "1.running_mean": np.ones(4)})
save("refused/lone_bias", {k: v for k, v in state.items() if k != "2.weight"})
save("refused/nan", {**state, "2.bias": np.full(5, np.nan, dtype=np.float32)})
save("refused/loose", {"a.weight": np.ones((4, 3)), "b.weight": np.ones((5, 7))})
save("refused/broken", {"0.weight": np.ones((4, 3)), "2.weight": np.ones((5, 7))})
save("refused/bias", {"0.weight": np.ones((4, 3)), "0.bias": np.ones(5)})
save("refused/nothing", {})
torch.save(model.state_dict(), here / "refused/torch.npz")
(here / "refused/keras").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(8))

(here / "expected.json").write_text(json.dumps({"x": x.tolist(), "networks": expected}, indent=1))
