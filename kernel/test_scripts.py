"""The scripts of the notebook's set-up, without a kernel: what is kept, what is removed, who waits for whom."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from inputs import Inputs, crates

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


class WhatHasChanged(unittest.TestCase):
    def test_code_outputs_and_files_count_and_text_does_not(self):
        inputs = Inputs()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "00.ipynb"
            text = {"cell_type": "markdown", "metadata": {}, "source": "text"}
            code = {"cell_type": "code", "metadata": {}, "source": "1", "outputs": [{"text": "1"}], "execution_count": 1}

            def key(*changes):
                cells = [dict(text), dict(code)]
                for cell, name, value in changes:
                    cells[cell][name] = value
                path.write_text(json.dumps({"cells": cells}))
                return inputs.key(path)

            same, base = [(0, "source", "other"), (1, "execution_count", 7)], key()
            other = [(1, "source", "2"), (1, "outputs", []), (1, "metadata", {"tags": ["long"]})]
            self.assertEqual([key(change) == base for change in same + other], [True, True, False, False, False])
            inputs.common = "the library is another one"
            self.assertNotEqual(key(), base)

    def test_the_library_is_all_crates_that_it_is_made_of(self):
        folders = {folder.relative_to(ROOT).as_posix() for folder in crates(ROOT / "kernel" / "notebook")}
        self.assertLessEqual({".", "paper", "kernel/notebook"}, folders)


RUSTC = """#!/bin/sh
case "$*" in
*sysroot*) echo {toolchain} ;;
*) echo "host: machine" ;;
esac
"""
# Takes its time, and says that it was called.
CARGO = """#!/bin/sh
echo "$1" >> {log}
[ "$1" = install ] || exit 0
sleep {seconds}
while [ "$1" != --root ]; do shift; done
mkdir -p "$2/bin"
printf '#!/bin/sh\\n' > "$2/bin/evcxr_jupyter"
chmod +x "$2/bin/evcxr_jupyter"
"""
PYTHON = """#!/bin/sh
[ "$1 $2" = "-m venv" ] || exit 0
echo venv >> {log}
mkdir -p "$3/bin"
sleep {seconds}
printf '#!/bin/sh\\n' > "$3/bin/pip"
chmod +x "$3/bin/pip"
"""
PREPARE = """#!/bin/sh
. "$(dirname "$0")/env.sh"
mkdir -p "$CONTEXT/cargo-home" "$BUILD/target/$HOST/debug/.fingerprint/hessia-1"
: > "$CONTEXT/Cargo.lock"
"""


class Clone(unittest.TestCase):
    """A clone with a cache of its own, and with programs in it that only pretend."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        folder = Path(holder.name)
        self.root, self.cache, self.log = folder / "clone", folder / "cache" / "hessia" / "builds", folder / "log"
        shutil.copytree(ROOT / "kernel", self.root / "kernel")
        filled(self.root / "Cargo.toml")
        self.programs = folder / "toolchain" / "bin"
        self.environment = os.environ | {"ROOT": str(self.root), "XDG_CACHE_HOME": str(folder / "cache")}
        self.environment["PATH"] = f"{self.programs}:{os.environ['PATH']}"
        self.program("rustc", RUSTC.format(toolchain=folder / "toolchain"))

    def program(self, name, text, folder=None):
        filled((folder or self.programs) / name, text).chmod(0o755)

    def start(self, script, *arguments):
        command = [self.root / "kernel" / script, *arguments]
        process = subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def ends_well(self, *processes):
        for process in processes:
            _, errors = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, errors)

    def calls(self, name):
        return self.log.read_text().split().count(name) if self.log.exists() else 0

    def wait(self, done):
        end = time.time() + 30
        while not done():
            self.assertLess(time.time(), end, "nothing happened")
            time.sleep(0.05)


class Setup(Clone):
    def test_two_first_runs_make_one_python_environment(self):
        self.program("python3", PYTHON.format(log=self.log, seconds=1))
        self.ends_well(self.start("python.sh"), self.start("python.sh"))
        self.assertEqual(self.calls("venv"), 1)
        self.assertTrue((self.root / ".hessia/jupyter/kernels/hessia/kernel.json").exists())

    def test_a_cut_python_environment_is_made_anew(self):
        self.program("python3", PYTHON.format(log=self.log, seconds=30))
        cut = self.start("python.sh")
        self.wait(lambda: self.calls("venv"))
        cut.terminate()
        cut.wait(timeout=5)
        self.program("python3", PYTHON.format(log=self.log, seconds=0))
        self.ends_well(self.start("python.sh"))
        self.assertEqual(self.calls("venv"), 2)

    def test_two_first_runs_build_one_kernel(self):
        self.program("cargo", CARGO.format(log=self.log, seconds=1))
        self.ends_well(self.start("install.sh"), self.start("install.sh"))
        self.assertEqual(self.calls("install"), 1)
        self.assertTrue((self.root / ".hessia/bin/evcxr_jupyter").exists())

    def test_a_cut_build_leaves_nothing(self):
        for how in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            self.log.unlink(missing_ok=True)
            self.program("cargo", CARGO.format(log=self.log, seconds=30))
            cut = self.start("install.sh")
            self.wait(lambda: self.calls("install"))
            cut.send_signal(how)
            cut.wait(timeout=5)
            if how != signal.SIGKILL:
                self.assertEqual(list(self.cache.glob("evcxr-*")), [])
        # What could not be removed then is removed by the next build.
        self.program("cargo", CARGO.format(log=self.log, seconds=0))
        self.ends_well(self.start("install.sh"))
        self.assertEqual(list(self.cache.glob("evcxr-build.*")), [])
        self.assertEqual(len(list(self.cache.glob("evcxr-*/bin/evcxr_jupyter"))), 1)


