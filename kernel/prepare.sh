#!/bin/sh
# Builds the library that notebooks load, with exactly the settings of their cells, or brings it up to date.
# `prepare.sh` may download crates; `prepare.sh --offline` is what the start of a kernel calls.
set -eu
. "$(dirname "$0")/env.sh"

mkdir -p "$CONTEXT/src" "$LOCAL"
if [ "${1:-}" = --offline ] && ! { stamp | cmp -s - "$CONTEXT/stamp"; }; then
    echo "hessia: the dependencies have changed since the notebook library was built: run 'make kernel' in $ROOT" >&2
    exit 1
fi

# The crate of the cells as evcxr writes it, outside of any workspace.
[ -f "$CONTEXT/src/lib.rs" ] || : > "$CONTEXT/src/lib.rs"
cat > "$CONTEXT/Cargo.toml" <<T
[package]
name = "ctx"
version = "1.0.0"
edition = "2024"

[lib]
crate-type = ["cdylib"]

[dependencies]
hessia = { package = "hessia-notebook", path = "$ROOT/kernel/notebook" }
T
# Cargo reads this wherever it works in a folder below: it has the last word over the profile that evcxr writes.
# Our crates are not members of the cells' workspace, so they are named beside other people's.
mkdir -p "$BUILD/.cargo"
{
    dev_profile
    level=$(dev_profile | sed -n 's/^opt-level = //p' | head -n 1)
    for crate in hessia hessia-notebook; do printf '[profile.dev.package.%s]\nopt-level = %s\n' "$crate" "$level"; done
} > "$BUILD/.cargo/config.toml.$$"
mv "$BUILD/.cargo/config.toml.$$" "$BUILD/.cargo/config.toml"
# What the kernel's analyser reads of our crates: their sources, and nothing else that lies beside them.
for crate in hessia:. hessia-paper:paper hessia-notebook:kernel/notebook; do
    mkdir -p "$CONTEXT/view/${crate%%:*}"
    ln -sfn "$ROOT/${crate#*:}/src" "$CONTEXT/view/${crate%%:*}/src"
done
# It finds `cargo` in its CARGO_HOME: a wrapper that makes the crate graph smaller.
cargo_home=${CARGO_HOME:-$HOME/.cargo}
mkdir -p "$CONTEXT/cargo-home/bin"
for part in registry config.toml; do
    [ ! -e "$cargo_home/$part" ] || ln -sfn "$cargo_home/$part" "$CONTEXT/cargo-home/$part"
done
cp "$ROOT/kernel/cargo.sh" "$CONTEXT/cargo-home/bin/cargo"

shared_build
export CARGO_TARGET_DIR="$CONTEXT/target"
cd "$CONTEXT"
if [ "${1:-}" = --offline ]; then
    exec cargo build --quiet --offline --target "$HOST"
fi
cp "$ROOT/Cargo.lock" Cargo.lock
cargo build --target "$HOST"
# For the cells whose types the kernel's analyser cannot infer: evcxr then asks `cargo check`.
cargo check --quiet --target "$HOST"
stamp > stamp.new
mv stamp.new stamp
