"""A picture of a plan: SVG to look at, Mermaid to paste. Pure.

Each section is a card; its rows are steps and, below them, the ways out. Ways forward are drawn as lines, ways back
and long ways as the name of the section they lead to: a picture without crossing lines is read, one with them is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

from ivr.dialplan.fields import Item
from ivr.dialplan.model import Plan
from ivr.dialplan.step import THEN, Step
from ivr.dialplan.steps.go import GoTo
from ivr.dialplan.steps.set import SetVariables

_ROW, _HEAD, _GAP_X, _GAP_Y, _MARGIN, _PADDING = 22, 30, 90, 26, 24, 12
_CHARACTER = 6.9
_MOST_CHARACTERS = 46


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a card: a step (`target` None, `bold`), or a way to `target`."""

    text: str
    path: str
    target: str | None = None
    bold: bool = False
    why: str = ""


@dataclass(slots=True)
class Card:
    name: str
    rows: list[Row]
    column: int
    x: float = 0
    y: float = 0

    @property
    def width(self) -> float:
        longest = max([len(self.name) + 4, *(len(row.text) + (len(row.target or "") + 4) for row in self.rows)])
        return longest * _CHARACTER + 2 * _PADDING

    @property
    def height(self) -> float:
        return _HEAD + _ROW * len(self.rows) + _PADDING / 2

    def row_y(self, index: int) -> float:
        return self.y + _HEAD + _ROW * index + _ROW / 2


def svg(plan: Plan, trace: Sequence[str] = ()) -> str:
    """The plan as an SVG document; the steps of `trace` (plan/section/number, as they were walked) are set off."""
    walked = _Walked(frozenset(trace), frozenset(_turns(trace)))
    cards = _placed(plan)
    width = max(card.x + card.width for card in cards.values()) + _MARGIN
    height = max(card.y + card.height for card in cards.values()) + _MARGIN
    size = f'width="{width:.0f}" height="{height:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
        f"<title>{escape(plan.title or plan.name)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="page" {size}/>',
        f'<text class="title" x="{_MARGIN}" y="{_MARGIN + 8}">{escape(_title(plan))}</text>',
    ]
    parts += [line for card in cards.values() for line in _lines(card, cards, walked)]
    parts += [line for card in cards.values() for line in _card(card, cards, walked)]
    return "\n".join([*parts, "</svg>", ""])


@dataclass(frozen=True, slots=True)
class _Walked:
    """The steps of a call, and for each the sections that it went on to."""

    steps: frozenset[str]
    turns: frozenset[tuple[str, str]]

    def has(self, row: Row) -> bool:
        if row.bold:
            return row.path in self.steps
        # `go` leaves no note of its own: the way from its section to the next tells of it.
        origin = row.path.rpartition("/")[0] if row.text == GoTo.verb else row.path
        return (origin, row.target or "") in self.turns


def _turns(trace: Sequence[str]) -> Iterator[tuple[str, str]]:
    for path, following in pairwise(trace):
        if path != following and following.count("/") == path.count("/"):
            section = following.split("/")[1]
            yield path, section
            yield path.rpartition("/")[0], section


def mermaid(plan: Plan) -> str:
    """The plan as a Mermaid flow chart."""
    lines = ["flowchart LR"]
    for name, steps in plan.sections.items():
        rows = "<br/>".join(_quoted(row.text) for row in _rows(plan, name, steps) if row.bold)
        lines.append(f'    {name}["<b>{name}</b><br/>{rows}"]')
    for name, steps in plan.sections.items():
        for row in _rows(plan, name, steps):
            if row.target is not None:
                label = f'|"{_quoted(row.why)}"|' if row.why not in ("", THEN) else ""
                lines.append(f"    {name} -->{label} {row.target}")
    lines.append(f"    style {plan.start} stroke-width:3px")
    return "\n".join(lines) + "\n"


def _title(plan: Plan) -> str:
    lines = ", ".join(f"+{line}" if len(line) > 6 else line for line in plan.lines)
    return " · ".join(part for part in (plan.title or plan.name, lines) if part)


def _rows(plan: Plan, name: str, steps: tuple[Step, ...]) -> Iterator[Row]:
    for number, step in enumerate(steps, 1):
        path = f"{plan.name}/{name}/{number}"
        if isinstance(step, GoTo):
            yield Row("go", path, step.go, why=THEN)
            continue
        yield Row(_cut(_words_for(step)), path, bold=True)
        for way in step.ways():
            if way.section is not None:
                yield Row("   " + _cut(way.when), path, way.section, why=way.when)


def _words_for(step: Step) -> str:
    if isinstance(step, SetVariables):
        return "set " + ", ".join(f"{name}: {value.text}" for name, value in step.set.items())
    value = getattr(step, step.verb, None)
    if isinstance(value, tuple):
        value = ", ".join(_item(item) for item in value if isinstance(item, str) or hasattr(item, "expression"))
    return f"{step.verb.replace('_', ' ')} {value or ''}".strip()


