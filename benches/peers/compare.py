"""Runs hessia and its peers on the same problems, one process after the other, and prints one table.

Every system gets all cores, float64 and the same arrays. A time is the median of several runs after a warm-up
(and, for JAX, after compilation); a system that takes chunks is tried with chunks from 16 to P and enters with its
best. A peer is stopped after 100 times our time or at the memory limit; the table then says how far it came.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent / "results"
# OpenBLAS settings made for our library's build would slow the newer one that NumPy and SciPy bring.
PEER_ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
MEMORY_LIMIT = int(0.85 * psutil.virtual_memory().total)
CHUNKS = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 16384]


def run(command, timeout, environment=None):
    """Lines of JSON that the command printed, and why it was ended early, if it was."""
    child = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True, env=environment)
    ended = []

    def watch():
        started = time.monotonic()
        process = psutil.Process(child.pid)
        while child.poll() is None:
            try:
                memory = process.memory_info().rss
            except psutil.NoSuchProcess:
                return
            if time.monotonic() - started > timeout:
                ended.append(f"stopped after {timeout:.0f} s")
            elif memory > MEMORY_LIMIT:
                ended.append(f"stopped at {memory / 2**30:.1f} GiB")
            if ended:
                child.kill()
                return
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, errors = child.communicate()
    watcher.join()
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    if child.returncode != 0 and not ended:
        tail = errors.strip().splitlines()[-1:] or [f"exit code {child.returncode}"]
        ended.append(f"failed: {tail[0][:120]}")
    return lines, ended[0] if ended else None


class Comparison:
    def __init__(self, driver, folder, quick):
        self.driver, self.folder, self.quick = driver, Path(folder), quick
        self.rows, self.rates = [], []

    def ours(self, *arguments):
        lines, ended = run([self.driver, *arguments], 3600)
        if ended or not lines:
            sys.exit(f"our side {' '.join(map(str, arguments))}: {ended or 'printed nothing'}")
        return lines[-1]

    def worker(self, script, *arguments, timeout):
        return run([sys.executable, "-W", "ignore", HERE / script, *arguments], timeout, PEER_ENVIRONMENT)

    def add(self, work, system, version, seconds, *, memory=None, difference=None, note=""):
        row = {"work": work, "system": system, "version": version, "seconds": seconds, "memory": memory,
               "difference": difference, "note": note}
        self.rows.append(row)
        shown = "-" if seconds is None else f"{seconds:.3g} s"
        print(f"  {work}: {system} {version}: {shown} {note}", file=sys.stderr, flush=True)

    def save_problem(self, name):
        path = self.folder / f"{name}.npz"
        if not path.exists():
            report = self.ours("problem", name, path)
            path.with_suffix(".json").write_text(json.dumps(report))
        return path, json.loads(path.with_suffix(".json").read_text())

    def hessian(self, name):
        """Ours, torch.func and jitted JAX, each with its best chunk."""
        problem, about = self.save_problem(name)
        matrix = self.folder / f"{name}.npy"
        report = self.ours("curvature", name, "full", matrix)
        work, order = f"Hessian {name}, {about['objects']} objects", report["parameters"]
        median = statistics.median(report["seconds"])
        rate = report["objects"] * order**2 / median / 1e9
        found = report["work"]
        self.rates.append({"work": work, "dgemm_gflops": report["dgemm_gflops"], "m_p2_gflops": rate})
        self.add(work, "hessia", version(), median, memory=report["memory"],
                 note=f"{report['memory_beyond_matrix'] / (8 * order**2):.1%} beyond H; m P^2 at {rate:.0f} of dgemm's "
                      f"{report['dgemm_gflops']:.0f} GFLOP/s; {found['active_share']:.0%} of the pairs active, "
                      f"{found['distinct_inputs']} of {found['inputs']} inputs distinct")
        limit = max(100 * median, 10)
        large = order > 5000
        for system, script in (("torch.func", "torch_hessian.py"), ("JAX, jitted", "jax_hessian.py")):
            self.peer_hessian(work, system, script, problem, matrix, order, limit, large)
        if not large:
            for term, label in (("full", work), ("ggn", f"G-term {name}, {about['objects']} objects")):
                self.curvlinops(label, name, term, problem, matrix)
        if large:
            matrix.unlink()

    def peer_hessian(self, work, system, script, problem, matrix, order, limit, large):
        chunks = sorted({min(chunk, order) for chunk in CHUNKS})
        if self.quick:
            chunks = [64, 256] if "torch" in system else [64, 128]
        if large:
            chunks = [chunk for chunk in chunks if chunk <= 2048]
        probes = {}
        for chunk in chunks:
            lines, ended = self.worker(script, problem, matrix, chunk, 0, timeout=60)
            if not ended:
                probes[chunk] = lines[-1]["probe"]
        tried = ", ".join(map(str, chunks))
        if not probes:
            return self.add(work, system, "", None, note=f"no chunk of {tried} came through")
        # The probe is one chunk scaled up: the two most promising are then run in full.
        best = None
        for chunk in sorted(probes, key=probes.get)[:1 if large or self.quick else 2]:
            lines, ended = self.worker(script, problem, matrix, chunk, 1 if large else 5, timeout=limit + 30)
            last = lines[-1] if lines else {}
            if "seconds" in last and not ended:
                seconds, note = statistics.median(last["seconds"]), f"chunk {chunk} of {tried}"
                if last["seconds"][0] > limit:
                    note += "; past 100 times our time"
            elif "columns" in last:
                seconds = last["spent"] / last["columns"] * order
                note = f"chunk {chunk}: {ended} with {last['columns']} of {order} columns done; extrapolated"
            else:
                seconds, note = None, f"chunk {chunk}: {ended}"
            row = (seconds, last, note)
            if best is None or (seconds or 1e99) < (best[0] or 1e99):
                best = row
        seconds, last, note = best
        self.add(work, system, last.get("version", ""), seconds, memory=last.get("memory"),
                 difference=last.get("difference"), note=note)

    def curvlinops(self, work, name, term, problem, matrix):
        if term == "ggn":
            report = self.ours("curvature", name, term, matrix)
            self.add(work, "hessia", version(), statistics.median(report["seconds"]), memory=report["memory"])
        budget = 3 if self.quick else 30
        lines, ended = self.worker("curvlinops_hessian.py", problem, matrix, term, budget, timeout=budget + 60)
        if ended:
            return self.add(work, "curvlinops", "", None, note=ended)
        last = lines[-1]
        done = last["columns"]
        note = "" if done == last["order"] else f"extrapolated from {done} of {last['order']} columns"
        self.add(work, "curvlinops", last["version"], last["spent"] / done * last["order"], memory=last["memory"],
                 difference=last["difference"], note=note)

    def per_object(self, name):
        problem, about = self.save_problem(name)
        norms = self.folder / f"{name}-norms.npy"
        work = f"norms of G_i, {about['objects']} objects, {name}"
        report = self.ours("ggn-norms", name, norms)
        self.add(work, "hessia", version(), statistics.median(report["seconds"]), memory=report["memory"],
                 note="all eigenvalues of every G_i")
        self.add(work, "hessia, with H_i", version(), statistics.median(report["all_norms"]),
                 note="norms of G_i, H_i, H-term and gradient")
        budget = 4 if self.quick else 30
        for system in ("backpack", "torch.func", "curvlinops"):
            lines, ended = self.worker("per_object.py", problem, norms, system, budget, timeout=budget + 120)
            if ended:
                self.add(work, system, "", None, note=ended)
                continue
            last = lines[-1]
            note = "" if last["objects"] == last["of"] else f"extrapolated from {last['objects']} objects"
            self.add(work, {"backpack": "BackPACK"}.get(system, system), last["version"],
                     last["seconds"] / last["objects"] * last["of"], memory=last["memory"],
                     difference=last["difference"], note=note)

    def eigenvalues(self, name):
        matrix = self.folder / f"{name}-spectrum.npy"
        self.ours("curvature", name, "full", matrix)
        values = self.folder / f"{name}-eigenvalues.npy"
        report = self.ours("eigenvalues", matrix, values)
        work = f"eigenvalues, order {report['order']}"
        self.add(work, "hessia", version(), statistics.median(report["values"]))
        for driver, bare in report["bare"].items():
            self.add(work, f"bare {driver}", report["blas"].split(" NO_")[0], statistics.median(bare["seconds"]),
                     difference=bare["difference"])
        lines, ended = self.worker("eigenvalues.py", matrix, values, 1 if self.quick else 5, timeout=300)
        for line in lines:
            self.add(work, line["system"], line["version"], statistics.median(line["seconds"]),
                     difference=line["difference"], note="its own, newer OpenBLAS")
        self.add(work, "hessia, with vectors", version(), statistics.median(report["vectors"]))
        self.add(work, "hessia, 10 largest with vectors", version(), statistics.median(report["largest_10"]))


def version():
    manifest = (HERE.parent.parent / "Cargo.toml").read_text()
    return next(line.split('"')[1] for line in manifest.splitlines() if line.startswith("version"))


def machine(ours):
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.processor())
    memory = psutil.virtual_memory().total / 2**30
    return {"cpu": model, "cores": os.cpu_count(), "memory_gib": round(memory, 1), "system": platform.system(),
            "python": platform.python_version(), "blas": ours["blas"], "dgemm_gflops": ours["gflops"]}


def markdown(result):
    about = result["machine"]
    lines = [
        f"{about['cpu']}, {about['cores']} cores, {about['memory_gib']} GiB; {about['blas']}; "
        f"dgemm {about['dgemm_gflops']:.0f} GFLOP/s in this run; float64, all cores; {result['date']}."
        f" Load before the run: {result['load']:.1f}.",
        "",
        "| work | system | version | time | times ours | memory | largest difference | |",
        "|---|---|---|---:|---:|---:|---:|---|",
    ]
    base = {}
    for row in result["rows"]:
        seconds = row["seconds"]
        base.setdefault(row["work"], seconds)
        time_ = "-" if seconds is None else (f"{seconds * 1e3:.0f} ms" if seconds < 1 else f"{seconds:.2f} s")
        own = base[row["work"]]
        ratio = "-" if seconds is None or own is None else f"{seconds / own:.2f}"
        memory = "" if row["memory"] is None else f"{row['memory'] / 2**20:.0f} MiB"
        gap = "" if row["difference"] is None else f"{row['difference']:.0e}"
        lines.append(f"| {row['work']} | {row['system']} | {row['version']} | {time_} | {ratio} | {memory} | {gap} | "
                     f"{row['note']} |")
    lines += [
        "",
        "Memory is what the process grew by at its peak, the result included. The largest difference is that of any",
        "entry from ours over the Frobenius norm of ours (eigenvalues and norms: over the largest).",
        "Networks: seeded, weights of variance 2 / fan-in, no biases, cross-entropy. Data: "
        + "; ".join(sorted(set(result["data"]))) + ".",
    ]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--driver", required=True, help="our side, built by run.sh")
    parser.add_argument("--quick", action="store_true", help="the main comparison alone, under two minutes")
    parser.add_argument("--only", help="comma-separated: hessian, tanh, large, objects, eigenvalues")
    options = parser.parse_args()
    parts = ["hessian", "objects", "eigenvalues"] if options.quick else ["hessian", "tanh", "large", "objects",
                                                                          "eigenvalues"]
    parts = options.only.split(",") if options.only else parts
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(options.driver, folder, options.quick)
        about = machine(comparison.ours("dgemm"))
        if "hessian" in parts:
            comparison.hessian("784-4x6-10")
        if "tanh" in parts:
            comparison.hessian("784-4x6-10-tanh")
        if "large" in parts:
            comparison.hessian("784-16x2-10")
            comparison.hessian("3072-4-4-100")
        if "objects" in parts:
            comparison.per_object("784-16x6-10")
        if "eigenvalues" in parts:
            comparison.eigenvalues("784-4x6-10")
        data = [json.loads(path.read_text())["origin"] for path in Path(folder).glob("*.json")]
    result = {"date": time.strftime("%Y-%m-%d"), "quick": options.quick, "load": load, "machine": about,
              "data": data, "rates": comparison.rates, "rows": comparison.rows}
    table = markdown(result)
    RESULTS.mkdir(exist_ok=True)
    stem = "peers-quick" if options.quick else "peers"
    for suffix, text in ((".json", json.dumps(result, indent=1) + "\n"), (".md", table)):
        aside = RESULTS / f"{stem}{suffix}.part"
        aside.write_text(text)
        aside.rename(RESULTS / f"{stem}{suffix}")
    print(table)


if __name__ == "__main__":
    main()
