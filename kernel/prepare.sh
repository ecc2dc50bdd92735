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

# A start that finds no source newer than the library, and the library that of this clone, has nothing to ask cargo.
library=$BUILD/target/$HOST/debug/deps/libhessia.so
identity() { stat -c '%i %Y %s' "$library"; }
if [ "${1:-}" = --offline ] && [ -f "$CONTEXT/built" ] && [ "$(identity)" = "$(cat "$CONTEXT/built")" ]; then
    # shellcheck disable=SC2046 (a name with a space in it is not found, and cargo is asked)
    newer=$(find $(sed -n '1s/^[^:]*: //p' "$CONTEXT/target/$HOST/debug/libctx.d") -newer "$CONTEXT/built" 2>&1)
    [ -n "$newer" ] || exit 0
fi
: > "$CONTEXT/started"

# The crate of the cells as evcxr writes it, outside of any workspace.
[ -f "$CONTEXT/src/lib.rs" ] || : > "$CONTEXT/src/lib.rs"
cat > "$CONTEXT/Cargo.toml" <<T
[package]
name = "ctx"
version = "1.0.0"
edition = "2024"

[lib]
crate-type = ["cdylib"]

[profile.dev]
opt-level = 0

[dependencies]
hessia = { package = "hessia-notebook", path = "$ROOT/kernel/notebook" }
T
# Cargo reads this wherever it works in a folder below: it has the last word over the profile that evcxr writes, but
# for the level of the cells' own code.
mkdir -p "$BUILD/.cargo"
{
    dev_profile | sed "0,/^opt-level = /{/^opt-level = /d;}"
    printf '[profile.dev.package.ctx]\ncodegen-units = 1\n'
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
    cargo build --quiet --offline --target "$HOST"
else
    cp "$ROOT/Cargo.lock" Cargo.lock
    cargo build --target "$HOST"
fi
# How cargo has a cell compiled: the kernel asks the compiler itself, in the same way.
if [ ! -f cells/command ] || ! { stamp | cmp -s - stamp; }; then
    mkdir -p cells
    touch src/lib.rs
    # Without the progress that the caller may have asked for, which stands at the beginning of lines.
    CARGO_TERM_PROGRESS_WHEN=never cargo build -vv --offline --target "$HOST" 2>&1 | sed -n 's/^ *Running `\(.*--crate-name ctx .*\)`$/\1/p' > cells/command.new
    [ -s cells/command.new ]
    printf '%s\n' "$CARGO_BUILD_BUILD_DIR" > cells/target
    mv cells/command.new cells/command
fi
identity > built.new
touch -r started built.new
mv built.new built
stamp > stamp.new
mv stamp.new stamp
