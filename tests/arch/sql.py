#!/usr/bin/env python3
"""sql.py - every SQL text in a library of ours is understood by both engines.

    PIA_TEST_DATABASE=postgresql://… sql.py NAME=LIBRARY…

The texts are found as the compiler left them, in the library's bytes. On PostgreSQL each is prepared
(types are inferred as for libpq) and planned, on SQLite explained, over the tables of common and of the
service NAME (services/NAME/migrations). The tables are made from the same texts on both.
"""

import os
import pathlib
import re
import sqlite3
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMON = ROOT / "common/src/common_schema.sql"
MIGRATION = """CREATE TABLE IF NOT EXISTS migration (name TEXT NOT NULL, version BIGINT NOT NULL,
               applied_at BIGINT NOT NULL, PRIMARY KEY (name, version));"""
STATEMENT = re.compile(rb"SELECT .+ FROM |SELECT pg_|INSERT INTO \w+ |UPDATE \w+ SET |DELETE FROM \w+|WITH \w+ ", re.S)


def texts_of(library):
    """The whole statements among the NUL-terminated texts; parts that code puts together are not."""
    found = set()
    for text in pathlib.Path(library).read_bytes().split(b"\0"):
        if STATEMENT.match(text) and not text.endswith(b" ") and b"%s" not in text:
            found.add(text.decode())
    return sorted(found)


def tables_of(service):
    files = [COMMON] + sorted((ROOT / "services" / service / "migrations").glob("*.sql"))
    return [MIGRATION] + [file.read_text() for file in files]


def sqlite_faults(tables, texts):
    database = sqlite3.connect(":memory:")
    for table in tables:
        database.executescript(table)
    for text in texts:
        shared = re.sub(r" FOR UPDATE( SKIP LOCKED)?", "", text)
        values = {number: None for number in re.findall(r"\$(\d+)", shared)}
        try:
            database.execute("EXPLAIN " + shared, values)
        except sqlite3.Error as error:
            yield f"SQLite: {error}: {text}"


def psql(lines):
    """Runs the lines; the errors as (line from 0, words)."""
    ran = subprocess.run(["psql", os.environ["PIA_TEST_DATABASE"], "-Xq", "-f", "-"], input="\n".join(lines), text=True,
                         capture_output=True, check=False)
    errors = re.findall(r"^psql:<stdin>:(\d+): (?:ERROR|FATAL): +(.*)", ran.stderr, re.M)
    if ran.returncode != 0 and not errors:
        sys.exit(ran.stderr)
    return [(int(line) - 1, words) for line, words in errors]


def plan_of(name, text):
    """Prepares and plans, which sees more than preparing; nothing is run."""
    count = max(map(int, re.findall(r"\$(\d+)", text)), default=0)
    values = f"({', '.join(['NULL'] * count)})" if count else ""
    return f"PREPARE {name} AS {text}; EXPLAIN EXECUTE {name}{values};"


def pgsql_faults(service, tables, texts):
    scheme = [f"CREATE SCHEMA IF NOT EXISTS {service}; SET search_path = {service};"]
    for _, words in psql(scheme + tables):
        yield f"PostgreSQL: the tables: {words}"
    planned = [plan_of(f"s{i}", text) for i, text in enumerate(texts)]
    first = {}
    for line, words in psql(scheme + planned):
        first.setdefault(line, words)
    for line, words in first.items():
        yield f"PostgreSQL: {words}: {texts[line - 1]}"


def check_itself():
    """What is planted is seen."""
    bad = ["SELECT x FROM nowhere", "INSERT INTO t (a) VALUES ($1) ON CONFLICT (b) DO NOTHING"]
    tables = ["CREATE TABLE t (a BIGINT, b BIGINT);"]
    assert len(list(sqlite_faults(tables, bad))) == len(bad)
    assert len(list(pgsql_faults("planted", tables, bad))) == len(bad)


def main(arguments):
    check_itself()
    failed = False
    for argument in arguments:
        service, library = argument.split("=", 1)
        texts, tables = texts_of(library), tables_of(service)
        print(f"{service}: {len(texts)} statements")
        faults = list(sqlite_faults(tables, texts)) + list(pgsql_faults(service, tables, texts))
        for fault in faults:
            print(f"{service}: {fault}")
        failed = failed or bool(faults) or not texts
    return 1 if failed else 0


sys.exit(main(sys.argv[1:]))
