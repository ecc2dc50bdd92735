"""The same cells in the Rust kernel and in a Python one with NumPy, polars and plotly: how long each takes.

Prints one table and writes it to benches/results/notebook-cells.md. Each kernel is started twice: the second start
is the one of a set-up machine in use. Cells run one after the other, as a reader runs them.
"""

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "benches" / "results" / "notebook-cells.md"

CELLS = [
    ("imports", "use hessia::prelude::*;", "import numpy as np, polars as pl, plotly.graph_objects as go"),
    ("an array of 3", "array![1.0, 2.0, 3.0]", "np.array([1.0, 2.0, 3.0])"),
    ("a function",
     "fn decay(k: usize) -> f64 { 1.0 / (k as f64 + 1.0) }",
     "def decay(k):\n    return 1.0 / (k + 1.0)"),
    ("a symmetric matrix of order 300",
     "let a = Array2::from_shape_fn((300, 300), |(i, j)| decay(i + j)); a.clone()",
     "i, j = np.indices((300, 300))\na = decay(i + j)\na"),
    ("its eigenvalues", "let spectrum = eigvalsh(&a)?; spectrum.clone()", "values = np.linalg.eigvalsh(a)\nvalues"),
    ("a table of 100,000 rows",
     "let k: Vec<i64> = (0..100_000).collect();\n"
     "let table = df![\"k\" => k.clone(), \"group\" => k.iter().map(|k| k % 7).collect::<Vec<_>>(),\n"
     "    \"value\" => k.iter().map(|&k| decay(k as usize)).collect::<Vec<_>>()]?;\ntable.clone()",
     "k = np.arange(100_000)\ntable = pl.DataFrame({'k': k, 'group': k % 7, 'value': decay(k)})\ntable"),
    ("group and aggregate",
     "table.clone().lazy().group_by([col(\"group\")]).agg([col(\"value\").mean(), col(\"k\").max()])\n"
     "    .sort([\"group\"], Default::default()).collect()?",
     "table.lazy().group_by('group').agg(pl.col('value').mean(), pl.col('k').max()).sort('group').collect()"),
    ("a figure",
     "spectrum_figure(&spectrum_table(&spectrum)?, spectrum.tolerance)",
     "go.Figure(go.Scatter(y=np.abs(values), mode='markers'), {'yaxis': {'type': 'log'}})"),
    ("a table as Parquet",
     "write_table(&table, std::env::temp_dir().join(\"cells-rust.parquet\"), &Provenance::new(\"cells\"))?",
     "import tempfile, pathlib\ntable.write_parquet(pathlib.Path(tempfile.gettempdir()) / 'cells-python.parquet')"),
    ("a typo (an error)", "spectrum.eigenvaluse()", "table.hieght"),
    ("the cell after it", "let after = 1 + 1; after", "after = 1 + 1\nafter"),
]


def run(kernel, sources):
    """Seconds from nothing to a ready kernel, and of each cell."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, kernel_name=kernel, timeout=600, startup_timeout=600, allow_errors=True,
                                resources={"metadata": {"path": folder}})
        start = time.perf_counter()
        with client.setup_kernel():
            ready = time.perf_counter() - start
            seconds = []
            for index, cell in enumerate(notebook.cells):
                begun = time.perf_counter()
                client.execute_cell(cell, index)
                seconds.append(time.perf_counter() - begun)
    for (what, *_), cell in zip(CELLS, notebook.cells):
        failed = any(output.output_type == "error" for output in cell.outputs)
        if failed != what.startswith("a typo"):
            sys.exit(f"{kernel}, {what}: {json.dumps(cell.outputs)[:2000]}")
    return ready, seconds


def main():
    # The first start compiles all cells, the second takes what the first has compiled.
    cells = tempfile.TemporaryDirectory()
    os.environ["HESSIA_CELLS"] = cells.name
    os.environ["JUPYTER_PATH"] = str(ROOT / ".hessia" / "jupyter")
    if "hessia" not in KernelSpecManager().find_kernel_specs():
        sys.exit("the kernel is not there: run 'make kernel' first")
    columns = {}
    for name, kernel, which in (("Rust", "hessia", 1), ("Python", "python3", 2)):
        sources = [cell[which] for cell in CELLS]
        for turn in ("first", "second"):
            columns[name, turn] = run(kernel, sources)
    heads = list(columns)
    lines = [
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
        f"seconds; {time.strftime('%Y-%m-%d')}.",
        "",
        "| cell | " + " | ".join(f"{name}, {turn} start" for name, turn in heads) + " |",
        "|---|" + "---:|" * len(heads),
        "| kernel ready | " + " | ".join(f"{columns[head][0]:.2f}" for head in heads) + " |",
    ]
    for index, (what, *_) in enumerate(CELLS):
        lines.append(f"| {what} | " + " | ".join(f"{columns[head][1][index]:.2f}" for head in heads) + " |")
    lines.append("| median | " + " | ".join(f"{statistics.median(columns[head][1]):.2f}" for head in heads) + " |")
    lines.append("| slowest | " + " | ".join(f"{max(columns[head][1]):.2f}" for head in heads) + " |")
    text = "\n".join(lines) + "\n"
    aside = RESULT.with_suffix(".part")
    aside.write_text(text)
    aside.rename(RESULT)
    print(text)


if __name__ == "__main__":
    main()
