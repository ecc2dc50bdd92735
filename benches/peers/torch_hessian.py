"""Full Hessian by torch.func: vmap over chunks of identity columns of jvp of grad (what torch.func.hessian does,
with the chunk chosen). Column by column chunk, so that a run that is cut off can say how far it came."""

import sys
import time

import numpy as np
import torch
from torch.func import grad, jvp, vmap

from measuring import arguments, difference, load, peak_memory, say, timed, unpacker

ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh}


def main():
    problem, ours, chunk, repeats = arguments()
    inputs, labels, weights, activation = load(problem)
    x, y = torch.tensor(inputs), torch.tensor(labels)
    theta = torch.cat([torch.tensor(w).reshape(-1) for w in weights])
    unpack, s = unpacker([w.shape for w in weights]), ACTIVATIONS[activation]

    def loss(theta):
        h, layers = x, unpack(theta)
        for w in layers[:-1]:
            h = s(h @ w.T)
        return torch.nn.functional.cross_entropy(h @ layers[-1].T, y)

    def product(v):
        return jvp(grad(loss), (theta,), (v,))[1]

    order = len(theta)
    products = vmap(product)
    before = peak_memory()

    def columns(first, last):
        v = torch.zeros(last - first, order, dtype=torch.float64)
        v[torch.arange(last - first), torch.arange(first, last)] = 1.0
        return products(v)

    def hessian(report=None):
        matrix, start = torch.empty(order, order, dtype=torch.float64), time.perf_counter()
        for first in range(0, order, chunk):
            last = min(first + chunk, order)
            matrix[first:last] = columns(first, last)
            if report is not None:
                report(last, time.perf_counter() - start)
        return matrix

    columns(0, min(chunk, order))
    if repeats == 0:
        seconds, _ = timed(lambda: columns(0, min(chunk, order)), 3)
        say(probe=min(seconds) / min(chunk, order) * order)
        return
    progress = None
    if repeats == 1:
        progress = lambda done, spent: say(columns=done, order=order, spent=spent, memory=peak_memory() - before)
    seconds, matrix = timed(lambda: hessian(progress), repeats)
    memory = peak_memory() - before
    gap = difference(matrix.numpy(), ours) if ours else None
    say(seconds=seconds, memory=memory, difference=gap, threads=torch.get_num_threads(), version=torch.__version__)


if __name__ == "__main__":
    sys.exit(main())
