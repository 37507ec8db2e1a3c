#!/bin/sh
# states_are_data.sh ROOT - the engine knows no state of a procedure by name: no text in its C is one
# of the states that the default definition names.
set -eu
service=$1/services/labellisation
states=$(/usr/bin/env python3 - "$service/process/label-pia.v1.json" <<'PYTHON'
import json, sys
machines = json.load(open(sys.argv[1], encoding="utf-8"))["machines"].values()
print("|".join(state["name"] for machine in machines for state in machine["states"]))
PYTHON
)
[ -n "$states" ]
# A kind of message has the same word as a state: what compares `notice` with it is no state.
if grep -nE "\"($states)\"" "$service"/*.c "$service"/*.h | grep -v 'strcmp(notice, "decision")'; then
    echo "states_are_data: a state belongs in process/*.json" >&2
    exit 1
fi
