#!/bin/sh
# sources.sh VERSION FOLDER: evcxr and evcxr_jupyter as published, unpacked into FOLDER/evcxr and FOLDER/evcxr_jupyter,
# with their archives beside them. Cargo checks what it downloads against the registry's index.
set -eu
version=$1 folder=$2
mkdir -p "$folder/fetch/src"
: > "$folder/fetch/src/lib.rs"
cat > "$folder/fetch/Cargo.toml" <<T
[package]
name = "fetch"
version = "0.0.0"
edition = "2024"

[dependencies]
evcxr_jupyter = "=$version"

[workspace]
T
cargo fetch --quiet --manifest-path "$folder/fetch/Cargo.toml"
rm -rf "$folder/fetch"
for crate in evcxr evcxr_jupyter; do
    archive=$(find "${CARGO_HOME:-$HOME/.cargo}/registry/cache" -name "$crate-$version.crate" | head -n 1)
    [ -n "$archive" ] || { echo "cargo has brought no $crate $version" >&2; exit 1; }
    cp "$archive" "$folder/"
    tar xzf "$archive" -C "$folder"
    rm -rf "${folder:?}/$crate"
    mv "$folder/$crate-$version" "$folder/$crate"
done
