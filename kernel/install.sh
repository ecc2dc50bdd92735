#!/bin/sh
# Builds the notebook kernel: evcxr_jupyter as published, with the patches in kernel/patches applied in order.
set -eu
. "$(dirname "$0")/env.sh"
patches=$ROOT/kernel/patches
version=$(kernel_version)

kernel=$CACHE/evcxr-$version-$(cat "$patches"/*.patch "$0" "$ROOT/kernel/profile.toml" | sha256sum | cut -c1-12)
alone evcxr
"$ROOT/kernel/sweep.sh" "$CACHE"/evcxr-build.* "$CACHE"/.new-*
if [ ! -x "$kernel/bin/evcxr_jupyter" ]; then
    own_folder "$CACHE" evcxr-build.
    work=$folder
    trap 'rm -rf "$work"' EXIT
    run "$ROOT/kernel/sources.sh" "$version" "$work"
    (cd "$work" && sha256sum --check --quiet "$patches/evcxr.sha256")
    for patch in "$patches"/*.patch; do patch --quiet --fuzz=0 -d "$work" -p1 < "$patch"; done
    # Takes out of the lock file what the patches no longer need, and changes nothing else in it.
    run cargo fetch --quiet --target "$HOST" --manifest-path "$work/evcxr_jupyter/Cargo.toml"
    run env CARGO_TARGET_DIR="$work/target" cargo install --config "$ROOT/kernel/profile.toml" --path "$work/evcxr_jupyter" --locked --root "$work/kernel"
    rm -rf "$kernel" && mv "$work/kernel" "$kernel"
fi
link "$kernel/bin/evcxr_jupyter"
