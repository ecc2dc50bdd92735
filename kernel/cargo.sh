#!/bin/sh
# The `cargo` of the analyser inside the notebook kernel: the same answers, but `cargo metadata` names only
# the crates whose types a reader meets, so that 20 crates are loaded instead of 360.
export CARGO_HOME="$EVCXR_BUILD_CARGO_HOME"
case " $* " in
*" --no-deps "*) exec "$HESSIA_CARGO" "$@" ;;
*" metadata "*) "$HESSIA_CARGO" "$@" | "$HESSIA_ROOT/.hessia/bin/python" -S "$HESSIA_ROOT/kernel/thin_metadata.py" ;;
*) exec "$HESSIA_CARGO" "$@" ;;
esac
