#!/bin/sh
# Starts one notebook kernel in a crate folder of its own, made of hard links to what is already built.
set -eu
. "$(dirname "$0")/env.sh"
cargo_home=${CARGO_HOME:-$HOME/.cargo}

"$ROOT/kernel/sweep.sh" "$BUILD"/runs/* "$BUILD"/runs/.new-* < /dev/null > /dev/null 2>&1 &
# Compiled cells that nothing asked for in days.
find "$CONTEXT/cells" -mindepth 2 -type f -atime +3 -delete < /dev/null > /dev/null 2>&1 &
own_folder "$BUILD/runs" ""
run=$folder
mkdir -p "$run/target/$HOST/debug" "$run/target/debug"
# One lock for both: between them another clone could build its own library in the same place.
flock "$BUILD/lock" sh -ec '
    "$4/kernel/prepare.sh" --offline >&2
    for part in debug "$3/debug"; do
        for folder in .fingerprint build deps; do
            [ ! -d "$1/target/$part/$folder" ] || cp -al "$1/target/$part/$folder" "$2/target/$part/"
        done
    done' - "$BUILD" "$run" "$HOST" "$ROOT" 9>&-
# Not shared: what cargo rewrites in place.
debug=$run/target/$HOST/debug
rm -rf "$debug"/.fingerprint/ctx-* "$debug"/deps/*ctx*
for folder in "$debug"/.fingerprint/hessia-*; do
    cp -rp "$folder" "$folder.own" && rm -rf "$folder" && mv "$folder.own" "$folder"
done
cp -p "$CONTEXT/Cargo.lock" "$run/Cargo.lock"

cat > "$run/evcxr.toml" <<T
[evcxr]
offline_mode = true
opt_level = "0"
prelude = """
use hessia::prelude::*;
let _warm_up = Array2::<f64>::eye(2);
"""

[dependencies]
hessia = { package = "hessia-notebook", path = "$ROOT/kernel/notebook" }
T
shared_build
unset CARGO_BUILD_TARGET
# The compiled cells look for the standard library relative to a folder one level further down.
LD_LIBRARY_PATH=$SYSROOT/lib/rustlib/$HOST/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH HESSIA_ROOT="$ROOT" HESSIA_CARGO="$SYSROOT/bin/cargo" HESSIA_VIEW="$CONTEXT/view"
# HESSIA_CELLS names another folder of compiled cells: an empty one for those who measure.
cells=${HESSIA_CELLS:-$CONTEXT/cells}
[ "$cells" = "$CONTEXT/cells" ] || { mkdir -p "$cells" && cp "$CONTEXT/cells/command" "$CONTEXT/cells/target" "$cells/"; }
export EVCXR_CELLS="$cells" EVCXR_TMPDIR="$run" EVCXR_CONFIG_DIR="$run" EVCXR_BUILD_CARGO_HOME="$cargo_home"
export HESSIA_OUT="${HESSIA_OUT:-$ROOT/out}"
export EVCXR_PRELOAD="$debug/deps/libhessia.so" CARGO_HOME="$CONTEXT/cargo-home"
# What the analyser looks at while the first cells run, so that it knows their types when it is asked.
export EVCXR_WARM_UP="#![allow(unused)]
use hessia::prelude::*;
async fn evcxr_analysis_wrapper() {
    let matrix = Array2::<f64>::eye(2);
    let spectrum = eigh(&matrix);
    let number = 1 + 1;
}"
# The kernel ends with the process that started it.
export EVCXR_PARENT="$PPID"
exec "$LOCAL/bin/evcxr_jupyter" --control_file "$1"
