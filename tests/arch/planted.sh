#!/bin/sh
# Proves that each check of this folder sees what it is for: a small clean tree passes it, and fails
# it once a violation is planted.
#   planted.sh CMAKE COMPILER
set -u
here=$(cd "$(dirname "$0")" && pwd)
cmake=$1 compiler=$2
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

clean_tree() {
    rm -rf "${tree:?}"/*
    mkdir -p "$tree/common/include/pia" "$tree/common/src" "$tree/services/x" "$tree/services/gateway" "$tree/tests"
    cp "$here/../../.clang-format" "$tree/"
    printf 'int pia_one(void);\n' >"$tree/common/include/pia/one.h"
    printf '/* Not strcpy( in a comment. */\n#include "pia/one.h"\n\nint pia_one(void)\n{\n    return 1;\n}\n' >"$tree/common/src/one.c"
    printf '#include "x.h"\n\n#include "pia/one.h"\n' >"$tree/services/x/x.c"
    printf 'int x_two(void);\n' >"$tree/services/x/x.h"
    printf '#include "pia/one.h"\n' >"$tree/services/gateway/g.h"
}

check() {
    case $1 in
    layering) "$cmake" "-DROOT=$tree" -P "$here/layering.cmake" ;;
    symbols)
        (cd "$tree" && "$compiler" -Icommon/include -c common/src/one.c -o one.o && ar rc one.a one.o) &&
            sh "$here/symbols.sh" "$tree/one.a"
        ;;
    *) sh "$here/$1.sh" "$tree" ;;
    esac >"$tree.out" 2>&1
}

# planted CHECK FILE LINES…: the file gets these lines more.
planted() {
    name=$1 file=$2
    shift 2
    clean_tree
    if ! check "$name"; then
        echo "$name refuses a clean tree:"; cat "$tree.out"
        failures=$((failures + 1))
        return
    fi
    printf '%s\n' "$@" >>"$tree/$file"
    if check "$name"; then
        echo "$name does not see in $file: $1"
        failures=$((failures + 1))
    fi
}

many() {
    yes "$1" | head -n "$2"
}

planted layering services/x/x.c '#include <sqlite3.h>'
planted layering services/x/x.c '#include <libpq-fe.h>'
planted layering services/x/x.c '#include <hiredis/hiredis.h>'
planted layering services/x/x.c '#include "../gateway/g.h"'
planted layering services/x/x.c '#include "g.h"'
planted layering services/x/x.c '  #  include "registry.h"'
planted layering services/x/x.c '#include <cmocka.h>'
planted layering common/src/one.c '#include "x.h"'
planted layering common/src/one.c '#include "services/x/x.h"'
planted layering common/include/pia/one.h '#include "one_internal.h"'
planted symbols common/src/one.c 'int two(void); int two(void) { return 2; }'
planted symbols common/src/one.c 'int counter;'
planted banned common/src/one.c 'void pia_f(char *a) { strcpy(a, "x"); }'
planted banned services/x/x.c 'int x_f(void) { return atoi ("1"); }'
planted banned tests/t.c 'void f(void) { usleep(1); }'
planted banned services/x/x.c 'void x_f(void **m, void *s) { if (m) zmsg_send(m, s); }'
planted banned services/x/x.c '/* FIXME later */'
planted banned services/x/x.c '#if 0' '#endif'
planted sizes common/src/one.c "$(many '/* line */' 500)"
planted sizes common/include/pia/one.h "$(many '/* line */' 130)"
planted sizes tests/test_x.py "$(many 'assert True' 501)"
planted sizes services/x/x.c 'int x_f(void)' '{' "$(many '    ;' 71)" '}'
planted format services/x/x.c 'int   x_f(void) { return 1; }'
planted format common/include/pia/one.h 'int pia_two(void) ;'
rm -f "$tree.out"
[ "$failures" = 0 ] || { echo "$failures failed"; exit 1; }
