#!/bin/sh
# clang-tidy over every source of ours that a build compiles; minutes, so a label of its own.
#   tidy.sh BUILD [PATTERN]      PATTERN: only sources whose path matches (grep -E)
set -eu
command -v clang-tidy >/dev/null || { echo "clang-tidy is not installed"; exit 1; }
build=$1 pattern=${2:-.}
root=$(cd "$(dirname "$0")/../.." && pwd)
sources=$(python3 -c '
import json, sys
root, build = sys.argv[1:]
files = {entry["file"] for entry in json.load(open(build + "/compile_commands.json"))}
print("\n".join(sorted(f for f in files if f.startswith(root + "/") and not f.startswith(build + "/") and "/golden/" not in f)))
' "$root" "$(cd "$build" && pwd)" | grep -E "$pattern")
[ -n "$sources" ] || { echo "no sources"; exit 1; }
# One a process: with several, clang 14 takes every va_list of the later ones for uninitialised.
printf '%s\n' "$sources" |
    xargs -P 2 -n 1 clang-tidy -quiet -p "$build" --extra-arg=-Wno-unknown-warning-option 2>/dev/null
