"""What the workers share: the problem as our side saved it, repeated timing, memory."""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np


def load(path):
    """Inputs, labels and weight matrices of a saved problem, and its activation."""
    arrays = np.load(path)
    layers = sorted((int(name.split(".")[0]), name) for name in arrays.files if name.endswith(".weight"))
    activation = json.loads(Path(path).with_suffix(".json").read_text())["activation"]
    return arrays["x"], arrays["y"], [arrays[name] for _, name in layers], activation


def unpacker(shapes):
    """theta -> list of weight matrices; works on torch and JAX arrays alike."""
    sizes = [rows * columns for rows, columns in shapes]
    starts = np.cumsum([0] + sizes)
    return lambda theta: [theta[int(a):int(b)].reshape(shape) for a, b, shape in zip(starts, starts[1:], shapes)]


def peak_memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def timed(work, repeats, budget=20.0):
    """Seconds of up to `repeats` runs, no new one being started after `budget` seconds; and the last result."""
    seconds, begun, result = [], time.perf_counter(), None
    while len(seconds) < repeats and (not seconds or time.perf_counter() - begun < budget):
        result = None
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return seconds, result


def difference(matrix, ours, columns=None):
    """Largest absolute difference over the Frobenius norm of ours (of the compared columns)."""
    reference = np.load(ours, mmap_mode="r")
    reference = reference if columns is None else reference[:, :columns]
    return float(np.abs(matrix - reference).max() / np.linalg.norm(reference))


def say(**report):
    """One line of JSON for compare.py; the last one counts."""
    print(json.dumps(report), flush=True)


def arguments():
    """problem.npz ours.npy|- chunk repeats"""
    problem, ours, chunk, repeats = sys.argv[1:5]
    return problem, None if ours == "-" else ours, int(chunk), int(repeats)
