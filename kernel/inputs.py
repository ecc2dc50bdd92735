"""Which notebooks have changed: keys of what the stored outputs of each follow from, kept in notebooks/inputs.json.

    inputs.py [--all] [NOTEBOOK...]     names what is to be executed; fails if that is nothing

Needs nothing but Python itself, so that it can be asked before anything is built.
"""

import hashlib
import json
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
KEYS = NOTEBOOKS / "inputs.json"


def main():
    given = sys.argv[1:]
    paths = [Path(name) for name in given if name != "--all"] or notebooks()
    inputs = Inputs()
    stale = [path.stem for path in paths if "--all" in given or not inputs.fit(path)]
    print("\n".join(stale))
    sys.exit(not stale)


def notebooks():
    return sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))


class Inputs:
    def __init__(self):
        kernel = ROOT / "kernel"
        files = [ROOT / "Cargo.lock", kernel / "launch.sh", kernel / "figures.py", *kernel.glob("**/*.patch")]
        files += [file for file in ROOT.glob("data/**/*") if file.is_file()]
        for crate in crates(kernel / "notebook"):
            files += [crate / "Cargo.toml", *crate.glob("src/**/*.rs")]
        digest = hashlib.sha256()
        for file in sorted(set(files)):
            digest.update(f"{file.relative_to(ROOT)}\n".encode() + file.read_bytes())
        # Data on this machine alone: by size and time, for there may be gigabytes of them.
        for file in sorted(own_data()):
            digest.update(f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}\n".encode())
        self.common = digest.hexdigest()
        self.keys = json.loads(KEYS.read_text()) if KEYS.exists() else {}

    def fit(self, path):
        """Whether the notebook's outputs are those that a run would give."""
        return self.keys.get(path.stem) == self.key(path)

    def keep(self, path):
        if path.resolve().parent == NOTEBOOKS:
            self.keys[path.stem] = self.key(path)
            aside = KEYS.with_suffix(".new")
            aside.write_text(json.dumps(self.keys, indent=1, sort_keys=True) + "\n")
            aside.replace(KEYS)

    def key(self, path):
        """Of the code, its outputs, and all files that it may use; not of the text around them."""
        cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
        parts = [[cell["source"], cell["metadata"].get("tags", []), cell["outputs"]] for cell in cells]
        text = json.dumps([self.common, parts], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def own_data():
    """Data sets and features where the library looks for them outside of the project: HESSIA_DATA, the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hessia"
    folders = [folder for folder in cache.glob("*") if re.match(r"builds$|(build|evcxr|python)-", folder.name) is None]
    if os.environ.get("HESSIA_DATA"):
        folders.append(Path(os.environ["HESSIA_DATA"]))
    return [file for folder in folders for file in folder.glob("**/*") if file.is_file()]


def crates(folder):
    """The folder of a crate of the workspace, and those of all that it depends on there."""
    found, todo = [], [folder.resolve()]
    while todo:
        crate = todo.pop()
        if crate not in found:
            found.append(crate)
            paths = re.findall(r'path = "([^"]+)"', (crate / "Cargo.toml").read_text())
            todo += [other for path in paths if ((other := (crate / path).resolve()) / "Cargo.toml").exists()]
    return found


if __name__ == "__main__":
    main()
