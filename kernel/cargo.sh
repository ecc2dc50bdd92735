#!/bin/sh
# The `cargo` of the analyser inside the notebook kernel: the same answers, but `cargo metadata` names only
# the crates whose types a reader meets, so that 20 crates are loaded instead of 360.
root=$(cd "$(dirname "$0")/../../.." && pwd)
export CARGO_HOME="$EVCXR_BUILD_CARGO_HOME"
own=$(cd "$(dirname "$0")" && pwd)
PATH=$(printf '%s' "$PATH" | tr ':' '\n' | grep -vxF "$own" | paste -sd: -)
cargo=$CARGO_HOME/bin/cargo
[ -x "$cargo" ] || cargo=$(command -v cargo)
case " $* " in
*" metadata "*) "$cargo" "$@" | python3 -S "$root/kernel/thin_metadata.py" ;;
*) exec "$cargo" "$@" ;;
esac
