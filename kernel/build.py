"""Makes the Python environment, the notebook kernel and the library that it loads, all at the same time.

    build.py BUILD LOG      BUILD is the folder that clones share (env.sh)

Shows one line of progress. What the compilers say goes to LOG, whose end is shown where a build fails.
Needs nothing but Python itself.
"""

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Seconds on two quiet cores where nothing is there yet, for the share that is done.
PHASES = {"Python": 16, "kernel": 150, "library": 130}
COUNT = re.compile(r"(\d+)/(\d+)")


class Phase:
    def __init__(self, name, command, log):
        self.name, self.weight, self.share, self.log = name, PHASES[name], 0.0, log
        # Cargo counts its steps for those who ask.
        environment = dict(os.environ, CARGO_TERM_PROGRESS_WHEN="always", CARGO_TERM_PROGRESS_WIDTH="120")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        text = b""
        while piece := self.process.stdout.read1(4096):
            *lines, text = re.split(rb"[\r\n]", text + piece)
            for line in lines:
                line = line.decode(errors="replace")
                count = COUNT.search(line) if "Building [" in line else None
                if count:
                    self.share = max(self.share, int(count[1]) / int(count[2]) * 0.99)
                elif line.strip():
                    self.log.write(line + "\n")
                    self.log.flush()
        self.process.wait()
        self.share = 1.0


def main():
    folder, path = Path(sys.argv[1]), Path(sys.argv[2])
    commands = {
        "Python": [HERE / "python.sh"],
        "kernel": [HERE / "install.sh"],
        "library": ["flock", folder / "lock", HERE / "prepare.sh"],
    }
    begun = time.monotonic()
    with open(path, "w") as log:
        phases = [Phase(name, command, log) for name, command in commands.items()]
        while any(phase.reader.is_alive() for phase in phases):
            say(phases, time.monotonic() - begun)
            for phase in phases:
                phase.reader.join(timeout=0.25)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    failed = [phase.name for phase in phases if phase.process.returncode]
    if failed:
        print("".join(path.read_text().splitlines(keepends=True)[-60:]), file=sys.stderr)
        sys.exit(f"{' and '.join(failed)} not built; all that was said: {path}")


def say(phases, elapsed, last=[-100.0]):  # noqa: B006 (kept between calls)
    """A line that stays in its place on a terminal; elsewhere one every half a minute, and none for what is quick."""
    if elapsed < 3 or (not sys.stderr.isatty() and elapsed - last[0] < 30):
        return
    last[0] = elapsed
    share = sum(phase.weight * phase.share for phase in phases) / sum(phase.weight for phase in phases)
    parts = ", ".join(f"{phase.name} {phase.share:.0%}" for phase in phases)
    left = f", about {elapsed * (1 - share) / share:.0f} s left" if share > 0.05 else ""
    line = f"compiling once for this machine: {parts}{left}"
    print(f"\r{line}\033[K" if sys.stderr.isatty() else line, end="" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
