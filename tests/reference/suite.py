"""Reference curvature of the cases that `hessia cases` writes: writes suite.npz and suite.json.

    hessia cases --output DIR && python suite.py DIR      # requirements.txt

The jets of saturated.py, in 60 decimal digits. Says how far the written values are from these.
"""

import json
import pathlib
import sys

import numpy as np

import nets
import saturated

saturated.mp.dps = 60
folder = pathlib.Path(sys.argv[1])
results, worst = [], 0.0
for case in json.loads((folder / "cases.json").read_text()):
    arrays = np.load(folder / case["file"])
    c = {k: case[k] for k in ("name", "widths", "biases", "activation", "loss", "reduction")}
    c |= {k: arrays[k] for k in ("theta", "x", "y")}
    result = saturated.reference(c)
    for key in ("loss", "gradient", "hessian", "ggn", "h_term"):
        norm = np.linalg.norm(result[key])
        gap = np.abs(arrays[key] - result[key]).max() / (norm or 1)
        worst = max(worst, gap)
        assert gap <= 1e-14, (case["name"], key, gap)
    results.append((c, result))
nets.write("suite", results)
print(f"largest difference over the norm: {worst:.1e}")
