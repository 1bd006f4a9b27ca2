"""Charts as inline SVG, coloured by the page's style sheet so that they follow light and dark."""

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

Point = tuple[float, float]
WIDTH, HEIGHT = 480, 230
LEFT, RIGHT, TOP, BOTTOM = 60, 10, 8, 26
POINTS = 300  # of a line: longer ones are drawn as the means of neighbours
MARKED = 60  # points up to which each has a mark that tells its value
COLOURS = 8  # series that the style sheet has colours for
BOX = (168, 46)  # of a stage in the graph
GAP = (22, 34)


def line_chart(series: Mapping[str, Sequence[Point]], x: str = "step") -> Markup:
    """Lines over a shared x; values that are not finite are left out."""
    lines = {name: _thinned([p for p in points if math.isfinite(p[1])]) for name, points in series.items()}
    lines = {name: points for name, points in lines.items() if points}
    plane = _Plane([p for points in lines.values() for p in points])
    parts = [plane.axes(x)]
    for number, (name, points) in enumerate(lines.items()):
        colour = f"s{number % COLOURS}"
        path = " ".join(f"{plane.x(a):.1f},{plane.y(b):.1f}" for a, b in points)
        parts.append(Markup('<polyline class="line {}" points="{}"/>').format(colour, path))
        if len(points) <= MARKED:
            parts += [plane.dot(point, colour, f"{name}: {point[1]:.4g} at {x} {point[0]:.4g}") for point in points]
    return _svg(parts, f"{', '.join(lines)} by {x}")


def scatter_chart(
    points: Mapping[str, tuple[float, float, float, float]], x: str, y: str, path: Sequence[str] = ()
) -> Markup:
    """Named points (x, y, y's low, y's high) with their names beside them; `path` joins some of them by a line."""
    plane = _Plane([(a, v) for a, *values in points.values() for v in values])
    parts = [plane.axes(x, y)]
    if path:
        joined = " ".join(f"{plane.x(points[n][0]):.1f},{plane.y(points[n][1]):.1f}" for n in path)
        parts.append(Markup('<polyline class="line s0" points="{}"/>').format(joined))
    for name, (a, b, low, high) in points.items():
        colour = "s0" if name in path else "s1"
        at, ends = plane.x(a), (plane.y(low), plane.y(high))
        bar = '<line class="bar {}" x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}"/>'
        parts.append(Markup(bar).format(colour, at, at, *ends))
        parts.append(plane.dot((a, b), colour, f"{name}: {y} {b:.4g} [{low:.4g}, {high:.4g}], {x} {a:.4g}"))
        end = at > WIDTH - 90
        parts.append(
            Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
                at + (-6 if end else 6), plane.y(b) - 5, "end" if end else "start", name
            )
        )
    return _svg(parts, f"{y} by {x}")


def graph(stages: Mapping[str, Sequence[str]], captions: Mapping[str, str], states: Mapping[str, str]) -> Markup:
    """The stages from top to bottom, each below all that it needs.

    stages: {name: those that it needs}, needs first · captions: a word or two a stage · states: its class in the style
    """
    depth: dict[str, int] = {}
    for name, needs in stages.items():
        depth[name] = 1 + max((depth[needed] for needed in needs if needed in depth), default=-1)
    rows = [[name for name in stages if depth[name] == level] for level in range(max(depth.values(), default=-1) + 1)]
    width = max(len(row) for row in rows) * (BOX[0] + GAP[0]) + GAP[0]
    place: dict[str, Point] = {}
    for level, row in enumerate(rows):
        begin = (width - len(row) * BOX[0] - (len(row) - 1) * GAP[0]) / 2
        place |= {name: (begin + i * (BOX[0] + GAP[0]), 4 + level * (BOX[1] + GAP[1])) for i, name in enumerate(row)}
    parts = []
    for name, needs in stages.items():
        for needed in needs:
            (x1, y1), (x2, y2) = place[needed], place[name]
            x1, y1, x2 = x1 + BOX[0] / 2, y1 + BOX[1], x2 + BOX[0] / 2
            bend = (y2 - y1) / 2
            curve = f"M{x1:.0f},{y1:.0f} C{x1:.0f},{y1 + bend:.0f} {x2:.0f},{y2 - bend:.0f} {x2:.0f},{y2 - 2:.0f}"
            parts.append(Markup('<path class="edge" d="{}"/>').format(curve))
    for name, (x, y) in place.items():
        box = '<rect class="stage {}" x="{:.0f}" y="{:.0f}" width="{}" height="{}" rx="7"/>'
        parts.append(Markup(box).format(states.get(name, ""), x, y, *BOX))
        text = '<text class="{}" x="{:.0f}" y="{:.0f}" text-anchor="middle">{}</text>'
        parts.append(Markup(text).format("name", x + BOX[0] / 2, y + 19, name))
        parts.append(Markup(text).format("soft", x + BOX[0] / 2, y + 36, captions.get(name, "")))
    height = len(rows) * (BOX[1] + GAP[1])
    svg = (
        '<svg class="graph" role="img" aria-label="stages" viewBox="0 0 {:.0f} {}" style="max-width: {:.0f}px">{}</svg>'
    )
    return Markup(svg).format(width, height, width, Markup("").join(parts))


