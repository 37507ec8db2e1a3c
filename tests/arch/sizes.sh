#!/bin/sh
# No file beyond 500 lines (a test's or a script's neither), no header of ours that others read beyond
# 130, no function beyond 70.
#   sizes.sh ROOT
set -eu
cd "$1"
files=$(find common services proto tests -name '*.[ch]' ! -path '*/golden/*' 2>/dev/null || true)
[ -n "$files" ] || { echo "no sources under $1"; exit 1; }
# The format puts a function's braces, and only these, into the first column.
printf '%s\n' "$files" | xargs awk '
    FNR == 1 { check_file(); name = FILENAME }
    { lines = FNR }
    /^\{/ { start = FNR }
    /^\}/ {
        if (start && FNR - start - 1 > 70) complain(FILENAME ":" start ": a function of " FNR - start - 1 " lines, 70 are the limit")
        start = 0
    }
    END { check_file(); exit bad }
    function check_file() {
        if (name ~ /^common\/include\// && lines > 130) complain(name ": " lines " lines, 130 are the limit of a header")
        if (lines > 500) complain(name ": " lines " lines, 500 are the limit of a file")
        lines = 0
    }
    function complain(what) { print what; bad = 1 }
'
scripts=$(find common services proto tests -name '*.py' 2>/dev/null || true)
[ -z "$scripts" ] || printf '%s\n' "$scripts" | xargs awk '
    FNR == 501 { print FILENAME ": more than 500 lines, the limit of a file"; bad = 1 }
    END { exit bad }
'
