#!/bin/sh
# Every global symbol of a library that others link begins with pia_.
#   symbols.sh LIBRARY…
set -eu
status=0
for library in "$@"; do
    symbols=$(nm -g --defined-only "$library" | awk 'NF == 3 { print $3 }')
    [ -n "$symbols" ] || { echo "$library: no symbols"; exit 1; }
    bad=$(printf '%s\n' "$symbols" | grep -Ev '^(pia_|__asan|__odr_asan|__tsan|__ubsan|__sancov|_sub_|asan\.|tsan\.)' || true)
    [ -z "$bad" ] || { printf '%s: not prefixed: %s\n' "$library" "$bad"; status=1; }
done
exit $status
