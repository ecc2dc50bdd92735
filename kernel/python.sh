#!/bin/sh
# Makes the Python environment that runs and shows the notebooks, and tells it of the kernel.
set -eu
. "$(dirname "$0")/env.sh"
key=$({ python3 -V; python3 -c 'import sys; print(sys.executable)'; cat "$ROOT/kernel/requirements.txt"; } | sha256sum | cut -c1-12)
python=$CACHE/python-$key
# Programs in such an environment name its folder, so it cannot be made elsewhere and moved: `ready` says that it is whole.
alone "python-$key"
if [ ! -f "$python/ready" ]; then
    rm -rf "$python"
    run python3 -m venv "$python"
    run "$python/bin/pip" install --quiet --disable-pip-version-check -r "$ROOT/kernel/requirements.txt"
    touch "$python/ready"
fi
for tool in python jupyter; do link "$python/bin/$tool"; done
place "$LOCAL/jupyter/kernels/hessia/kernel.json" <<T
{
 "argv": ["$ROOT/kernel/launch.sh", "{connection_file}"],
 "display_name": "Rust (hessia)",
 "language": "rust",
 "interrupt_mode": "message"
}
T