def _item(item: Item) -> str:
    return item if isinstance(item, str) else f"({item.expression.text})"


def _placed(plan: Plan) -> dict[str, Card]:
    columns = _columns(plan)
    cards = {
        name: Card(name, list(_rows(plan, name, steps)), columns.get(name, 0)) for name, steps in plan.sections.items()
    }
    x = float(_MARGIN)
    for column in range(max(columns.values(), default=0) + 1):
        y = _MARGIN + 34.0
        here = [card for card in cards.values() if card.column == column]
        here.sort(key=lambda card: _pull(card, cards))
        for card in here:
            card.x, card.y = x, y
            y += card.height + _GAP_Y
        x += max((card.width for card in here), default=0) + _GAP_X
    return cards


def _columns(plan: Plan) -> dict[str, int]:
    """The column of each section: as many as it takes to get there from the start by the shortest way."""
    columns = {plan.start: 0}
    ahead = [plan.start]
    while ahead:
        name = ahead.pop(0)
        for step in plan.sections.get(name, ()):
            for way in step.ways():
                if way.section is not None and way.section not in columns and way.section in plan.sections:
                    columns[way.section] = columns[name] + 1
                    ahead.append(way.section)
    return columns


def _pull(card: Card, cards: dict[str, Card]) -> float:
    """Where the ways that lead here from the left begin, on average: cards in this order cross few lines."""
    origins = [
        other.row_y(index)
        for other in cards.values()
        if other.column == card.column - 1
        for index, row in enumerate(other.rows)
        if row.target == card.name
    ]
    return sum(origins) / len(origins) if origins else 1e9


def _is_drawn(card: Card, row: Row, cards: dict[str, Card]) -> bool:
    target = cards.get(row.target or "")
    return target is not None and target.column == card.column + 1


def _lines(card: Card, cards: dict[str, Card], walked: _Walked) -> Iterator[str]:
    for index, row in enumerate(card.rows):
        if _is_drawn(card, row, cards):
            target = cards[row.target or ""]
            x1, y1 = card.x + card.width, card.row_y(index)
            x2, y2 = target.x, target.y + _HEAD / 2
            bend = (x2 - x1) * 0.5
            style = "line walked" if walked.has(row) else "line"
            yield (
                f'<path class="{style}" d="M{x1:.0f},{y1:.0f} C{x1 + bend:.0f},{y1:.0f} '
                f'{x2 - bend:.0f},{y2:.0f} {x2:.0f},{y2:.0f}"/>'
            )
            tip = f"M{x2 - 7:.0f},{y2 - 4:.0f} L{x2:.0f},{y2:.0f} L{x2 - 7:.0f},{y2 + 4:.0f}"
            yield f'<path class="{style}" d="{tip}"/>'


def _card(card: Card, cards: dict[str, Card], walked: _Walked) -> Iterator[str]:
    was_here = any(row.path in walked.steps for row in card.rows)
    yield (
        f'<rect class="card{" walked" if was_here else ""}" x="{card.x:.0f}" y="{card.y:.0f}" '
        f'width="{card.width:.0f}" height="{card.height:.0f}" rx="8"/>'
    )
    at = f'x="{card.x + _PADDING:.0f}" y="{card.y + 20:.0f}"'
    yield f'<text class="name" data-path="{escape(card.name)}" {at}>{escape(card.name)}</text>'
    for index, row in enumerate(card.rows):
        y = card.row_y(index) + 5
        style = "step" if row.bold else "way"
        if walked.has(row):
            style += " walked"
        path = escape(row.path.partition("/")[2])
        at = f'data-path="{path}" x="{card.x + _PADDING:.0f}" y="{y:.0f}" xml:space="preserve"'
        yield f'<text class="{style}" {at}>{escape(row.text)}</text>'
        if row.target is not None:
            right = card.x + card.width - _PADDING
            if _is_drawn(card, row, cards):
                yield f'<circle class="port" cx="{card.x + card.width:.0f}" cy="{card.row_y(index):.0f}" r="3"/>'
            else:
                yield f'<text class="elsewhere" x="{right:.0f}" y="{y:.0f}">→ {escape(row.target)}</text>'


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


def _quoted(text: str) -> str:
    return escape(text.strip()).replace('"', "#quot;").replace("|", "#124;")


_STYLE = """
.page{fill:#fff}
text{font:13px system-ui,'DejaVu Sans',sans-serif;fill:#1c2733}
.title{font-size:16px;font-weight:600}
.card{fill:#f6f8fa;stroke:#c4ccd4}
.card.walked{stroke:#0a7d4f;stroke-width:2}
.name{font-weight:700}
.step{font-weight:500}
.way{fill:#55616d}
.walked{fill:#0a7d4f}
rect.walked{fill:#eefaf4}
.elsewhere{fill:#8a5a00;text-anchor:end;font-size:12px}
.line{fill:none;stroke:#8b97a3;stroke-width:1.4}
.line.walked{stroke:#0a7d4f;stroke-width:2.6;fill:none}
.port{fill:#8b97a3}
""".replace("\n", "")
