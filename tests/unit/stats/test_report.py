"""Reports as files: opened again by other eyes, and equal to the figures."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from rich.console import Console

from ivr.errors import IvrError
from ivr.journal.record import Record, Value
from ivr.stats.commands import day, report
from ivr.stats.definitions import DEFINITIONS
from ivr.stats.fold import figures
from ivr.stats.report import Report, make

MOSCOW = ZoneInfo("Europe/Moscow")
BEGIN = datetime(2026, 11, 23, tzinfo=MOSCOW)
END = BEGIN + timedelta(days=1)
NOW = END + timedelta(hours=1)


def records(calls: int = 400) -> list[Record]:
    dice = random.Random(1)
    found: list[Record] = []

    def add(call: str, at: float, kind: str, **data: Value) -> None:
        found.append(Record(call, 1, kind, "", BEGIN.timestamp() + at, at, data))

    for number in range(calls):
        call, at, wait = f"c{number}", dice.uniform(8, 20) * 3600, dice.expovariate(1 / 20)
        add(call, at, "arrived", line="78005553535")
        add(call, at + 12, "topic", topic=dice.choice(["access", "forms", "=cmd()"]))
        add(call, at + 12, "queued", queue="people")
        if wait < 60:
            operator = dice.choice(["anna", "boris"])
            since = 12 + wait
            add(call, at + since, "connected", operator=operator, waited_seconds=wait, since_arrival_seconds=since)
            add(call, at + since + 90, "talk_ended", operator=operator, talk_seconds=90.0)
        add(call, at + 200, "ended", outcome="talked" if wait < 60 else "left", queue_wait_seconds=wait)
    return sorted(found, key=lambda record: record.wall_seconds)


@pytest.fixture
def made() -> Report:
    tallies = figures(records(), MOSCOW, BEGIN.timestamp(), END.timestamp(), NOW.timestamp())
    return make(tallies, BEGIN, END, NOW, {"anna": "Анна Белова"})


async def run(path: Path | None = None, *, as_json: bool = False) -> str:
    async def since() -> AsyncIterator[Record]:
        for record in records():
            yield record

    out = Console(file=io.StringIO(), width=200)
    await report(since(), out, BEGIN, END, NOW, to=path, as_json=as_json)
    shown: str = out.file.getvalue()  # type: ignore[attr-defined]  # the StringIO above
    return shown


def test_every_figure_stands_with_its_definition(made: Report) -> None:
    summary = made.tables[0]

    assert [row[0] for row in summary.rows] == [definition.title for definition in DEFINITIONS]
    assert all(row[3] for row in summary.rows)
    assert {table.dimension for table in made.tables} == {
        "all",
        "line",
        "topic",
        "operator",
        "hour",
        "local_hour",
        "day",
    }


def test_hours_add_up_to_the_whole(made: Report) -> None:
    arrived = next(row[1] for row in made.tables[0].rows if row[0] == "Поступило")
    hours = next(table for table in made.tables if table.dimension == "hour")

    assert arrived == 400
    assert sum(float(str(row[1])) for row in hours.rows) == 400
    assert hours.rows[0][0] == "08:00–08:59"


async def test_csv_opens_in_russian_excel_and_runs_nothing(tmp_path: Path, made: Report) -> None:
    path = tmp_path / "report.csv"
    await run(path)

    text = path.read_bytes().decode("utf-8-sig")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert ["Поступило", "400", "звонков", "все звонки, пришедшие на линии"] in rows
    assert not any(cell.startswith("=") for row in rows for cell in row)
    assert any("," in row[1] for row in rows if row and row[0].startswith("За 30 с"))


async def test_xlsx_has_a_sheet_a_table_with_the_same_numbers(tmp_path: Path, made: Report) -> None:
    path = tmp_path / "report.xlsx"
    await run(path)

    book = load_workbook(path)
    assert book.sheetnames == [table.title for table in made.tables]
    hours = next(table for table in made.tables if table.dimension == "hour")
    read = [tuple(cell.value for cell in row) for row in book["По часам"].iter_rows(min_row=2)]
    assert read == list(hours.rows)
    assert len(book["По часам"]._charts) == 1  # type: ignore[attr-defined]  # openpyxl has no public list
    topics = [row[0].value for row in book["По темам"].iter_rows(min_row=2)]
    assert "'=cmd()" in topics


async def test_pdf_has_its_fonts_inside_and_a_page_a_table(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    await run(path)

    raw = path.read_bytes()
    assert raw.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b(?!s)", raw)) >= 6
    assert b"Roboto" in raw
    assert b"/FontFile2" in raw


async def test_the_terminal_and_json_show_the_same(made: Report) -> None:
    shown = await run()
    lines = [json.loads(line) for line in (await run(as_json=True)).splitlines()]

    assert "За 30 с от первого гудка" in shown
    assert lines[0] == {"table": "Итого", "Показатель": "Поступило", "Значение": 400, "Единица": "звонков",
                        "Как считается": "все звонки, пришедшие на линии"}  # fmt: skip


async def test_errors_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(IvrError, match=r"\.csv, \.xlsx or \.pdf"):
        await run(tmp_path / "report.doc")
    with pytest.raises(IvrError, match="cannot be written"):
        await run(tmp_path / "nowhere" / "report.csv")
    with pytest.raises(IvrError, match="is no day"):
        day("yesteryear", NOW)


def test_days_by_name_and_date() -> None:
    assert day("yesterday", NOW) == BEGIN
    assert day("2026-11-23", NOW, after=True) == END


def test_an_empty_period_is_a_report_too() -> None:
    made = make({}, BEGIN, END, NOW)

    assert made.tables[0].rows[0][1] == 0
    assert all(not table.rows for table in made.tables[1:])
