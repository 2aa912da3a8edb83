"""`ivr report`: figures of any period on the terminal or as a file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, time, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table as TerminalTable

from ivr.errors import IvrError
from ivr.journal.record import Record
from ivr.stats import report as reports
from ivr.stats.fold import Figures

_PAPERWORK = timedelta(hours=4)  # after the period: its calls' talks, results and ratings


async def report(
    since: AsyncIterator[Record],
    out: Console,
    begin: datetime,
    end: datetime,
    now: datetime,
    *,
    to: Path | None = None,
    as_json: bool = False,
    names: Mapping[str, str] | None = None,
) -> None:
    """Report `begin` ≤ arrival < `end`, both with their zone, from the records `since` begin.

    Written to the file `to` (.csv, .xlsx or .pdf), else shown. Records may reach beyond the period.
    """
    if begin >= end:
        raise IvrError("the period ends before it begins", hint="swap --from and --to")
    fold = Figures(begin.tzinfo or now.astimezone().tzinfo, begin.timestamp(), end.timestamp())  # type: ignore[arg-type]
    last = (end + _PAPERWORK).timestamp()
    async for record in since:
        if record.wall_seconds > last:
            break
        fold.take(record)
    made = reports.make(fold.finish(now.timestamp()), begin, end, now, names)
    if to is not None:
        await asyncio.to_thread(write, made, to)
        out.print(f"{to}")
    elif as_json:
        for table in made.tables:
            for row in table.rows:
                line = {"table": table.title, **dict(zip(table.header, row, strict=True))}
                out.file.write(json.dumps(line, ensure_ascii=False) + "\n")
    else:
        for table in made.tables:
            _show(out, table, made.period)


def write(made: reports.Report, path: Path) -> None:
    """Write the report in the form that the file's name asks for. Blocking."""
    match path.suffix.lower():
        case ".csv":
            from ivr.stats.sheets import write_csv as write_as
        case ".xlsx":
            from ivr.stats.sheets import write_xlsx as write_as
        case ".pdf":
            from ivr.stats.pdf import write_pdf as write_as
        case other:
            raise IvrError(
                f"reports are not written as {other or 'a file without ending'}", hint="use .csv, .xlsx or .pdf"
            )
    try:
        write_as(made, path)
    except OSError as error:
        raise IvrError(f"the report cannot be written: {error.strerror}", where=str(path)) from error


def day(text: str, now: datetime, *, after: bool = False) -> datetime:
    """`2026-11-22`, `today` or `yesterday` in `now`'s zone: its first moment, or with `after` the next day's."""
    names = {"today": now.date(), "yesterday": now.date() - timedelta(days=1)}
    try:
        date = names[text] if text in names else datetime.fromisoformat(text).date()
    except ValueError:
        raise IvrError(f"{text!r} is no day", hint="write 2026-11-22, today or yesterday") from None
    return datetime.combine(date + timedelta(days=1 if after else 0), time(), now.tzinfo)


def _show(out: Console, table: reports.Table, period: str) -> None:
    if not table.rows:
        return
    shown = TerminalTable(title=f"{table.title} · {period}", title_justify="left")
    for number, title in enumerate(table.header):
        shown.add_column(title, justify="left" if number == 0 or table.dimension == "all" else "right")
    for row in table.rows:
        shown.add_row(*("—" if cell is None else cell if isinstance(cell, str) else f"{cell:g}" for cell in row))
    out.print(shown)
