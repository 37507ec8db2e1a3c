#!/bin/sh
# The format of C is what clang-format prints (the generator's golden files are the generator's).
#   format.sh ROOT
set -eu
cd "$1"
command -v clang-format >/dev/null || { echo "clang-format is not installed"; exit 1; }
files=$(find common services proto tests -name '*.[ch]' ! -path '*/golden/*' 2>/dev/null || true)
[ -n "$files" ] || { echo "no sources under $1"; exit 1; }
printf '%s\n' "$files" | xargs clang-format --style=file --dry-run -Werror
