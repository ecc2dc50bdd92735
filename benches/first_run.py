"""How long the first run takes, by phases: from an empty home, caches and cargo home; in a second clone; after a
change of one library file; after a change of one notebook.

    benches/first_run.py [--quick]      --quick: only the first notebook instead of all

Works in clones of the present commit in a temporary folder. Prints one table and writes it to
benches/results/first-run.md: seconds that passed and seconds of processors, which a busy machine changes less.
"""

import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benches" / "results" / "first-run.md"
FIRST = "notebooks/00_start_here.ipynb"


def main():
    rows = []
    folder = Path(tempfile.mkdtemp(prefix="first-run-"))
    own = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CARGO_", "HESSIA_", "RUSTFLAGS"))}
    environment["RUSTUP_HOME"] = os.environ.get("RUSTUP_HOME", str(Path.home() / ".rustup"))
    environment["HOME"] = str(folder / "home")
    environment["CARGO_HOME"] = str(folder / "cargo")
    environment["XDG_CACHE_HOME"] = str(folder / "cache")
    (folder / "home").mkdir()
    (folder / "cargo").mkdir()
    if (own / "config.toml").exists():
        shutil.copy(own / "config.toml", folder / "cargo")

    def timed(what, command, where):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.monotonic()
        subprocess.run(command, cwd=where, env=environment, check=True, shell=True)
        passed = time.monotonic() - begun
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        rows.append((what, passed, used))
        print(f"{what}: {passed:.1f} s, {used:.1f} s of processors", flush=True)

    def clone(name):
        where = folder / name
        subprocess.run(["git", "clone", "--quiet", ROOT, where], check=True)
        return where

    every = "" if "--quick" in sys.argv else "ALL=1"
    rest = "make notebooks ALL=1" if every else "true"
    python = ".hessia/bin/python"
    try:
        first = clone("first")
        timed("empty caches: crates downloaded", "cargo fetch --quiet", first)
        timed("Python environment, kernel and library at the same time", "make kernel", first)
        print((first / ".hessia" / "build.log").read_text()[-400:])
        timed("the first notebook executed", f"{python} kernel/notebooks.py run --all {FIRST}", first)
        timed("all notebooks executed" if every else "(not all)", rest, first)
        timed("nothing changed: make notebooks", f"make notebooks || {python} kernel/notebooks.py run {FIRST}", first)
        second = clone("second")
        timed("second clone: make kernel", "make kernel", second)
        timed("second clone: the first notebook", f"{python} kernel/notebooks.py run --all {FIRST}", second)
        with open(first / "src" / "lib.rs", "a") as file:
            file.write("\n/// One.\npub const ONE: usize = 1;\n")
        timed("one library file changed: the first notebook", f"{python} kernel/notebooks.py run {FIRST}", first)
        notebook = json.loads((first / FIRST).read_text())
        cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
        cell["source"] = [*cell["source"], "\n// changed"]
        (first / FIRST).write_text(json.dumps(notebook))
        timed("one notebook changed", f"{python} kernel/notebooks.py run {FIRST}", first)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    lines = [
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[2]:.1f} over the last quarter of an hour; "
        f"{time.strftime('%Y-%m-%d')}.",
        "",
        "| step | seconds | of processors |",
        "|---|---:|---:|",
        *(f"| {what} | {passed:.1f} | {used:.1f} |" for what, passed, used in rows),
    ]
    text = "\n".join(lines) + "\n"
    aside = RESULT.with_suffix(".part")
    aside.write_text(text)
    aside.rename(RESULT)
    print(text)


if __name__ == "__main__":
    main()
