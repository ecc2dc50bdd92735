"""Writes the arrays under files/ with NumPy, as its users would: run with NumPy 1.24 or later.

    python files.py
"""

import pathlib

import numpy as np

here = pathlib.Path(__file__).parent / "files"
here.mkdir(exist_ok=True)
x = (np.arange(12).reshape(4, 3) - 5) / 4  # exact in float32
for name, array in {
    "float64": x,
    "float32": x.astype(np.float32),
    "float32_fortran": np.asfortranarray(x.astype(np.float32)),
    "float64_big_endian": x.astype(">f8"),
    "float16": x.astype(np.float16),
    "complex64": x.astype(np.complex64),
    "longdouble": x.astype(np.longdouble),
    "object": x.astype(object),
    "text": np.array(["a", "b"]),
    "date": np.array(["2024-01-01"], dtype="datetime64[D]"),
    "structured": np.zeros(2, dtype=[("a", "<f4"), ("b", "<i8", (2, 2))]),
    "empty": np.zeros((0, 3)),
    "scalar": np.float64(1.5),
    "three": np.zeros((2, 2, 2)),
    "not_finite": np.array([[0.0, 1.0], [np.nan, np.inf]]),
    "int64": np.array([3, 0, 1, 2]),
    "int64_column": np.array([[3], [0], [1], [2]]),
    "int64_negative": np.array([3, -1, 1, 2]),
    "int32_big_endian": np.array([3, 0, 1, 2], dtype=">i4"),
    "int8": np.array([3, 0, 1, -2], dtype=np.int8),
    "uint8": np.array([3, 0, 1, 2], dtype=np.uint8),
    "uint64": np.array([3, 0, 1, 2], dtype=np.uint64),
    "uint64_huge": np.array([3, 2**63], dtype=np.uint64),
    "bool": np.array([True, False, True]),
}.items():
    np.save(here / f"{name}.npy", array, allow_pickle=True)

# A 3-4-2 network; in the other names the same one.
rng = np.random.default_rng(0)
w0, b0, w2, b2 = (np.round(rng.normal(size=s), 2) for s in [(4, 3), 4, (2, 4), 2])
net = {"0.weight": w0, "0.bias": b0, "2.weight": w2, "2.bias": b2}
np.savez(here / "net.npz", **net)
np.savez_compressed(here / "net_compressed.npz", **net)
np.savez(here / "net_float32.npz", **{k: np.asfortranarray(v.astype(np.float32)) for k, v in net.items()})
np.savez(here / "net_prefix.npz", **{f"module.net.{k}": v for k, v in net.items()})
np.savez(here / "net_fc.npz", **{k.replace("0.", "fc1.").replace("2.", "fc2."): v for k, v in net.items()})
# Twelve layers, the names in the order of their letters: 10 before 2.
deep = {f"{i}.weight": np.full((i + 2, i + 1), float(i)) for i in range(12)}
np.savez(here / "net_deep.npz", **dict(sorted(deep.items())))
np.savez(here / "net_float16.npz", **{k: v.astype(np.float16) for k, v in net.items()})
np.savez(here / "net_complex.npz", **{k: v.astype(complex) for k, v in net.items()})
np.savez(here / "net_broken_chain.npz", **{**net, "2.weight": np.zeros((2, 5))})
np.savez(here / "net_wrong_bias.npz", **{**net, "0.bias": np.zeros(5)})
np.savez(here / "net_lone_bias.npz", **{k: v for k, v in net.items() if k != "2.weight"})
np.savez(here / "net_unknown.npz", **net, gamma=np.ones(4))
np.savez(here / "net_mixed.npz", **{"features.0.weight": w0, "head.weight": w2})
np.savez(here / "net_flat.npz", **{**net, "2.weight": np.zeros(8)})
np.savez(here / "net_nan.npz", **{**net, "2.bias": np.array([0.0, np.nan])})
