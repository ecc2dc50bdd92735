#!/usr/bin/env bash
# Times the same cells in the Rust kernel and in Python's, with NumPy, polars and plotly.
#   benches/notebook/run.sh      needs `make kernel`; makes a Python environment of its own in .hessia/cells
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
key=$(cat "$here/requirements.txt" <(python3 --version) | sha256sum | cut -c1-12)
environment=$root/.hessia/cells/$key
if [ ! -e "$environment/ready" ]; then
    rm -rf "$environment"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    "$environment/bin/python" -m ipykernel install --sys-prefix > /dev/null
    touch "$environment/ready"
fi
exec "$environment/bin/python" "$here/cells.py"
