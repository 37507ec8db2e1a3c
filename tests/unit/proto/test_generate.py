#!/usr/bin/env python3
"""The generator: its golden output, that it is idempotent, and what it refuses, in words."""

import copy
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]

GOOD = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:pia:tool",
    "title": "Tools",
    "$defs": {
        "colour": {"type": "string", "enum": ["red", "blue"], "description": "Of its handle."},
        "tool": {
            "type": "object", "additionalProperties": False, "required": ["code"],
            "properties": {"code": {"type": "string", "format": "code"},
                           "colour": {"$ref": "#/$defs/colour"}},
        },
        "registry.tool.get": {
            "x-number": 300, "x-answer": {"$ref": "#/$defs/tool"}, "x-errors": ["not_found"],
            "type": "object", "additionalProperties": False, "required": ["code"],
            "properties": {"code": {"type": "string", "format": "code", "maxLength": 63}},
        },
    },
}


def generate(directory, schemas):
    paths = []
    for noun, schema in schemas.items():
        path = directory / f"{noun}.schema.json"
        path.write_text(schema if isinstance(schema, str) else json.dumps(schema), "utf-8")
        paths.append(str(path))
    return subprocess.run(
        [sys.executable, str(ROOT / "proto/generate"), "--out", str(directory / "out"),
         "--include", str(ROOT / "common/include"), *paths],
        capture_output=True, text=True, timeout=30, check=False)


class Golden(unittest.TestCase):
    def test_the_output_is_the_golden_one_and_a_second_run_touches_nothing(self):
        schema = json.loads((HERE / "golden/tool.schema.json").read_text("utf-8"))
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            self.assertEqual(generate(directory, {"tool": schema}).stderr, "")
            written = {"tool.h": directory / "out/include/proto/tool.h", "tool.c": directory / "out/tool.c",
                       "messages.c": directory / "out/messages.c"}
            for golden, path in written.items():
                self.assertEqual(path.read_text("utf-8"), (HERE / "golden" / golden).read_text("utf-8"))
            times = {path: path.stat().st_mtime_ns for path in written.values()}
            self.assertEqual(generate(directory, {"tool": schema}).returncode, 0)
            self.assertEqual(times, {path: path.stat().st_mtime_ns for path in times})


class Refusals(unittest.TestCase):
    def refuse(self, change, reason, extra=None):
        schema = copy.deepcopy(GOOD)
        if change:
            change(schema)
        with tempfile.TemporaryDirectory() as name:
            result = generate(pathlib.Path(name), {"tool": schema, **(extra or {})})
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn(reason, result.stderr)
            self.assertNotIn("Traceback", result.stderr)
            self.assertFalse((pathlib.Path(name) / "out").exists(), "nothing is written")

    def change_get(self, **members):
        return lambda s: s["$defs"]["registry.tool.get"].update(members)

    def change_code(self, **members):
        return lambda s: s["$defs"]["registry.tool.get"]["properties"]["code"].update(members)

    def test_the_good_one_is_good(self):
        with tempfile.TemporaryDirectory() as name:
            self.assertEqual(generate(pathlib.Path(name), {"tool": GOOD}).stderr, "")

    def test_files(self):
        self.refuse(lambda s: s.update({"$id": "urn:pia:other"}), "$id must be urn:pia:tool")
        self.refuse(lambda s: s.update(extra=1), "unknown member 'extra'")
        self.refuse(lambda s: s.pop("$defs"), "has no $defs")
        self.refuse(None, "broken.schema.json", {"broken": "{"})
        self.refuse(None, "member 'a' is given twice", {"broken": '{"a": 1, "a": 2}'})
        self.refuse(None, "is not an object", {"broken": "[]"})
        self.refuse(None, "taken by the list", {"messages": {**GOOD, "$id": "urn:pia:messages"}})

    def test_names(self):
        self.refuse(lambda s: s["$defs"].update(Tool=s["$defs"]["tool"]), "a name is words of a-z")
        self.refuse(lambda s: s["$defs"].update(registry_tool_get=s["$defs"]["tool"]), "same C name")
        self.refuse(lambda s: s["$defs"].update(problem=s["$defs"]["tool"]), "pia_problem_t is a type of common")
        self.refuse(lambda s: s["$defs"].update({"a.b": s["$defs"]["tool"]}), "only a message")

    def test_numbers(self):
        self.refuse(self.change_get(**{"x-number": 0}), "not in 1..65535")
        self.refuse(self.change_get(**{"x-number": "1"}), "not in 1..65535")
        self.refuse(lambda s: s["$defs"].update({"registry.tool.list": s["$defs"]["registry.tool.get"]}),
                    "x-number 300 is taken by")

    def test_messages(self):
        self.refuse(self.change_get(**{"x-errors": ["oops"]}), "'oops' is not in pia/status.h")
        self.refuse(self.change_get(**{"x-answer": {"$ref": "#/$defs/none"}}), "no such definition")
        self.refuse(self.change_get(**{"x-answer": {"$ref": "none.schema.json#/$defs/a"}}), "no such file")
        self.refuse(self.change_get(**{"x-answer": {"$ref": "http://x"}}), "is not '#/$defs/NAME'")
        self.refuse(self.change_get(**{"x-answer": {"$ref": "#/$defs/colour"}}), "x-answer is not an object")
        self.refuse(self.change_get(**{"x-mutating": "yes"}), "x-mutating is not a boolean")
        self.refuse(self.change_get(**{"x-once": False}), "x-once is true or absent")
        self.refuse(self.change_get(**{"x-once": True, "x-mutating": True}), "is x-once and takes a key")
        self.refuse(self.change_get(**{"x-numbr": 3}), "'x-numbr' is not something")
        self.refuse(self.change_get(additionalProperties=True), "additionalProperties must be false")
        self.refuse(self.change_get(required=["cod"]), "requires 'cod'")

    def test_members(self):
        self.refuse(self.change_code(format="zip"), "format 'zip' is not in")
        self.refuse(self.change_code(pattern="^a"), "'pattern' is not something that the decoder checks")
        self.refuse(self.change_code(type="number"), "type 'number' is not one of")
        self.refuse(self.change_code(type=["string", "null"]), "is not one of")
        self.refuse(self.change_code(minLength=64), "minLength is above maxLength")
        self.refuse(self.change_code(maxLength="9"), "maxLength is not an integer")
        self.refuse(self.change_code(enum=[]), "enum is not a list of texts")
        self.refuse(self.change_code(enum=["a", "a"]), "names a value twice")
        self.refuse(lambda s: s["$defs"]["tool"]["properties"].update(Code={"type": "string"}), "member's name")
        self.refuse(lambda s: s["$defs"]["tool"]["properties"].update(
            age={"type": "integer"}, has_age={"type": "boolean"}), "two members are called has_age")
        self.refuse(lambda s: s["$defs"]["tool"]["properties"].update(
            age={"type": "integer", "maximum": 2**60}), "beyond 2^53")
        self.refuse(lambda s: s["$defs"]["tool"]["properties"].update(
            ages={"type": "array", "items": {"type": "integer"}}), "items are texts or objects")
        self.refuse(lambda s: s["$defs"]["tool"]["properties"].update(
            at={"type": "object", "properties": {}}), "'properties' is not something")


if __name__ == "__main__":
    unittest.main()
