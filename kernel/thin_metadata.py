"""Reduces the output of `cargo metadata` to the crates whose types appear in notebooks.

The analyser inside the kernel reads the sources of every package it is told of. It needs those that a
notebook names (the workspace, what a cell asks for with `:dep`, and the list below), not what they are made of.
"""

import json
import os
import sys
from pathlib import Path

SEEN_BY_READERS = set(
    """
    ndarray ndarray-linalg num-traits num-complex lax cauchy plotly
    polars polars-core polars-io polars-lazy polars-plan polars-arrow polars-utils polars-error polars-schema
    polars-dtype polars-buffer polars-compute
    """.split()
)


def main():
    metadata = json.load(sys.stdin)
    if metadata.get("resolve"):
        thin(metadata)
    json.dump(metadata, sys.stdout)


def thin(metadata):
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}

    def is_macro(package):
        return any("proc-macro" in target["kind"] for target in packages[package]["targets"])

    def normal_dependencies(package):
        return [
            dependency["pkg"]
            for dependency in nodes[package]["deps"]
            if any(kind["kind"] is None for kind in dependency["dep_kinds"])
        ]

    def closure(start, wanted):
        found, todo = set(), [package for package in start if wanted(package)]
        while todo:
            package = todo.pop()
            if package not in found:
                found.add(package)
                todo += [other for other in normal_dependencies(package) if wanted(other)]
        return found

    # What a notebook asked for itself is kept whole.
    members = metadata["workspace_members"]
    direct = [other for member in members for other in normal_dependencies(member)]
    asked_for = closure((p for p in direct if packages[p].get("source")), lambda p: not is_macro(p))

    def wanted(package):
        entry = packages[package]
        known = entry["name"] in SEEN_BY_READERS or package in asked_for or not entry.get("source")
        return known and not is_macro(package)

    kept = closure(members, wanted)
    for package in kept:
        node = nodes[package]
        node["deps"] = [dependency for dependency in node["deps"] if dependency["pkg"] in kept]
        node["dependencies"] = [dependency["pkg"] for dependency in node["deps"]]
    metadata["packages"] = [package for package in metadata["packages"] if package["id"] in kept]
    for package in metadata["packages"]:
        narrow(package)
    metadata["resolve"]["nodes"] = [node for node in metadata["resolve"]["nodes"] if node["id"] in kept]


def narrow(package):
    """Lets one of our own packages be read from a folder that holds its sources alone (kernel/prepare.sh)."""
    folder = Path(package["manifest_path"]).parent
    view = Path(os.environ["HESSIA_VIEW"]) / package["name"]
    if package.get("source") or not view.is_dir() or (view / "src").resolve() != (folder / "src").resolve():
        return
    package["manifest_path"] = str(view / "Cargo.toml")
    package["targets"] = [target for target in package["targets"] if {"lib", "dylib"} & set(target["kind"])]
    for target in package["targets"]:
        target["src_path"] = str(view / Path(target["src_path"]).relative_to(folder))


if __name__ == "__main__":
    main()
