# Sourced by the scripts here: makes the peers' Python environment (.hessia/peers, or $HESSIA_CACHE/peers) once.
# Sets `environment`. Expects `here` and `root`.

cache=${HESSIA_CACHE:-$root/.hessia}
key=$(cat "$here/requirements.txt" <(python3 --version) | sha256sum | cut -c1-12)
environment=$cache/peers/$key
if [ ! -e "$environment/ready" ]; then
    echo "Setting up PyTorch and JAX in $environment: once, a few minutes, several GB ..." >&2
    rm -rf "$environment"
    python3 -m venv "$environment"
    start=$SECONDS
    "$environment/bin/pip" install --quiet --disable-pip-version-check --no-compile -r "$here/requirements.txt"
    echo "Installed in $((SECONDS - start)) s." >&2
    touch "$environment/ready"
fi

# built NAME: builds the example in release and says where it is.
built() {
    cargo build --release --workspace --no-default-features --example "$1" >&2
    echo "$(cargo metadata --format-version 1 --no-deps |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/release/examples/$1"
}
