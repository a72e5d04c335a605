"""Pictures of figures, drawn here: lines in the page's own colour, told apart by their dashes."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

WIDTH, HEIGHT = 320, 150
LEFT, RIGHT, TOP, BOTTOM = 6, 60, 10, 20  # to the right stand the lines' names
DASHES = ("", "7 4", "2 3")
NAME_HEIGHT = 12


def lines(label: str, days: Sequence[str], rows: Sequence[tuple[str, Sequence[int]]], most: str) -> Markup:
    """A line for each of ``rows``, over ``days``; ``most``: the highest figure, as the reader writes it.

    The figures themselves stand in a table beside it: whoever hears the page hears ``label``.
    """
    highest = max((figure for _, figures in rows for figure in figures), default=0) or 1
    step = (WIDTH - LEFT - RIGHT) / max(1, len(days) - 1)
    floor = HEIGHT - BOTTOM
    drawn = [
        f'<svg class="picture" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}"'
        ' fill="none" stroke="currentColor" font-size="10">',
        f'<path d="M{LEFT} {floor}H{WIDTH - RIGHT}M{LEFT} {TOP}H{WIDTH - RIGHT}" opacity=".35"/>',
        '<g fill="currentColor" stroke="none">',
        f'<text x="{LEFT}" y="{TOP - 2}">{escape(most)}</text>',
        f'<text x="{LEFT}" y="{HEIGHT - 6}">{escape(days[0])}</text>',
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">{escape(days[-1])}</text></g>',
    ]
    ends = [floor - (floor - TOP) * figures[-1] / highest for _, figures in rows]
    for (name, figures), dashes, name_at in zip(rows, DASHES, _apart(ends), strict=False):
        points = " ".join(
            f"{LEFT + step * place:.1f},{floor - (floor - TOP) * figure / highest:.1f}"
            for place, figure in enumerate(figures)
        )
        drawn.append(f'<polyline points="{points}" stroke-width="2" stroke-dasharray="{dashes}"/>')
        drawn.append(
            f'<text x="{WIDTH - RIGHT + 4}" y="{name_at + 3:.1f}" fill="currentColor" stroke="none">'
            f"{escape(name)}</text>"
        )
    return Markup("".join([*drawn, "</svg>"]))  # noqa: S704 - drawn by us; names are escaped


def _apart(heights: Sequence[float]) -> list[float]:
    """Where names stand, so that none covers another."""
    placed: dict[int, float] = {}
    lowest = float(HEIGHT)
    for place in sorted(range(len(heights)), key=lambda one: -heights[one]):
        placed[place] = lowest = min(heights[place], lowest - NAME_HEIGHT)
    return [placed[place] for place in range(len(heights))]
