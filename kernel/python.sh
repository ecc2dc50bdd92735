#!/bin/sh
# Makes the Python environment that runs and shows the notebooks, and tells it of the kernel.
set -eu
. "$(dirname "$0")/env.sh"
key=$({ python3 -V; python3 -c 'import sys; print(sys.executable)'; cat "$ROOT/kernel/requirements.txt"; } | sha256sum | cut -c1-12)
python=$CACHE/python-$key
if [ ! -f "$python/ready" ]; then
    rm -rf "$python"
    python3 -m venv "$python"
    "$python/bin/pip" install --quiet --disable-pip-version-check -r "$ROOT/kernel/requirements.txt"
    touch "$python/ready"
fi
mkdir -p "$LOCAL/jupyter/kernels/hessia" "$LOCAL/cargo-home/bin"
ln -sfn "$python" "$LOCAL/python"

# The kernel's analyser finds `cargo` in its CARGO_HOME: a wrapper that makes the crate graph smaller.
cargo_home=${CARGO_HOME:-$HOME/.cargo}
ln -sfn "$cargo_home/registry" "$LOCAL/cargo-home/registry"
[ ! -f "$cargo_home/config.toml" ] || ln -sfn "$cargo_home/config.toml" "$LOCAL/cargo-home/config.toml"
cp "$ROOT/kernel/cargo.sh" "$LOCAL/cargo-home/bin/cargo"
chmod +x "$LOCAL/cargo-home/bin/cargo"
cat > "$LOCAL/jupyter/kernels/hessia/kernel.json" <<T
{
 "argv": ["$ROOT/kernel/launch.sh", "{connection_file}"],
 "display_name": "Rust (hessia)",
 "language": "rust",
 "interrupt_mode": "message"
}
T
