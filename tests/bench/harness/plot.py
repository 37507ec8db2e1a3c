"""SVG: a bar a side with a dot a run, or a curve a series; nothing but text is written."""

import math
import statistics
from xml.sax.saxutils import escape

from harness.report import readable

COLOURS = ("#1b6ca8", "#c8553d", "#588157", "#8d6a9f", "#6c757d", "#b08900")
WIDTH, BAR, GAP, LEFT, RIGHT, TOP = 760, 18, 6, 250, 110, 56
STYLE = "font-family:sans-serif;font-size:12px"


def document(width, height, title, body):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" style="{STYLE}">\n'
            f'<rect width="{width}" height="{height}" fill="white"/>\n'
            f'<text x="16" y="26" style="font-size:15px;font-weight:bold">{escape(title)}</text>\n'
            + "\n".join(body) + "\n</svg>\n")


def text(x, y, words, anchor="start", colour="#222"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'


def wanted(row):
    """What PIA is to reach in this row, as values in its unit."""
    values = []
    for side, _, number in row.targets:
        if side is None:
            values.append(number)
        elif side in row.values:
            values.append(number * statistics.median(row.values[side]))
    return values


def bars(figure):
    """Rows below one another; the values of a row share its scale. Dashed: what PIA is to reach."""
    body, y = [], TOP
    names = [name for row in figure.rows for name in row.values]
    order = {name: i for i, name in enumerate(dict.fromkeys(names))}
    for row in figure.rows:
        most = max([*map(max, row.values.values()), *wanted(row)], default=0) or 1
        scale = (WIDTH - LEFT - RIGHT) / most
        body.append(text(16, y + 4, f"{row.label} ({row.unit})", colour="#000"))
        y += 10
        for name, values in row.values.items():
            median, colour = statistics.median(values), COLOURS[order[name] % len(COLOURS)]
            body.append(text(LEFT - 8, y + 13, name, "end"))
            body.append(f'<rect x="{LEFT}" y="{y}" width="{median * scale:.1f}" height="{BAR}" '
                        f'fill="{colour}" fill-opacity="0.75"/>')
            body += [f'<circle cx="{LEFT + value * scale:.1f}" cy="{y + BAR / 2}" r="2.5" '
                     f'fill="#111"/>' for value in values]
            body.append(text(LEFT + max(values) * scale + 8, y + 13, readable(median, row.unit)))
            if name == "PIA":
                body += [f'<path d="M{LEFT + value * scale:.1f} {y - 3}v{BAR + 6}" stroke="#d00" '
                         f'stroke-width="2" stroke-dasharray="3 2"/>' for value in wanted(row)]
            y += BAR + GAP
        y += 16
    return document(WIDTH, y + 8, figure.title, body)


def power(value):
    return "10" + "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(round(math.log10(value)))) \
        if value >= 1000 else f"{value:g}"


def ticks(low, high):
    """Powers of ten within, as (position 0..1, value)."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    span = max(last - first, 1)
    return [(i / span, 10 ** (first + i)) for i in range(span + 1)], first, span


def curves(figure):
    """Both axes logarithmic."""
    label, unit, series = figure.curve
    points = [point for _, line in series for point in line if point[0] > 0 and point[1] > 0]
    if not points:
        return bars(figure)
    width, height, left, bottom = WIDTH, 380, 90, 60
    x_ticks, x_first, x_span = ticks(min(p[0] for p in points), max(p[0] for p in points))
    y_ticks, y_first, y_span = ticks(min(p[1] for p in points), max(p[1] for p in points))
    inner_width, inner_height = width - left - 230, height - TOP - bottom

    def place(point):
        return (left + (math.log10(point[0]) - x_first) / x_span * inner_width,
                TOP + inner_height - (math.log10(point[1]) - y_first) / y_span * inner_height)

    body = []
    for share, value in x_ticks:
        x = left + share * inner_width
        body.append(f'<path d="M{x:.1f} {TOP}V{TOP + inner_height}" stroke="#ddd"/>')
        body.append(text(x, TOP + inner_height + 18, power(value), "middle"))
    for share, value in y_ticks:
        y = TOP + inner_height - share * inner_height
        body.append(f'<path d="M{left} {y:.1f}H{left + inner_width}" stroke="#ddd"/>')
        body.append(text(left - 8, y + 4, power(value), "end"))
    body.append(text(left + inner_width / 2, height - 16, label, "middle"))
    body.append(text(left, TOP - 10, unit))
    for i, (name, line) in enumerate(series):
        colour = COLOURS[i % len(COLOURS)]
        places = [place(point) for point in line if point[0] > 0 and point[1] > 0]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        body.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        body += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        body.append(text(left + inner_width + 12, TOP + 14 + 18 * i, name, colour=colour))
    return document(width, height, figure.title, body)


def write_plot(folder, figure):
    drawn = curves(figure) if figure.curve else bars(figure)
    (folder / f"{figure.name}.svg").write_text(drawn, encoding="utf-8")
