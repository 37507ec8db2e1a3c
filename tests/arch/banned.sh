#!/bin/sh
# What this code does without: functions with a safer form, sleeping, raw zmsg_send (it consumes its
# message only when it succeeds), and marks of unfinished work.
#   banned.sh ROOT
set -eu
cd "$1"
calls='strcpy|strcat|stpcpy|sprintf|vsprintf|atoi|atol|atoll|strtok|strtok_r|gets|usleep|sleep|tmpnam|mktemp|system|popen|alloca|zmsg_send'
marks='TODO|FIXME|XXX'
files=$(find common services proto tests -name '*.[ch]' ! -path '*/golden/*' 2>/dev/null || true)
[ -n "$files" ] || { echo "no sources under $1"; exit 1; }
status=0
# A name in a comment or in a longer name is none of a call.
if printf '%s\n' "$files" | xargs grep -nE "(^|[^A-Za-z0-9_])($calls) *\(" | grep -vE '^[^:]+:[0-9]+: *(/?\*|//)'; then
    echo "banned: use the bounded form, pia_frames_send, or wait for an event"
    status=1
fi
if printf '%s\n' "$files" | xargs grep -nwE "$marks"; then
    echo "banned: finish it or file an issue"
    status=1
fi
if printf '%s\n' "$files" | xargs grep -nE '^ *# *if +0'; then
    echo "banned: git remembers"
    status=1
fi
exit $status
