"""The scripts of the notebook's set-up, without a kernel: what is kept, what is removed, who waits for whom."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def filled(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


class Cache(unittest.TestCase):
    def test_cleaning_keeps_data_and_features(self):
        with tempfile.TemporaryDirectory() as folder:
            cache = Path(folder) / "hessia"
            kept = [filled(cache / "cifar100" / "train.bin.gz"), filled(cache / "features" / "cifar100.npy")]
            # Folders as they are, and as they were before builds had one of their own.
            builds = [filled(cache / "builds" / "build-1" / "x"), filled(cache / "build-1" / "x")]
            builds += [filled(cache / "evcxr-build.A5iMmh" / "x"), filled(cache / "python-c3147f43e266" / "ready")]
            environment = os.environ | {"XDG_CACHE_HOME": folder}
            subprocess.run(["make", "clean-cache"], cwd=ROOT, env=environment, check=True, capture_output=True)
            self.assertEqual([file.exists() for file in kept], [True, True])
            self.assertEqual([file.exists() for file in builds], [False] * 4)


if __name__ == "__main__":
    unittest.main()
