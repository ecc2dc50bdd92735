#!/bin/sh
# Builds the kernel as published, beside the project's own, and runs the cells of docs/notebooks.md in it.
set -eu
. "$(dirname "$0")/env.sh"
version=$(kernel_version)
stock=$CACHE/evcxr-$version-stock
alone evcxr
if [ ! -x "$stock/bin/evcxr_jupyter" ]; then
    own_folder "$CACHE" evcxr-build.
    work=$folder
    trap 'rm -rf "$work"' EXIT
    run env CARGO_TARGET_DIR="$work/target" cargo install "evcxr_jupyter@$version" --locked --root "$work/kernel"
    mv "$work/kernel" "$stock"
fi
export STOCK_KERNEL="$stock/bin/evcxr_jupyter"
exec 8>&-
exec "$LOCAL/bin/python" kernel/test_stock.py -v
