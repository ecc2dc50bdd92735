#!/bin/sh
# Installs missing system packages through apt (as root or with sudo), and the sources of Rust's standard library.
set -eu
missing=
need() { missing="$missing $1"; }
command -v cc > /dev/null || need gcc
command -v patch > /dev/null || need patch
command -v chromium > /dev/null || command -v google-chrome > /dev/null || need chromium
command -v chromedriver > /dev/null || need chromium-driver
ldconfig -p 2> /dev/null | grep -q 'libopenblas\.so$\|libopenblas\.so ' || need libopenblas-dev
python3 -c 'import ensurepip, venv' 2> /dev/null || need python3-venv
if [ -n "$missing" ]; then
    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    # Ubuntu's chromium package is a snap; the notebooks' figures then go without pictures.
    if ! command -v apt-get > /dev/null || { [ -n "$sudo" ] && ! command -v sudo > /dev/null; }; then
        echo "please install:$missing" >&2
        exit 1
    fi
    $sudo apt-get update -q
    for package in $missing; do
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$package" || case $package in
            chromium*) echo "without $package, figures have no still picture" >&2 ;;
            *) exit 1 ;;
        esac
    done
fi
sysroot=$(rustc --print sysroot)
if [ ! -d "$sysroot/lib/rustlib/src/rust/library" ]; then
    rustup component add rust-src
fi
