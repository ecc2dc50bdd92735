#!/bin/sh
# Builds the kernel as published, beside the project's own, and runs the cells of docs/notebooks.md in it.
set -eu
. "$(dirname "$0")/env.sh"
version=0.22.0
stock=$CACHE/evcxr-$version-stock
if [ ! -x "$stock/bin/evcxr_jupyter" ]; then
    work=$(mktemp -d "$CACHE/evcxr-build.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    CARGO_TARGET_DIR="$work/target" cargo install "evcxr_jupyter@$version" --locked --root "$work/kernel"
    mv "$work/kernel" "$stock"
fi
export STOCK_KERNEL="$stock/bin/evcxr_jupyter"
exec "$LOCAL/bin/python" kernel/test_stock.py -v
