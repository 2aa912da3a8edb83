"""A report for any period: tables of figures with their definitions, in Russian. Pure; `sheets` and `pdf` write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ivr.stats.definitions import DEFINITIONS, Definition
from ivr.stats.fold import Dimension, Tally

Cell = str | float | None

TOPICS: Mapping[str, str] = {
    "access": "Вход и пароль",
    "registration": "Регистрация",
    "technical": "Технический сбой",
    "forms": "Заполнение форм",
    "status": "Статус заявления",
    "documents": "Документы",
    "payments": "Оплата",
    "appointment": "Запись на приём",
    "signature": "Электронная подпись",
    "security": "Безопасность",
    "operator": "Просит оператора",
    "out_of_scope": "Не наша тема",
    "none": "Не определена",
}
_SECTIONS: tuple[tuple[Dimension, str, str], ...] = (
    ("day", "По дням", "День"),
    ("hour", "По часам", "Час"),
    # A mobile number tells no region: the Russian numbering plan lets it move with its owner.
    ("local_hour", "По часам звонивших", "Час у звонившего (мобильные — по Москве)"),
    ("line", "По линиям", "Линия"),
    ("topic", "По темам", "Тема"),
    ("operator", "По операторам", "Оператор"),
)
_COLUMNS = (
    *("arrived", "offered", "answered", "abandoned", "service_level", "service_level_from_ring"),
    *("share_of_answered", "share_without_short", "share_with_abandoned", "abandonment"),
    *("speed_of_answer", "handling", "first_contact", "satisfaction"),
)
_OPERATOR_COLUMNS = (*("answered", "talk", "handling", "occupancy", "first_contact", "satisfaction", "rated_well"),)


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` are as wide as `header`; numbers are rounded for reading, None means there is nothing to divide by."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    dimension: Dimension


@dataclass(frozen=True, slots=True)
class Report:
    """`tables[0]` is the summary with a definition in each row."""

    title: str
    period: str
    made: str
    tables: tuple[Table, ...]


def make(
    tallies: Mapping[tuple[Dimension, str], Tally],
    begin: datetime,
    end: datetime,
    made: datetime,
    names: Mapping[str, str] | None = None,
) -> Report:
    """The report of the tallies of `begin` ≤ arrival < `end`; `names` gives operators' and lines' names for people."""
    return Report(
        title="Отчёт горячей линии",
        period=f"{begin:%d.%m.%Y %H:%M} — {end:%d.%m.%Y %H:%M}, {begin:%Z}",
        made=f"{made:%d.%m.%Y %H:%M %Z}",
        tables=(
            _summary(tallies.get(("all", ""), Tally())),
            *(_table(tallies, *section, {**TOPICS, **(names or {})}) for section in _SECTIONS),
        ),
    )


def _summary(tally: Tally) -> Table:
    rows = tuple(
        (definition.title, _rounded(definition, tally), definition.unit, definition.meaning)
        for definition in DEFINITIONS
    )
    return Table("Итого", ("Показатель", "Значение", "Единица", "Как считается"), rows, "all")


def _table(
    tallies: Mapping[tuple[Dimension, str], Tally],
    dimension: Dimension,
    title: str,
    head: str,
    names: Mapping[str, str],
) -> Table:
    wanted = _OPERATOR_COLUMNS if dimension == "operator" else _COLUMNS
    columns = [definition for name in wanted for definition in DEFINITIONS if definition.name == name]
    header = (head, *(_with_unit(column) for column in columns))
    groups = sorted((value, tally) for (of, value), tally in tallies.items() if of == dimension)
    rows = tuple(
        (_shown(dimension, value, names), *(_rounded(column, tally) for column in columns)) for value, tally in groups
    )
    return Table(title, header, rows, dimension)


def _with_unit(definition: Definition) -> str:
    return definition.title if definition.unit == "звонков" else f"{definition.title}, {definition.unit}"


def _shown(dimension: Dimension, value: str, names: Mapping[str, str]) -> str:
    if dimension in {"hour", "local_hour"}:
        return f"{value}:00–{value}:59"
    if dimension == "day":
        return ".".join(reversed(value.split("-")))
    return names.get(value, value)


def _rounded(definition: Definition, tally: Tally) -> float | None:
    value = definition.value(tally)
    if value is None:
        return None
    return int(value) if definition.unit == "звонков" else round(value, 2 if definition.unit == "из 5" else 1)
