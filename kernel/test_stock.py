"""hessia in the published evcxr kernel, from a folder outside of the repository: the cells of docs/notebooks.md.

As a reader of that page would have it: the kernel compiles polars and all the rest itself, some eight minutes.
"""

import json
import os
import re
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "notebooks.md"
PLOTLY = "application/vnd.plotly.v1+json"

MANIFEST = """[package]
name = "mine"
version = "0.1.0"
edition = "2024"

[dependencies]
hessia = {{ path = "{root}" }}
"""
LIBRARY = """pub use hessia;

pub fn network() -> hessia::Result<hessia::Network> {
    hessia::Network::random(&[3, 4, 2], true, hessia::Activation::Tanh, 1)
}
"""


def cells(mine):
    """The document's Rust blocks, with the paths of this machine."""
    blocks = re.findall(r"```rust\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    return [b.replace("/path/to/hessia", str(ROOT)).replace("/path/to/mine", str(mine)) for b in blocks]


class Stock(unittest.TestCase):
    def test_the_cells_of_the_document(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            mine = folder / "mine"
            (mine / "src").mkdir(parents=True)
            (mine / "Cargo.toml").write_text(MANIFEST.format(root=ROOT))
            (mine / "src" / "lib.rs").write_text(LIBRARY)
            spec = folder / "jupyter" / "kernels" / "stock"
            spec.mkdir(parents=True)
            argv = [os.environ["STOCK_KERNEL"], "--control_file", "{connection_file}"]
            (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "stock", "language": "rust"}))
            os.environ["JUPYTER_PATH"] = str(folder / "jupyter")
            from jupyter_client.manager import start_new_kernel

            setup, work, spectrum, table, figure, own = cells(mine)
            with Kernel(self, start_new_kernel, folder) as run:
                run(setup)
                run(work)
                self.assertIn("<table>", run(spectrum)["text/html"])
                self.assertIn("<table>", run(table)["text/html"])
                self.assertIn(PLOTLY, run(figure))
                # In the same session, so that nothing is compiled twice.
                self.assertIn("<svg", run(own)["text/html"])


class Kernel:
    def __init__(self, test, start, folder):
        self.test, self.start, self.folder = test, start, folder

    def __enter__(self):
        self.manager, self.client = self.start(kernel_name="stock", startup_timeout=120, cwd=str(self.folder))
        return self.run

    def __exit__(self, *_):
        self.client.stop_channels()
        self.manager.shutdown_kernel()

    def run(self, code):
        """What a cell shows; a compiler's message or any other error fails the test."""
        messages = []
        reply = self.client.execute_interactive(code, timeout=1800, output_hook=messages.append, allow_stdin=False)
        errors = [m["content"] for m in messages if m["msg_type"] == "error"]
        self.test.assertEqual(reply["content"]["status"], "ok", (code, errors))
        self.test.assertEqual(errors, [], code)
        results = [m["content"]["data"] for m in messages if m["msg_type"] == "execute_result"]
        return results[-1] if results else {}


if __name__ == "__main__":
    unittest.main()
