"""Subscriptions by the hundred thousand, written into a stopped diffusion's table: making them one by
one through messages would take minutes, and is not what is measured."""

import json
import random
import sqlite3

from harness.servers import Failed

DIMENSIONS = {  # name: (codes, how many are chosen at most), as in population.c
    "themes": (("habitat", "arts", "alimentation", "sante", "production", "numerique"), 3),
    "regions": (("01", "02", "03", "04", "06", "11", "24", "27", "28", "32", "44", "52", "53", "75",
                 "76", "84", "93", "94"), 3),
    "kinds": (("journee-technique", "formation", "lettre", "magazine", "guide", "actualite",
               "veille", "resultat"), 4),
    "sectors": (("batiment", "alimentaire", "production", "services"), 1),
}
ANY_SHARE = 0.1
SQL_ADD = ("INSERT INTO subscription (slot, id, contact, filter, from_sequence, created_at, change)"
           " VALUES (?, ?, ?, ?, 1, 0, ?)")
SQL_HEAD = "UPDATE subscription_head SET slot = ?, change = ? WHERE id = 1"


def one_filter(source):
    """A tenth of each dimension takes any value: an event with one of each reaches 1 %. Compact, as
    the service stores it."""
    chosen = {}
    for name, (codes, most) in DIMENSIONS.items():
        if source.random() >= ANY_SHARE:
            chosen[name] = source.sample(codes, source.randint(1, most))
    return json.dumps(chosen, separators=(",", ":"))


def add_subscriptions(directory, total, everything=False):
    """Until there are `total`; with `everything` each takes every event."""
    source = random.Random(1)
    with sqlite3.connect(directory / "diffusion.db") as db:
        slot, change = db.execute("SELECT slot, change FROM subscription_head").fetchone()
        rows = ((slot + n, f"00000000-0000-4000-9000-{slot + n:012x}",
                 f"00000000-0000-4000-8000-{slot + n:012x}",
                 "{}" if everything else one_filter(source), change + n)
                for n in range(1, total - slot + 1))
        try:
            db.executemany(SQL_ADD, rows)
            db.execute(SQL_HEAD, (total, change + total - slot))
        except sqlite3.Error as why:
            raise Failed(f"the subscriptions' table is not as population.py knows it: {why}") from why
    db.close()
