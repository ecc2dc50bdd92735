"""Runs every snippet of python.md in a fresh folder, one after the other; fails where one does.

    python docs/run_python.py     # torch, onnx, jax, polars, pandas, pyarrow; hessia on the PATH
"""

import os
import pathlib
import re
import subprocess
import tempfile

page = pathlib.Path(__file__).with_name("python.md").read_text()
names = {}
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for kind, snippet in re.findall(r"^```(python|sh)\n(.*?)^```", page, flags=re.M | re.S):
        print(f"--- {kind}\n{snippet}", flush=True)
        if kind == "python":
            exec(snippet, names)
        else:
            subprocess.run(["sh", "-e", "-c", snippet], check=True)
    os.chdir("/")
