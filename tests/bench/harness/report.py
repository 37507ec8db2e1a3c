"""Medians, ratios, the table, results.json."""

import json
import statistics

NUMBERS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def readable(value, unit):
    if unit.endswith("/s"):
        for size, letter in NUMBERS:
            if value >= size:
                return f"{value / size:.2f} {letter}{unit[unit.index('/'):]}"
    if value >= 100 or value == int(value):
        return f"{value:,.0f} {unit}"
    return f"{value:.3g} {unit}"


def times(ratio, digits=2):
    """1.52×, or 1/350 for what is far below."""
    return f"1/{1 / ratio:,.0f}" if 0 < ratio < 0.1 else f"{ratio:.{digits}f}×"


def judge(row, target):
    """(ratio or own value, whether it is reached); None where a side has no value."""
    side, sign, wanted = target
    if "PIA" not in row.values or (side and side not in row.values):
        return None
    own = statistics.median(row.values["PIA"])
    value = own / statistics.median(row.values[side]) if side else own
    return value, value >= wanted if sign == "≥" else value <= wanted


def lines_of(row):
    """(PIA, peer, its value, ratio, target, reached) for each peer and each target of PIA alone."""
    own = statistics.median(row.values["PIA"]) if "PIA" in row.values else None
    own_text = readable(own, row.unit) if own is not None else "-"
    targets = {side: (side, sign, wanted) for side, sign, wanted in row.targets}
    lines = []
    if None in targets or len(row.values) == 1:
        target = targets.get(None)
        verdict = judge(row, target) if target else None
        lines.append((own_text, "", "", "",
                      f"{target[1]} {readable(target[2], row.unit)}" if target else "",
                      "" if verdict is None else "yes" if verdict[1] else "no"))
    for side in row.values:
        if side == "PIA":
            continue
        peer = statistics.median(row.values[side])
        target = targets.get(side)
        verdict = judge(row, target) if target else None
        ratio = times(own / peer) if own is not None and peer else "-"
        lines.append((own_text, side, readable(peer, row.unit), ratio,
                      f"{target[1]} {times(target[2], 1)}" if target else "",
                      "" if verdict is None else "yes" if verdict[1] else "no"))
    return lines


HEADS = ("figure", "what", "PIA", "peer", "", "PIA/peer", "target", "reached")


def print_table(figures):
    table = [HEADS]
    for figure in figures:
        for row in figure.rows:
            for i, line in enumerate(lines_of(row)):
                table.append((figure.name if i == 0 else "", row.label if i == 0 else "",
                              line[0] if i == 0 else "", *line[1:]))
    widths = [max(len(line[i]) for line in table) for i in range(len(HEADS))]
    print()
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
        if line is HEADS:
            print("  ".join("-" * width for width in widths))
    for figure in figures:
        for note in figure.notes:
            print(f"\n{figure.name}: {note}", end="")
        for failure in figure.failures:
            print(f"\n{figure.name}: FAILED {failure}", end="")
    print()


def as_json(machine, limits, settings, figures, seconds):
    return {
        "machine": machine,
        "limits": limits,
        "settings": settings,
        "seconds": round(seconds, 1),
        "figures": [
            {
                "figure": figure.name,
                "title": figure.title,
                "rows": [
                    {
                        "what": row.label,
                        "unit": row.unit,
                        "values": row.values,
                        "medians": {s: statistics.median(v) for s, v in row.values.items()},
                        "targets": [
                            {"against": side, "sign": sign, "wanted": wanted,
                             "value": verdict[0] if verdict else None,
                             "reached": verdict[1] if verdict else None}
                            for side, sign, wanted in row.targets
                            for verdict in [judge(row, (side, sign, wanted))]
                        ],
                    }
                    for row in figure.rows
                ],
                "notes": figure.notes,
                "failures": figure.failures,
                "details": figure.details,
            }
            for figure in figures
        ],
    }


def write_json(path, results):
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
