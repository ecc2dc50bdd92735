"""Runs the project's notebooks, judges what they show, and writes them out.

    notebooks.py run     execute what has changed, refresh the stored outputs, write HTML and figures to out/
    notebooks.py test    execute and judge, change nothing
    notebooks.py times   execute and print how long kernels and cells take

`run` and `test` have two notebooks at work at a time; inputs.py knows what has changed.
"""

import argparse
import hashlib
import os
import re
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
from nbclient import NotebookClient

import figures
import page
from inputs import ROOT, Inputs, notebooks

OUT = ROOT / "out"
KERNEL = "hessia"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# Tags of cells that show an error or a warning on purpose, or compute for long.
MAY_FAIL, MAY_WARN, LONG = "raises-exception", "allow-stderr", "long"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["run", "test", "times"])
    parser.add_argument("--all", action="store_true", help="run: also what has not changed")
    parser.add_argument("notebooks", nargs="*", type=Path)
    arguments = parser.parse_args()
    paths = arguments.notebooks or notebooks()
    os.environ["JUPYTER_PATH"] = str(ROOT / ".hessia" / "jupyter")
    # Ctrl-C ends the runner at once, instead of after the notebooks at hand; its kernels see that and end as well.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    command = {"run": run, "test": test, "times": times}[arguments.command]
    sys.exit(command(paths, arguments.all))


def run(paths, everything):
    OUT.mkdir(exist_ok=True)
    os.environ["HESSIA_OUT"] = str(OUT)
    inputs = Inputs()
    changed = [path for path in paths if everything or not inputs.fit(path)]
    for path in paths:
        if path not in changed:
            render(path, nbformat.read(path, as_version=4))
    failures = 0
    for path, notebook, failed in side_by_side(changed, execute_and_picture):
        failures += failed
        if not failed:
            text = nbformat.writes(notebook) + "\n"
            if text != path.read_text():
                write(path, text)
            inputs.keep(path)
            render(path, notebook)
    if changed != paths:
        print(f"{len(paths) - len(changed)} of {len(paths)} unchanged (make notebooks ALL=1 executes them as well)")
    print(f"notebooks as HTML, with their tables and figures: {OUT}")
    return failures


def execute_and_picture(path):
    notebook, seconds = execute(path)
    if not report(path, notebook, seconds):
        keep_pictures(path, notebook)
        return path, notebook, False
    return path, notebook, True


