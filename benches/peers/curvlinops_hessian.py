"""Columns of the full Hessian or of the GGN by curvlinops' linear operators, as many as fit in the time.

    curvlinops_hessian.py problem.npz ours.npy full|ggn seconds
"""

import sys
import time
import warnings
from importlib.metadata import version

import numpy as np
import torch
from curvlinops import GGNLinearOperator, HessianLinearOperator

from measuring import difference, load, peak_memory, say
from per_object import sequential

warnings.filterwarnings("ignore")


def main():
    problem, ours, term, budget = sys.argv[1:5]
    inputs, labels, weights, activation = load(problem)
    model = sequential(weights, activation)
    data = [(torch.tensor(inputs), torch.tensor(labels))]
    before = peak_memory()
    maker = {"full": HessianLinearOperator, "ggn": GGNLinearOperator}[term]
    operator = maker(model, torch.nn.CrossEntropyLoss(), list(model.parameters()), data,
                     check_deterministic=False)
    order, chunk = operator.shape[1], 64
    columns = lambda first: torch.eye(order, dtype=torch.float64)[:, first:first + chunk]
    operator @ columns(0)
    begun, parts = time.perf_counter(), []
    for first in range(0, order, chunk):
        parts.append((operator @ columns(first)).detach().numpy())
        if time.perf_counter() - begun > float(budget):
            break
    seconds = time.perf_counter() - begun
    matrix = np.concatenate(parts, axis=1)
    say(spent=seconds, columns=matrix.shape[1], order=order, memory=peak_memory() - before,
        difference=difference(matrix, ours, matrix.shape[1]), version=version("curvlinops-for-pytorch"))


if __name__ == "__main__":
    sys.exit(main())
