"""The paper's grid on pixels, hessia beside PyTorch: do they agree, and how long do they take.

    experiment.py agreement OURS-FOLDER TORCH-FOLDER      (folders NAME-pixels/runs and files NAME.jsonl)
    experiment.py speed --driver EXPERIMENT --data FOLDER [--dataset mnist] [--quick]

agreement: Welch's t of C, mean loss and accuracy of every network shape over its seeds, into
benches/results/experiment-agreement.csv and -.json. speed: one run of both on this machine, into
benches/results/experiment-speed.json. benches/peers/experiment.sh makes all of it from nothing.
"""

import argparse
import csv
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy import stats

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent / "results"
NAMES = ["mnist", "fashion-mnist", "cifar10", "cifar100"]
MEASURES = ["constant", "loss", "accuracy"]
WIDTHS, INNER = "4,8,16,32,64", "1,3,5,7,10"


def ours(folder):
    runs = {}
    for path in sorted(Path(folder).glob("*.jsonl")):
        run = json.loads(path.read_text().splitlines()[0])
        at = run["configuration"]
        runs.setdefault((at["hidden"], at["inner_layers"]), []).append([run[name] for name in MEASURES])
    return runs


def theirs(path):
    runs = {}
    for line in Path(path).read_text().splitlines():
        run = json.loads(line)
        runs.setdefault((run["hidden"], run["inner_layers"]), []).append([run[name] for name in MEASURES])
    return runs


def agreement(our_folder, torch_folder, output):
    rows = []
    for name in NAMES:
        left, right = ours(Path(our_folder) / f"{name}-pixels" / "runs"), theirs(Path(torch_folder) / f"{name}.jsonl")
        assert left.keys() == right.keys(), f"{name}: the two have different networks"
        for shape in sorted(left):
            row = {"dataset": name, "hidden": shape[0], "inner_layers": shape[1], "seeds": len(left[shape]),
                   "seeds_torch": len(right[shape])}
            for at, measure in enumerate(MEASURES):
                a, b = (np.array(side[shape])[:, at] for side in (left, right))
                t, p = stats.ttest_ind(a, b, equal_var=False) if np.ptp(a) + np.ptp(b) > 0 else (0.0, 1.0)
                row |= {measure: a.mean(), f"{measure}_torch": b.mean(), f"{measure}_sd": a.std(ddof=1),
                        f"{measure}_sd_torch": b.std(ddof=1), f"{measure}_t": t, f"{measure}_p": p}
            rows.append(row)
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{output}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows([{k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows])
    summary = {"shapes": len(rows)}
    for measure in MEASURES:
        t, p = (np.array([row[f"{measure}_{what}"] for row in rows]) for what in "tp")
        worst = rows[int(np.abs(t).argmax())]
        summary[measure] = {
            "largest_t": float(np.abs(t).max()), "at": [worst[k] for k in ("dataset", "hidden", "inner_layers")],
            "p_there": float(p[np.abs(t).argmax()]), "t_of_4_or_more": int((np.abs(t) >= 4).sum()),
            "p_below_0.05": int((p < 0.05).sum()), "p_expected_below_0.05": 0.05 * len(rows),
            # Under agreement the p are uniform; many tests at once make a few small ones.
            "p_uniform_kolmogorov": float(stats.kstest(p, "uniform").pvalue),
        }
    (RESULTS / f"{output}.json").write_text(json.dumps(summary, indent=1) + "\n")
    print(json.dumps(summary, indent=1))


def timed(command, environment):
    start = time.perf_counter()
    child = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True)
    if child.returncode:
        sys.exit(f"{command[0]}: {child.stderr[-400:]}")
    return json.loads(child.stdout.splitlines()[-1])["seconds"], time.perf_counter() - start


def speed(arguments):
    cores = os.cpu_count()
    script = HERE / "experiment_torch.py"
    widths, inner = ("4,16,64", "1,5") if arguments.quick else (WIDTHS, INNER)
    count = len(widths.split(",")) * len(inner.split(","))
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    report = {"dataset": arguments.dataset, "networks": count, "cores": cores, "machine": platform.machine()}

    def torch(folder, way, widths, inner, processes):
        threads = cores if processes == 1 else 1
        environment = os.environ if processes == 1 else one_thread
        children, start = [], time.perf_counter()
        for share in range(processes):
            output = Path(folder) / f"{way}-{processes}-{share}.jsonl"
            command = [sys.executable, script, arguments.dataset, arguments.data, 10000, 1, widths, inner, threads,
                       output, way, f"{share}/{processes}"]
            children.append(subprocess.Popen([str(part) for part in command], env=environment,
                                             stdout=subprocess.PIPE, text=True))
        seconds = [json.loads(child.communicate()[0].splitlines()[-1])["seconds"] for child in children]
        # Without starting Python and loading: the slowest share is what one waits for.
        return {"grid": max(seconds), "whole": time.perf_counter() - start}

    with tempfile.TemporaryDirectory() as folder:
        runs = []
        for turn in range(arguments.repeats):
            environment = {**os.environ, "HESSIA_DATA": arguments.data}
            grid, whole = timed([arguments.driver, arguments.dataset, 10000, 1, widths, inner, cores,
                                 Path(folder) / f"ours-{turn}"], environment)
            runs.append({"grid": grid, "whole": whole})
        report["hessia"] = min(runs, key=lambda run: run["grid"])
        report["hessia_all"] = [run["grid"] for run in runs]
        ways = {"one process, all threads": 1, "one process a core": cores}
        report["torch"] = {name: torch(folder, "vectorised", widths, inner, count) for name, count in ways.items()}
        # DataLoader with transforms item by item, losses object by object; as published, one process.
        report["items"] = {name: torch(folder, "items", widths, inner, count) for name, count in ways.items()}
    for way, peers in (("vectorised", "torch"), ("items", "items")):
        report[f"ratio_{way}"] = {name: peer["grid"] / report["hessia"]["grid"] for name, peer in report[peers].items()}
    report["median_hessia"] = statistics.median(report["hessia_all"])
    report["load_average"] = os.getloadavg()
    RESULTS.mkdir(exist_ok=True)
    name = "experiment-speed-quick.json" if arguments.quick else "experiment-speed.json"
    (RESULTS / name).write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    compare = commands.add_parser("agreement")
    compare.add_argument("ours")
    compare.add_argument("torch")
    compare.add_argument("--output", default="experiment-agreement", help="name of the two files")
    clock = commands.add_parser("speed")
    clock.add_argument("--driver", required=True)
    clock.add_argument("--data", required=True)
    clock.add_argument("--dataset", default="mnist", choices=NAMES)
    clock.add_argument("--repeats", type=int, default=3)
    clock.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    if arguments.command == "agreement":
        agreement(arguments.ours, arguments.torch, arguments.output)
    else:
        speed(arguments)


if __name__ == "__main__":
    main()
