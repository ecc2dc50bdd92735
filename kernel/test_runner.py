"""The runner of the notebooks, with Python's kernel in the place of ours: one dead kernel, changed data, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import nbformat

import inputs
import notebooks

KERNEL = {"argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "x", "language": "python"}


class Runner(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        spec = self.folder / ".hessia" / "jupyter" / "kernels" / notebooks.KERNEL
        spec.mkdir(parents=True)
        (spec / "kernel.json").write_text(json.dumps(KERNEL))
        self.set(os.environ, "JUPYTER_PATH", str(self.folder / ".hessia" / "jupyter"))
        self.set(os.environ, "XDG_CACHE_HOME", str(self.folder / "cache"))
        self.set(os.environ, "HESSIA_DATA", "")
        for module, name, value in [
            (notebooks, "OUT", self.folder / "out"),
            (inputs, "NOTEBOOKS", self.folder),
            (inputs, "KEYS", self.folder / "inputs.json"),
        ]:
            self.addCleanup(setattr, module, name, getattr(module, name))
            setattr(module, name, value)

    def set(self, where, name, value):
        before = where.get(name)
        self.addCleanup(lambda: where.pop(name) if before is None else where.update({name: before}))
        where[name] = value

    def notebook(self, name, source):
        path = self.folder / name
        cells = [nbformat.v4.new_code_cell(source, id="cell")]
        path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)))
        return path

    def test_a_dead_kernel_fails_its_notebook_alone(self):
        # Tagged as one that may fail: its death is none of the errors that are meant.
        dead = self.notebook("02_dead.ipynb", "import os; os._exit(1)")
        dead.write_text(dead.read_text().replace('"metadata": {}', '"metadata": {"tags": ["raises-exception"]}', 1))
        paths = [self.notebook("01_first.ipynb", "print(1)"), dead, self.notebook("03_last.ipynb", "print(3)")]
        before = dead.read_text()
        self.assertEqual(notebooks.run(paths, False), 1)
        self.assertEqual(dead.read_text(), before)
        fit = inputs.Inputs().fit
        self.assertEqual([fit(path) for path in paths], [True, False, True])
        self.assertIn("3\\n", paths[2].read_text())

    def test_changed_data_make_a_notebook_stale(self):
        path = self.notebook("01_first.ipynb", "print(1)")
        inputs.Inputs().keep(path)
        self.assertTrue(inputs.Inputs().fit(path))
        built = self.folder / "cache" / "hessia" / "builds" / "x"
        own = self.folder / "own"
        features = self.folder / "cache" / "hessia" / "features" / "cifar100.npy"
        self.set(os.environ, "HESSIA_DATA", str(own))
        for file, fits in [(built, True), (features, False), (own / "mnist" / "train.gz", False)]:
            inputs.Inputs().keep(path)
            file.parent.mkdir(parents=True)
            file.write_text("changed")
            self.assertEqual(inputs.Inputs().fit(path), fits, file)

    def test_embedded_data_count(self):
        path = self.notebook("01_first.ipynb", "print(1)")
        inputs.Inputs().keep(path)
        added = inputs.ROOT / "data" / "features" / "added-by-a-test"
        self.addCleanup(added.unlink)
        added.write_text("x")
        self.assertFalse(inputs.Inputs().fit(path))

    def test_an_interrupt_ends_the_runner_at_once(self):
        begun = self.folder / "begun"
        path = self.notebook("01_long.ipynb", f"open({str(begun)!r}, 'w'); import time; time.sleep(60)")
        code = f"import sys, pathlib, notebooks; notebooks.ROOT = pathlib.Path({str(self.folder)!r})\n"
        code += f"sys.argv[1:] = ['test', {str(path)!r}]; notebooks.main()"
        run = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parent)
        self.addCleanup(run.kill)
        end = time.time() + 60
        while not begun.exists():
            self.assertLess(time.time(), end)
            time.sleep(0.1)
        run.send_signal(signal.SIGINT)
        self.assertEqual(run.wait(timeout=5), -signal.SIGINT)


if __name__ == "__main__":
    unittest.main()
