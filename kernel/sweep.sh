#!/bin/sh
# sweep.sh FOLDER...: removes those folders whose owner has ended, of which the last may have been cut.
#
# A kernel or build holds a lock on the file `lock` in its folder for as long as it lives, on whichever host or in
# whichever container that shares the folder: process numbers say nothing there. Where there is no such file, or the
# file system has no locks, a folder that nothing has written to for a week has no owner.
set -eu

# Whether nothing in the folder has been written to for a week.
aged() {
    [ -z "$(find "$1" -mtime -7 -print -quit 2> /dev/null)" ]
}

dead() {
    case ${1##*/} in
    .new-*) aged "$1" && return 0 || return 1 ;; # its lock may not be held yet
    esac
    if [ -e "$1/lock" ]; then
        status=0
        flock --nonblock --conflict-exit-code 75 "$1/lock" true 2> /dev/null || status=$?
        case $status in
        0) return 0 ;;
        75) return 1 ;;
        esac
    fi
    aged "$1"
}

for folder in "$@"; do
    if [ -d "$folder" ] && dead "$folder"; then rm -rf "$folder" || :; fi
done