def render(path, notebook):
    """Writes HTML and figures of what is not yet written from the same outputs."""
    stamp = OUT / "stamps" / path.stem
    key = hashlib.sha256(path.read_bytes() + Path(page.__file__).read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == key and (OUT / f"{path.stem}.html").exists():
        return
    write(OUT / f"{path.stem}.html", page.html(notebook, path.stem))
    figures.save(notebook, OUT / "figures", path.stem)
    stamp.parent.mkdir(exist_ok=True)
    write(stamp, key)


def side_by_side(paths, work):
    """The results of `work`, two at a time, as they come; says meanwhile how far it is."""
    began = time.perf_counter()
    with ThreadPoolExecutor(max_workers=2) as workers:
        todo = [workers.submit(work, path) for path in paths]
        for done, future in enumerate(as_completed(todo), 1):
            yield future.result()
            if done < len(paths):
                left = (time.perf_counter() - began) / done * (len(paths) - done)
                print(f"  {done} of {len(paths)} notebooks, about {left:.0f} s left", flush=True)


def test(paths, _everything):
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HESSIA_OUT"] = folder
        return sum(side_by_side(paths, lambda path: report(path, *execute(path))))


def times(paths, _everything):
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HESSIA_OUT"] = folder
        # Cells are compiled, as on the day that they are written, and not taken from an earlier run.
        os.environ["HESSIA_CELLS"] = f"{folder}/cells"
        print(f"{'notebook':32} {'start':>7} {'first':>7} {'median':>7} {'worst':>7}  (seconds; worst of cells not tagged '{LONG}')")
        for path in paths:
            notebook, seconds = execute(path)
            cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
            spent = [cell.metadata.get("seconds", 0.0) for cell in cells]
            short = [s for cell, s in zip(cells, spent) if LONG not in cell.metadata.get("tags", [])] or [0.0]
            median = sorted(short)[len(short) // 2]
            print(f"{path.stem:32} {seconds['start']:7.2f} {spent[0]:7.2f} {median:7.2f} {max(short):7.2f}")
            if max(short) > 2.5:
                slow = max(cells, key=lambda c: c.metadata.get("seconds", 0.0) * (LONG not in c.metadata.get("tags", [])))
                print("    slowest: " + slow.source.replace("\n", "\n             "))
    return 0


def execute(path):
    """The notebook with the outputs of a run in a kernel of its own, and the seconds that this took."""
    notebook = nbformat.read(path, as_version=4)
    began = {}

    def note_start(cell, cell_index, **_):
        began[cell_index] = time.perf_counter()

    def note_end(cell, cell_index, **_):
        cell.metadata["seconds"] = time.perf_counter() - began[cell_index]

    client = NotebookClient(
        notebook,
        kernel_name=KERNEL,
        timeout=3600,
        startup_timeout=600,
        allow_errors=True,
        record_timing=False,
        resources={"metadata": {"path": str(path.resolve().parent)}},
        on_cell_execute=note_start,
        on_cell_executed=note_end,
    )
    start = time.perf_counter()
    seconds = {"start": 0.0}
    current = None
    try:
        with client.setup_kernel():
            seconds["start"] = time.perf_counter() - start
            for index, cell in enumerate(notebook.cells):
                current = cell
                client.execute_cell(cell, index)
    except (RuntimeError, TimeoutError) as error:
        # A kernel that did not start, died or took too long is the failure of this notebook, not of the run.
        seconds["trouble"] = current or notebook.cells[0], f"kernel: {error}"
    seconds["all"] = time.perf_counter() - start
    return notebook, seconds


def report(path, notebook, seconds):
    """Prints what happened; true if the notebook failed."""
    complaints = [
        (cell, complaint)
        for cell in notebook.cells
        if cell.cell_type == "code"
        for complaint in faults(cell)
    ]
    if "trouble" in seconds:
        complaints.insert(0, seconds["trouble"])
    verdict = "FAILED" if complaints else "ok"
    lines = [f"{path.stem}: {verdict}, {len(notebook.cells)} cells, {seconds['all']:.1f} s"]
    # Later cells often fail only because the first did.
    for cell, complaint in complaints[:3]:
        lines.append("  in the cell\n    " + cell.source.replace("\n", "\n    "))
        lines.append("  " + COLOURS.sub("", complaint).replace("\n", "\n  "))
    print("\n".join(lines), flush=True)
    return bool(complaints)


def faults(cell):
    """What is wrong with the outputs of a cell."""
    tags = cell.metadata.get("tags", [])
    errors = [output for output in cell.outputs if output.output_type == "error"]
    if errors and MAY_FAIL not in tags:
        yield "error: " + "\n".join(errors[0].traceback or [errors[0].evalue])
    if not errors and MAY_FAIL in tags:
        yield f"is tagged {MAY_FAIL} but raised no error"
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stderr" and MAY_WARN not in tags and not errors:
            yield "stderr: " + output.text
        if "panicked at" in output.get("text", "") and MAY_FAIL not in tags:
            yield "panic: " + output.text


def keep_pictures(path, notebook):
    """Makes outputs the same in every run, and gives each figure a picture for readers without plotly."""
    normalise(notebook)
    figures.reuse(notebook, nbformat.read(path, as_version=4))
    figures.draw([notebook])


def normalise(notebook):
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Rust (hessia)", "language": "rust", "name": KERNEL},
            "language_info": {
                "codemirror_mode": "rust",
                "file_extension": ".rs",
                "mimetype": "text/rust",
                "name": "Rust",
                "pygments_lexer": "rust",
            },
        }
    )
    count = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        for name in ("seconds", "execution"):
            cell.metadata.pop(name, None)
        cell.outputs = [o for o in cell.outputs if o.get("metadata", {}).get("hessia") != "progress"]
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count


def write(path, text):
    aside = path.with_name(path.name + ".new")
    aside.write_text(text)
    aside.replace(path)


if __name__ == "__main__":
    main()
