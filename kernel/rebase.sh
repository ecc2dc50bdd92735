#!/bin/sh
# rebase.sh VERSION: moves the patches of the notebook kernel to another published version of evcxr, builds that kernel
# and runs its tests. Where a patch does not fit, it says so and stops; run it again when that is resolved. With EDIT=1
# it stops where the patches are commits, to be changed or followed by others before it is run again.
set -eu
. "$(dirname "$0")/env.sh"
new=${1:?the version of evcxr to go to, as in make rebase-kernel VERSION=0.22.0}
patches=$ROOT/kernel/patches
work=$CACHE/rebase-$new
git() { command git -C "$work" "$@"; }

published() {
    rm -rf "$work/evcxr" "$work/evcxr_jupyter" "$work"/*.crate
    "$ROOT/kernel/sources.sh" "$1" "$work"
    git add -Af evcxr evcxr_jupyter
    git commit --quiet --allow-empty -m "evcxr $1 as published"
}

mkdir -p "$CACHE"
if [ ! -e "$work/.git/ready" ]; then
    rm -rf "$work"
    mkdir "$work"
    git init --quiet
    git config user.name hessia
    git config user.email hessia@localhost
    git config commit.gpgsign false
    printf '*.crate\ntarget\n' > "$work/.git/info/exclude"
    published "$(kernel_version)"
    git tag old
    for patch in "$patches"/*.patch; do
        git mailinfo .git/body .git/diff < "$patch" > "$work/.git/header"
        git apply --index "$patch"
        { sed -n 's/^Subject: //p' "$work/.git/header"; echo; cat "$work/.git/body"; } | git commit --quiet -F -
    done
    git tag series
    git checkout --quiet -b new old
    published "$new"
    git tag base
    touch "$work/.git/ready"
    git cherry-pick old..series > /dev/null || :
fi
if [ -e "$work/.git/CHERRY_PICK_HEAD" ] || [ -d "$work/.git/sequencer" ]; then
    git status --short | grep -v '^[AMD] ' >&2 || :
    echo "A patch does not fit evcxr $new. In $work: resolve it, git add, git cherry-pick --continue;" >&2
    echo "then 'make rebase-kernel VERSION=$new' again." >&2
    exit 1
fi

if [ -n "${EDIT:-}" ]; then
    echo "The patches are the commits base..new in $work. Change them, then 'make rebase-kernel VERSION=$new'."
    exit
fi

mkdir "$work/.git/series"
git format-patch --quiet --no-signature --no-numbered --no-base -o .git/series base..new
for patch in "$work"/.git/series/*.patch; do
    # Without what differs in each run.
    sed -i '/^From [0-9a-f]* /d; /^From: /d; /^Date: /d; /^index [0-9a-f]*\.\./d' "$patch"
done
rm "$patches"/*.patch
mv "$work"/.git/series/*.patch "$patches/"
(cd "$work" && sha256sum "evcxr-$new.crate" "evcxr_jupyter-$new.crate") > "$patches/evcxr.sha256"
rm -rf "$work"
echo "kernel/patches is for evcxr $new; now its build and its tests"
make -C "$ROOT" kernel
exec "$LOCAL/bin/python" "$ROOT/kernel/test_kernel.py"