# The sources of a version that is not published: those of the present one, with a line changed.
NEXT = """#!/bin/sh
[ "$1" = 9.9.9 ] || exec "$(dirname "$0")/sources-published.sh" "$@"
"$(dirname "$0")/sources-published.sh" {version} "$2"
for crate in evcxr evcxr_jupyter; do mv "$2/$crate-{version}.crate" "$2/$crate-9.9.9.crate"; done
sed -i 's/{before}/{after}/' "$2/evcxr/src/runtime.rs"
"""


class Rebase(Clone):
    def setUp(self):
        super().setUp()
        self.program("cargo", "#!/bin/sh\n")
        self.program("python", "#!/bin/sh\n", self.root / ".hessia" / "bin")
        filled(self.root / "Makefile", "kernel:\n")
        self.version = (ROOT / "kernel/patches/evcxr.sha256").read_text().split()[1].split("-")[1].removesuffix(".crate")

    def patches(self):
        return {file.name: file.read_text() for file in (self.root / "kernel" / "patches").iterdir()}

    def test_the_same_version_changes_nothing(self):
        before = self.patches()
        self.assertGreater(len(before), 10)
        self.ends_well(self.start("rebase.sh", self.version))
        self.assertEqual(self.patches(), before)

    def test_patches_can_be_edited(self):
        before = self.patches()
        self.environment["EDIT"] = "1"
        self.ends_well(self.start("rebase.sh", self.version))
        self.assertEqual(self.patches(), before)
        work = self.cache / f"rebase-{self.version}"
        filled(work / "evcxr" / "src" / "added.rs", "// Added.\n")
        subprocess.run(["git", "add", "-Af"], cwd=work, check=True)
        subprocess.run(["git", "commit", "-qm", "evcxr: added"], cwd=work, check=True)
        self.environment["EDIT"] = ""
        self.ends_well(self.start("rebase.sh", self.version))
        (added,) = set(self.patches()) - set(before)
        self.assertIn("// Added.", self.patches()[added])

    def next(self, before, after):
        sources = self.root / "kernel" / "sources.sh"
        sources.rename(sources.with_name("sources-published.sh"))
        self.program("sources.sh", NEXT.format(version=self.version, before=before, after=after), sources.parent)

    def test_another_version(self):
        self.next("use std::io;", "use std::io;\\nuse std::fmt;")
        self.ends_well(self.start("rebase.sh", "9.9.9"))
        self.assertIn("evcxr-9.9.9.crate", self.patches()["evcxr.sha256"])

    def test_a_patch_that_does_not_fit_is_resolved_by_hand(self):
        self.next("self.install_crash_handlers();", "self.install_handlers();")
        before = self.patches()
        process = self.start("rebase.sh", "9.9.9")
        self.assertIn(b"does not fit evcxr 9.9.9", process.communicate(timeout=60)[1])
        self.assertEqual(process.returncode, 1)
        self.assertEqual(self.patches(), before)
        work = self.cache / "rebase-9.9.9"
        while (work / ".git" / "CHERRY_PICK_HEAD").exists():
            file = work / "evcxr/src/runtime.rs"
            marks = ("<<<<<<<", "=======", ">>>>>>>")
            kept = [line for line in file.read_text().splitlines(True) if not line.startswith(marks)]
            file.write_text("".join(kept))
            name = ["-c", "core.editor=true"]
            subprocess.run(["git", *name, "add", "-A"], cwd=work, check=True)
            subprocess.run(["git", *name, "cherry-pick", "--continue"], cwd=work, check=False, capture_output=True)
        self.ends_well(self.start("rebase.sh", "9.9.9"))
        self.assertEqual(len(self.patches()), len(before))
        self.assertFalse(work.exists())


class Runs(Clone):
    """Folders of kernels: of this one's and of those on other hosts and in other containers."""

    def setUp(self):
        super().setUp()
        self.program("prepare.sh", PREPARE, self.root / "kernel")
        self.program("evcxr_jupyter", "#!/bin/sh\nexec sleep 60\n", self.root / ".hessia" / "bin")

    def launch(self):
        """A kernel, and its folder."""
        before = set(self.folders())
        kernel = self.start("launch.sh", "connection.json")
        self.wait(lambda: any((folder / "evcxr.toml").exists() for folder in set(self.folders()) - before))
        (folder,) = set(self.folders()) - before
        return kernel, folder

    def folders(self):
        return list(self.cache.glob("build-*/runs/[!.]*"))

    def test_only_the_folders_of_dead_kernels_are_removed(self):
        _, live = self.launch()
        dead_kernel, dead = self.launch()
        dead_kernel.kill()
        dead_kernel.wait()
        # One whose process number means nothing here.
        far = filled(live.parent / "4194305" / "lock")
        with open(far) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.launch()
            self.wait(lambda: not dead.exists())
            self.assertTrue(live.exists() and far.exists())
        self.launch()
        self.wait(lambda: not far.exists())
        self.assertTrue(live.exists())

    def test_without_locks_age_decides(self):
        self.program("flock", "#!/bin/sh\nexit 71\n")
        runs = self.cache / "runs"
        young, old = filled(runs / "young" / "lock").parent, filled(runs / "old" / "lock").parent
        unlocked = filled(runs / "unlocked" / "lib.rs").parent
        for path in (old / "lock", old):
            os.utime(path, (0, time.time() - 8 * 86400))
        self.ends_well(self.start("sweep.sh", young, old, unlocked))
        self.assertEqual([young.exists(), old.exists(), unlocked.exists()], [True, False, True])


if __name__ == "__main__":
    unittest.main()
