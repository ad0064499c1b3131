#!/usr/bin/env python3
"""Draws the CPU time a message by message size, from the JSON of `./run --rows sizes`.

usage: plot.py RESULTS.json PICTURE.svg
"""

import json
import math
import sys
from html import escape

WIDTH, HEIGHT = 860, 520
LEFT, RIGHT, TOP, BOTTOM = 64, 232, 44, 56
# Distance of two labels at the right end, at least.
LABEL_STEP = 19

LABELS = {
    "ours-mio": "websocket-proto (mio)",
    "ours-tokio": "websocket-proto (tokio)",
    "tungstenite": "tokio-tungstenite",
    "sockudo": "sockudo-ws",
    "uws": "uWebSockets (C++)",
}
# Light and dark. Each has a contrast of at least 3 to 1 with its background.
COLOURS = {
    "ours-mio": ("#0550ae", "#79c0ff"),
    "ours-tokio": ("#0550ae", "#79c0ff"),
    "tungstenite": ("#bc4c00", "#ffa657"),
    "fastwebsockets": ("#8250df", "#d2a8ff"),
    "tokio-websockets": ("#1a7f37", "#56d364"),
    "sockudo": ("#bf3989", "#ff9bce"),
    "uws": ("#57606a", "#b1bac4"),
}
OTHER = ("#57606a", "#b1bac4")
DASHED = {"ours-tokio", "uws"}


def points(report):
    """For each server, its (size, CPU in microseconds), in the order of the sizes."""
    servers = {}
    for row in report["rows"]:
        if row["size"] is not None and row["in_flight"] == 1 and row["connections"] == 8:
            for server in row["servers"]:
                cpu = server["user_us"] + server["system_us"]
                servers.setdefault(server["name"], {})[row["size"]] = cpu
    return {name: sorted(cpu.items()) for name, cpu in servers.items()}


def size_name(size):
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size // unit} {name}"
    return f"{size} B"


def ticks(low, high):
    """1, 2 and 5 times each power of ten in the range."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    numbers = (digit * 10.0**power for power in range(first, last + 1) for digit in (1, 2, 5))
    return [number for number in numbers if low <= number <= high]


class Axis:
    """A logarithmic axis."""

    def __init__(self, low, high, start, end):
        self.low, self.high, self.start, self.end = low, high, start, end

    def __call__(self, number):
        share = math.log(number / self.low) / math.log(self.high / self.low)
        return round(self.start + share * (self.end - self.start), 1)


def spread(heights):
    """Moves labels apart as little as needed, in their order; returns the new heights."""
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    placed = [heights[index] for index in order]
    for _ in range(200):
        for index in range(len(placed) - 1):
            overlap = LABEL_STEP - (placed[index + 1] - placed[index])
            if overlap > 0:
                placed[index] -= overlap / 2
                placed[index + 1] += overlap / 2
    result = [0.0] * len(heights)
    for index, height in zip(order, placed):
        result[index] = round(min(height, HEIGHT - BOTTOM), 1)
    return result


def style(names):
    """Plain rules instead of variables, which some renderers do not know."""

    def colours(mode, text, lines):
        yield f"text{{fill:{text}}}.grid{{stroke:{lines}}}"
        for name in names:
            colour = COLOURS.get(name, OTHER)[mode]
            yield f".{name} .line,.{name} .leader{{stroke:{colour}}}"
            yield f".{name} .dot,.{name} .label{{fill:{colour}}}"

    light = "".join(colours(0, "#24292f", "#d0d7de"))
    dark = "".join(colours(1, "#e6edf3", "#3d444d"))
    return (
        "<style>text{font-family:system-ui,sans-serif;font-size:13px}"
        ".grid,.line,.leader{fill:none}.line{stroke-width:1.75;stroke-linejoin:round}.leader{opacity:.6}"
        ".ours .line{stroke-width:3}.dashed .line{stroke-dasharray:7 4}"
        ".ours .label{font-weight:600}.title{font-size:15px;font-weight:600}"
        f"{light}@media(prefers-color-scheme:dark){{{dark}}}</style>"
    )


def grid(x, y, sizes):
    yield f'<path class="grid" d="M{x.start} {y.start}H{x.end}"/>'
    for number in ticks(y.low, y.high):
        yield f'<path class="grid" d="M{x.start} {y(number)}H{x.end}" opacity=".6"/>'
        yield f'<text x="{x.start - 8}" y="{y(number) + 4.5}" text-anchor="end">{number:g}</text>'
    for size in sizes:
        yield f'<path class="grid" d="M{x(size)} {y.start}v5"/>'
        yield f'<text x="{x(size)}" y="{y.start + 20}" text-anchor="middle">{size_name(size)}</text>'
    middle = (x.start + x.end) / 2
    yield f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle">size of the message</text>'
    yield f'<text x="{x.start - 50}" y="{TOP - 22}" class="title">CPU of an echo server, µs a message</text>'


def curve(name, cpu, label_height, x, y):
    places = [(x(size), y(time)) for size, time in cpu]
    path = "M" + "L".join(f"{left} {top}" for left, top in places)
    classes = [name] + ["ours"] * name.startswith("ours") + ["dashed"] * (name in DASHED)
    end, height = places[-1]
    label = f"{escape(LABELS.get(name, name))} {cpu[-1][1]:.0f}"
    yield f'<g class="{" ".join(classes)}"><path class="line" d="{path}"/>'
    yield "".join(f'<circle class="dot" cx="{left}" cy="{top}" r="2.5"/>' for left, top in places)
    yield f'<path class="leader" d="M{end + 5} {height}L{end + 18} {label_height}"/>'
    yield f'<text class="label" x="{end + 22}" y="{label_height + 4.5}">{label}</text></g>'


def picture(report):
    servers = points(report)
    if not servers:
        sys.exit("no rows with 8 connections and 1 message in flight")
    sizes = sorted({size for cpu in servers.values() for size, _ in cpu})
    times = [time for cpu in servers.values() for _, time in cpu]
    x = Axis(sizes[0], sizes[-1], LEFT, WIDTH - RIGHT)
    y = Axis(min(times) * 0.85, max(times) * 1.1, HEIGHT - BOTTOM, TOP)
    heights = spread([y(cpu[-1][1]) for cpu in servers.values()])
    table = "; ".join(
        f"{LABELS.get(name, name)}: " + ", ".join(f"{size_name(size)} {time:.3g}" for size, time in cpu)
        for name, cpu in servers.items()
    )
    # Ours last, so that they are drawn over the others.
    curves = sorted(zip(servers, servers.values(), heights), key=lambda curve: curve[0].startswith("ours"))
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-labelledby="title desc">',
        '<title id="title">User and system CPU time of an echo server a message, by message size</title>',
        '<desc id="desc">Both axes are logarithmic. 8 connections over loopback, one message in flight on each, '
        f"microseconds. {escape(table)}.</desc>",
        style(servers),
        *grid(x, y, sizes),
        *(line for name, cpu, height in curves for line in curve(name, cpu, height, x, y)),
        "</svg>",
    ]
    return "\n".join(body) + "\n"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    with open(sys.argv[1], encoding="utf-8") as file:
        report = json.load(file)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(picture(report))


if __name__ == "__main__":
    main()
