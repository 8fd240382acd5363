"""A line drawing of counts over time, as SVG."""

from collections.abc import Mapping, Sequence

WIDTH, HEIGHT, MARGIN = 720, 300, 48
COLOURS = ("#1f6feb", "#d1495b", "#2e933c")
Points = Sequence[tuple[float, int]]
"""(seconds, count) from one change to the next; the count holds until then."""


def active(spans: Sequence[tuple[float, float]]) -> list[tuple[float, int]]:
    """Return how many of `spans`, each (from, to) in seconds, are under way at each of their ends."""
    changes = sorted([(begin, 1) for begin, _ in spans] + [(end, -1) for _, end in spans])
    points: list[tuple[float, int]] = []
    count = 0
    for at, change in changes:
        count += change
        points.append((at, count))
    return points


def drawing(title: str, lines: Mapping[str, Points]) -> str:
    """Return the drawing of lines by their names, over a common time that begins at 0."""
    last = max((at for points in lines.values() for at, _ in points), default=0.0) or 1.0
    most = max((count for points in lines.values() for _, count in points), default=0) or 1
    parts = [_axes(title, last, most)]
    for row, (name, points) in enumerate(lines.items()):
        colour = COLOURS[row % len(COLOURS)]
        parts.append(f'<path d="{_path(points, last, most)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{WIDTH - MARGIN}" y="{40 + 18 * row}" text-anchor="end" fill="{colour}">{name}</text>')
    style = 'font-family="sans-serif" font-size="13"'
    opened = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {style}>'
    return "\n".join([opened, '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>\n"])


def _axes(title: str, last: float, most: int) -> str:
    left, right, bottom = MARGIN, WIDTH - MARGIN, HEIGHT - MARGIN
    return "\n".join(
        [
            f'<text x="{left}" y="22" font-weight="bold">{title}</text>',
            f'<path d="M{left} {MARGIN}V{bottom}H{right}" fill="none" stroke="black"/>',
            f'<text x="{left - 8}" y="{MARGIN + 5}" text-anchor="end">{most}</text>',
            f'<text x="{left - 8}" y="{bottom}" text-anchor="end">0</text>',
            f'<text x="{right}" y="{bottom + 20}" text-anchor="end">{last:.0f} s</text>',
        ]
    )


def _path(points: Points, last: float, most: int) -> str:
    """Return the steps of a line, which begins at nothing."""
    words = [f"M{_x(0, last)} {_y(0, most)}"]
    for at, count in points:
        words.append(f"H{_x(at, last)}V{_y(count, most)}")
    return "".join(words)


def _x(at: float, last: float) -> str:
    return f"{MARGIN + (WIDTH - 2 * MARGIN) * at / last:.1f}"


def _y(count: int, most: int) -> str:
    return f"{HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * count / most:.1f}"
