#!/usr/bin/env bash
# Measures hessia beside PyTorch, JAX, curvlinops, BackPACK and LAPACK, in one run on this machine.
#   benches/peers/run.sh [--quick]
# Makes its own Python environment (.hessia/peers, or $HESSIA_CACHE/peers), builds our side, writes
# benches/results/peers.md and peers.json (with --quick: peers-quick.*). Needs Rust, Python 3.11+, OpenBLAS.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"

cache=${HESSIA_CACHE:-$root/.hessia}
key=$(cat "$here/requirements.txt" <(python3 --version) | sha256sum | cut -c1-12)
environment=$cache/peers/$key
if [ ! -e "$environment/ready" ]; then
    echo "Setting up PyTorch and JAX in $environment: once, a few minutes, several GB ..." >&2
    rm -rf "$environment"
    python3 -m venv "$environment"
    start=$SECONDS
    "$environment/bin/pip" install --quiet --disable-pip-version-check --no-compile -r "$here/requirements.txt"
    echo "Installed in $((SECONDS - start)) s." >&2
    touch "$environment/ready"
fi

cargo build --release --no-default-features --example peers >&2
target=$(cargo metadata --format-version 1 --no-deps |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
exec "$environment/bin/python" "$here/compare.py" --driver "$target/release/examples/peers" "$@"
