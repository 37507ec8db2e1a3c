"""What proto/*.schema.json allows and what it does not, one body at a time."""

import json
import uuid

from pia import ROOT

SOME = str(uuid.UUID(int=0x190B000000070008000000000000001))
FORMATS = {  # one that is right, one that is not
    "uuid": (SOME, "0190b000-0000-7000-8000-00000000000g"),
    "code": ("essai", "Pas Un"),
    "cursor": ("AAAA", "a b"),
    "date-time": ("2027-03-01T09:00:00Z", "2027-02-30T09:00:00Z"),
    "departement": ("54", "96"),
    "region": ("44", "98"),
    "commune": ("54395", "5439x"),
    "role": ("pole", "roi"),
    "territory": ("epci:200069193", "commune:5439x"),
    "date": ("2027-03-01", "2027-02-30"),
    "siren": ("732829320", "732829321"),
    "siret": ("73282932000074", "73282932000075"),
    "url": ("https://example.org/", "javascript:alert(1)"),
    "language": ("fr", "f"),
    "event-type": ("essai.fait", "Essai fait"),
}


def read_schemas():
    return {path.name: json.loads(path.read_text())["$defs"]
            for path in (ROOT / "proto").glob("*.schema.json")}


class Bodies:
    """The bodies of the messages of proto/."""

    def __init__(self):
        self.files = read_schemas()
        self.messages = {name: (file, rule) for file, definitions in self.files.items()
                         for name, rule in definitions.items() if "x-number" in rule}

    def good(self, name):
        """The smallest body that the schema allows."""
        return self._good(*self.messages[name])

    def bad(self, name):
        """(body, pointer to what is wrong in it) for each thing that the schema forbids."""
        yield from self._bad(*self.messages[name], "")

    def _resolve(self, file, rule):
        if "$ref" not in rule:
            return file, rule
        other, _, path = rule["$ref"].partition("#/$defs/")
        return other or file, self.files[other or file][path]

    def _good(self, file, rule):
        file, rule = self._resolve(file, rule)
        kind = rule.get("type", "string")
        if kind == "object":
            members = rule.get("properties", {})
            return {name: self._good(file, members[name]) for name in rule.get("required", ())}
        if kind == "array":
            return [self._good(file, rule["items"])] * rule.get("minItems", 0)
        if kind in ("integer", "boolean"):
            return rule.get("minimum", 0) if kind == "integer" else True
        if "enum" in rule:
            return rule["enum"][0]
        return FORMATS[rule["format"]][0] if "format" in rule else "x" * max(1, rule.get("minLength", 0))

    def _bad(self, file, rule, at):
        file, rule = self._resolve(file, rule)
        kind = rule.get("type", "string")
        yield from ((value, at) for value in (None, *WRONG_TYPES[kind]))
        yield from getattr(self, f"_bad_{kind}")(file, rule, at)

    def _bad_object(self, file, rule, at):
        if "properties" not in rule:
            return  # free: its content is the handler's matter
        good = self._good(file, rule)
        yield {**good, "unheard/of": 1}, f"{at}/unheard~1of"
        for name in good:
            yield {n: v for n, v in good.items() if n != name}, f"{at}/{name}"
        for name, member in rule["properties"].items():
            for value, pointer in self._bad(file, member, f"{at}/{name}"):
                yield {**good, name: value}, pointer

    def _bad_array(self, file, rule, at):
        item = self._good(file, rule["items"])
        yield [item] * (rule["maxItems"] + 1), at
        if rule.get("minItems"):
            yield [item] * (rule["minItems"] - 1), at
        for value, pointer in self._bad(file, rule["items"], f"{at}/1"):
            yield [item, value], pointer

    def _bad_string(self, _, rule, at):
        if "enum" in rule:
            yield "unheard-of", at
        if "format" in rule:
            yield FORMATS[rule["format"]][1], at
        if "maxLength" in rule:
            yield "x" * (rule["maxLength"] + 1), at
        for size in {0, rule.get("minLength", 0) - 1}:
            if 0 <= size < rule.get("minLength", 0):
                yield "x" * size, at
        yield from ((text, at) for text in ("a\rb", "a\x1bb", "a\x7fb", "a\u0085b"))

    def _bad_integer(self, _, rule, at):
        yield from ((value, at) for value in (rule["minimum"] - 1, rule["maximum"] + 1, -2**63, 2**63 - 1))

    def _bad_boolean(self, *_):
        return ()


WRONG_TYPES = {
    "string": (7, True, ["x"], {"x": 1}),
    "integer": ("1", 1.0, True, [1]),
    "boolean": (0, "true", []),
    "array": ("x", {}, 1),
    "object": ("x", 1, []),
}
