# Sourced by the scripts here and by the Makefile's recipes: where things are, and the settings that the
# tests, the prebuilt library and the cells of a notebook share, so that every crate is compiled once.

ROOT=${ROOT:-$(cd "$(dirname "$0")/.." && pwd)}
SYSROOT=$(rustc --print sysroot)
PATH=$SYSROOT/bin:$PATH # the toolchain itself: each call through rustup takes longer
HOST=$(rustc -vV | sed -n 's/^host: //p')

# The sections of [profile.dev] and of its packages.
dev_profile() {
    awk '/^\[/ { on = /^\[profile\.dev[].]/ } on && !/^#/ && NF' "$ROOT/Cargo.toml"
}

# Lines that end in a different key end in a different folder. Within one folder cargo itself tells
# versions, features and sources apart, so all clones and all states of the lock file share it.
settings="$(rustc -vV)
RUSTFLAGS=-Cprefer-dynamic
$(dev_profile)"
# Builds alone lie here, apart from downloaded data and features in the folder above: `make clean-cache` removes it.
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/hessia/builds
BUILD=$CACHE/build-$(printf '%s' "$settings" | sha256sum | cut -c1-12)
LOCAL=$ROOT/.hessia
CONTEXT=$BUILD/context-$(printf '%s' "$ROOT" | sha256sum | cut -c1-12)

# What a rebuild of other people's crates would follow from.
stamp() {
    cat "$ROOT/Cargo.lock" "$ROOT/Cargo.toml" "$ROOT/paper/Cargo.toml" "$ROOT"/kernel/*/Cargo.toml "$ROOT/kernel/env.sh" | sha256sum
    printf '%s\n' "$settings"
}

shared_build() {
    export RUSTFLAGS=-Cprefer-dynamic CARGO_BUILD_BUILD_DIR="$BUILD/target" CARGO_BUILD_TARGET="$HOST"
}

# Makes the new folder $1/$2NAME, names it `folder` and holds the lock in it for as long as this process lives, also
# as the program that it becomes. kernel/sweep.sh then leaves it alone.
own_folder() {
    mkdir -p "$1"
    folder=$(mktemp -d "$1/.new-XXXXXX")
    exec 9> "$folder/lock"
    flock --nonblock 9 2> /dev/null || : # a file system without locks
    mv "$folder" "$1/$2${folder##*/.new-}"
    folder=$1/$2${folder##*/.new-}
}

# Waits until no other process does what is named $1, and keeps others from it for as long as this one lives.
alone() {
    mkdir -p "$CACHE"
    exec 8> "$CACHE/$1.lock"
    flock 8 || echo "hessia: $CACHE has no locks: one set-up at a time, please" >&2
}

# Runs a long command such that a signal to this script alone, as `kill` and make send it, ends both.
run() {
    "$@" 8>&- 9>&- &
    child=$!
    trap 'kill "$child" 2> /dev/null; wait "$child"; exit 130' INT
    trap 'kill "$child" 2> /dev/null; wait "$child"; exit 143' TERM HUP
    wait "$child"
    trap - INT TERM HUP
}

# Writes a file of .hessia from stdin: aside, then under its name, as another set-up may be reading it.
place() {
    mkdir -p "${1%/*}"
    cat > "$1.$$"
    chmod "${2:-644}" "$1.$$"
    mv "$1.$$" "$1"
}

# The version of evcxr that kernel/patches are for.
kernel_version() {
    sed -n 's/.* evcxr-\(.*\)\.crate$/\1/p' "$ROOT/kernel/patches/evcxr.sha256"
}

# .hessia/bin/NAME runs the program. No links to folders lie in .hessia: what walks the project follows them.
link() {
    printf '#!/bin/sh\nexec "%s" "$@"\n' "$1" | place "$LOCAL/bin/${1##*/}" 755
}
