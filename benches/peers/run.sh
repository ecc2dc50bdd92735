#!/usr/bin/env bash
# Measures hessia beside PyTorch, JAX, curvlinops, BackPACK and LAPACK, in one run on this machine.
#   benches/peers/run.sh [--quick]
# Makes its own Python environment (.hessia/peers, or $HESSIA_CACHE/peers), builds our side, writes
# benches/results/peers.md and peers.json (with --quick: peers-quick.*). Needs Rust, Python 3.11+, OpenBLAS.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"

. "$here/environment.sh"
driver=$(built peers)
exec "$environment/bin/python" "$here/compare.py" --driver "$driver" "$@"
