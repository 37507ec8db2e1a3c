#!/bin/sh
# french.sh ROOT - French that people read keeps its typography: ’ and no straight apostrophe, no-break
# spaces before : ; ! ? », after «. In data and templates all of it; in C every text with a plain space
# before such a mark (English has none there) or with an elision by a straight apostrophe; what *_draw.c
# writes goes through typography_french. Lists begin with –.
set -eu
exec /usr/bin/env python3 - "$1" <<'PYTHON'
import pathlib, re, sys

root = pathlib.Path(sys.argv[1])
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
SPACED = re.compile(r"(?<=[\w\")»}%…]) (?=[;!?](?:\W|n|$)|:(?:\W|n|$)|»)|(?<=«) ")
# d'un, l'avis, qu'elle …: an elision, not an English genitive or contraction
ELISION = re.compile(r"\b(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)'(?=[aeiouyhàâéèêëîïôûœAEIOUYHÉÈÊ])", re.I)


def texts(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if path.suffix == ".mustache":
            yield number, line
        elif not line.lstrip().startswith(("/*", "*", "//", "#include")):
            for text in TEXT.findall(line):
                if not text.startswith("SELECT"):
                    yield number, text


files = [*root.glob("services/labellisation/process/*.json"), *root.glob("tests/process/*.json"),
         *root.glob("services/labellisation/specification/*.json"), *root.glob("services/notifications/plan/*.json"),
         *root.glob("services/notifications/templates/*.fr.mustache")]
code = [*root.glob("services/labellisation/*.c"), *root.glob("services/notifications/*.c"),
        *root.glob("services/registry/*.c"), *root.glob("common/src/*.c")]
code = [path for path in code if not path.name.endswith("_draw.c")]
assert len(files) > 10 and len(code) > 100
faults = []
for path in files + code:
    data = path in files
    for number, text in texts(path):
        straight = re.search(r"\w'\w", text) if data else ELISION.search(text)
        if straight or SPACED.search(text) or (not data and text.startswith("- ")):
            faults.append(f"{path.relative_to(root)}:{number}: {text.strip()}")
print("\n".join(faults), file=sys.stderr)
sys.exit(f"french: {len(faults)} texts" if faults else 0)
PYTHON
