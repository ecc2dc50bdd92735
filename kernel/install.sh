#!/bin/sh
# Builds the notebook kernel: evcxr_jupyter as published, with kernel/evcxr.patch applied.
set -eu
. "$(dirname "$0")/env.sh"
version=0.22.0
patch=$ROOT/kernel/evcxr.patch
# Published sources by their checksums; cargo itself checks what it downloads against the registry's index.
checksums="ee69caeeefc311959b85962458e370d8eccb165123edbc5270134aaee6d7ed80  evcxr-$version.crate
3ce0d7b3058f68a9673df4f1266b641942fea0ec131881d095306e509a382764  evcxr_jupyter-$version.crate"

kernel=$CACHE/evcxr-$version-$(sha256sum "$patch" | cut -c1-12)
alone evcxr
"$ROOT/kernel/sweep.sh" "$CACHE"/evcxr-build.* "$CACHE"/.new-*
if [ ! -x "$kernel/bin/evcxr_jupyter" ]; then
    own_folder "$CACHE" evcxr-build.
    work=$folder
    trap 'rm -rf "$work"' EXIT
    mkdir "$work/fetch" "$work/fetch/src"
    : > "$work/fetch/src/lib.rs"
    cat > "$work/fetch/Cargo.toml" <<T
[package]
name = "fetch"
version = "0.0.0"
edition = "2024"

[dependencies]
evcxr_jupyter = "=$version"

[workspace]
T
    run cargo fetch --quiet --manifest-path "$work/fetch/Cargo.toml"
    registry=${CARGO_HOME:-$HOME/.cargo}/registry
    for crate in evcxr evcxr_jupyter; do
        archive=$(find "$registry/cache" -name "$crate-$version.crate" | head -n 1)
        cp "$archive" "$work/"
    done
    (cd "$work" && printf '%s\n' "$checksums" | sha256sum --check --quiet && for crate in ./*.crate; do tar xzf "$crate"; done)
    patch --quiet -d "$work" -p1 < "$patch"
    run env CARGO_TARGET_DIR="$work/target" cargo install --path "$work/evcxr_jupyter-$version" --locked --root "$work/kernel"
    rm -rf "$kernel" && mv "$work/kernel" "$kernel"
fi
link "$kernel/bin/evcxr_jupyter"