class _Plane:
    """From values to places in the drawing, with axes in round numbers."""

    def __init__(self, points: Sequence[Point]):
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        self.xs, self.ys = _ticks(min(xs), max(xs)), _ticks(min(ys), max(ys))
        self.x_range = (min(xs), max(xs)) if max(xs) > min(xs) else (min(xs) - 0.5, min(xs) + 0.5)
        self.y_range = (min(self.ys[0], *ys), max(self.ys[-1], *ys))

    def x(self, value: float) -> float:
        low, high = self.x_range
        return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        low, high = self.y_range
        return HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    def dot(self, point: Point, colour: str, said: str) -> Markup:
        circle = '<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="3"><title>{}</title></circle>'
        return Markup(circle).format(colour, self.x(point[0]), self.y(point[1]), said)

    def axes(self, x: str, y: str = "") -> Markup:
        parts = []
        for value in self.ys:
            line = '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
            parts.append(Markup(line).format(LEFT, WIDTH - RIGHT, self.y(value), self.y(value)))
            text = '<text x="{}" y="{:.1f}" text-anchor="end">{}</text>'
            parts.append(Markup(text).format(LEFT - 6, self.y(value) + 4, f"{value:.6g}"))
        for value in self.xs:
            if self.x_range[0] <= value <= self.x_range[1]:
                text = '<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>'
                parts.append(Markup(text).format(self.x(value), HEIGHT - BOTTOM + 15, f"{value:.6g}"))
        parts.append(Markup('<text class="soft" x="{}" y="{}" text-anchor="end">{}</text>').format(
            WIDTH - RIGHT, HEIGHT - BOTTOM - 5, x))  # fmt: skip
        if y:
            parts.append(Markup('<text class="soft" x="{}" y="{}">{}</text>').format(LEFT + 4, TOP + 10, y))
        return Markup("").join(parts)


def _ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """About `wanted` round numbers that span the range."""
    if high <= low:
        spread = abs(low) * 0.1 or 0.5
        low, high = low - spread, high + spread
    rough = (high - low) / (wanted - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    digits = 1 - math.floor(math.log10(step)) + 1
    return [round(number * step, digits) for number in range(first, last + 1)]


def _thinned(points: Sequence[Point]) -> list[Point]:
    size = -(-len(points) // POINTS)
    groups = [points[i : i + size] for i in range(0, len(points), size)] if size > 1 else [[p] for p in points]
    return [(sum(p[0] for p in group) / len(group), sum(p[1] for p in group) / len(group)) for group in groups]


def _svg(parts: Sequence[Markup], label: str) -> Markup:
    svg = '<svg class="plot" role="img" aria-label="{}" viewBox="0 0 {} {}">{}</svg>'
    return Markup(svg).format(escape(label), WIDTH, HEIGHT, Markup("").join(parts))
