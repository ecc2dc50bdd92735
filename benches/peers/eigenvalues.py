"""All eigenvalues of a saved matrix by SciPy's and NumPy's own LAPACK: eigenvalues.py matrix.npy ours.npy repeats"""

import sys

import numpy as np
import scipy

from measuring import say, timed


def main():
    matrix, reference, repeats = np.load(sys.argv[1]), np.load(sys.argv[2]), int(sys.argv[3])
    scale = np.abs(reference).max()
    systems = {"numpy.linalg.eigvalsh": (np.__version__, lambda: np.linalg.eigvalsh(matrix))}
    for driver in ("evd", "evr"):
        systems[f"scipy.linalg.eigh {driver}"] = (
            scipy.__version__, lambda driver=driver: scipy.linalg.eigh(matrix, eigvals_only=True, driver=driver))
    for name, (version, work) in systems.items():
        work()
        seconds, values = timed(work, repeats)
        say(system=name, version=version, seconds=seconds, difference=float(np.abs(values - reference).max() / scale))


if __name__ == "__main__":
    sys.exit(main())
