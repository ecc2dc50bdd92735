# Sourced by the scripts here and by the Makefile's recipes: where things are, and the settings that the
# tests, the prebuilt library and the cells of a notebook share, so that every crate is compiled once.

ROOT=${ROOT:-$(cd "$(dirname "$0")/.." && pwd)}
SYSROOT=$(rustc --print sysroot)
PATH=$SYSROOT/bin:$PATH # the toolchain itself: each call through rustup takes longer
HOST=$(rustc -vV | sed -n 's/^host: //p')

# Lines that end in a different key end in a different folder. Within one folder cargo itself tells
# versions, features and sources apart, so all clones and all states of the lock file share it.
settings="$(rustc -vV)
RUSTFLAGS=-Cprefer-dynamic
$(sed -n '/^\[profile.dev\]/,/^$/p' "$ROOT/Cargo.toml")"
# Builds alone lie here, apart from downloaded data and features in the folder above: `make clean-cache` removes it.
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/hessia/builds
BUILD=$CACHE/build-$(printf '%s' "$settings" | sha256sum | cut -c1-12)
LOCAL=$ROOT/.hessia
CONTEXT=$BUILD/context-$(printf '%s' "$ROOT" | sha256sum | cut -c1-12)

# What a rebuild of other people's crates would follow from.
stamp() {
    cat "$ROOT/Cargo.lock" "$ROOT/Cargo.toml" "$ROOT/kernel/notebook/Cargo.toml" "$ROOT/kernel/env.sh" | sha256sum
    printf '%s\n' "$settings"
}

shared_build() {
    export RUSTFLAGS=-Cprefer-dynamic CARGO_BUILD_BUILD_DIR="$BUILD/target" CARGO_BUILD_TARGET="$HOST"
    # evcxr writes its own profile into the crate of the cells; the environment has the last word.
    export CARGO_PROFILE_DEV_DEBUG_ASSERTIONS=false CARGO_PROFILE_DEV_OVERFLOW_CHECKS=false
}

# .hessia/bin/NAME runs the program. No links to folders lie in .hessia: what walks the project follows them.
link() {
    mkdir -p "$LOCAL/bin"
    printf '#!/bin/sh\nexec "%s" "$@"\n' "$1" > "$LOCAL/bin/${1##*/}"
    chmod +x "$LOCAL/bin/${1##*/}"
}
