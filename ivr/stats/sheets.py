"""Reports as CSV and XLSX."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from openpyxl import Workbook
from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from ivr.stats.report import Cell, Report, Table

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run a text that begins so
_HEAD = PatternFill("solid", fgColor="0A6E5C")
_WIDEST = 60


def write_csv(report: Report, path: Path) -> None:
    """All tables in one file, with semicolons, decimal commas and a byte-order mark, as Russian Excel expects."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerows([[report.title], ["Период", report.period], ["Составлен", report.made]])
    for table in report.tables:
        writer.writerows([[], [table.title], table.header])
        writer.writerows([[_csv_cell(cell) for cell in row] for row in table.rows])
    path.write_text(text.getvalue(), encoding="utf-8-sig", newline="")


def write_xlsx(report: Report, path: Path) -> None:
    """A sheet for each table, with a chart for hours and days."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for number, table in enumerate(report.tables):
        sheet = book.create_sheet(table.title)
        if number == 0:
            sheet.append([report.title, report.period])
            sheet.append(["Составлен", report.made])
            sheet.append([])
        _fill(sheet, table)
        if table.dimension in {"hour", "local_hour", "day"} and table.rows:
            _chart(sheet, table)
    book.save(path)


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    return _harmless(cell) if isinstance(cell, str) else f"{cell:g}".replace(".", ",")


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def _fill(sheet: Worksheet, table: Table) -> None:
    sheet.append(table.header)
    head = sheet.max_row
    for column in range(1, len(table.header) + 1):
        title = sheet.cell(head, column)
        title.font = Font(bold=True, color="FFFFFF")
        title.fill = _HEAD
        title.alignment = Alignment(wrap_text=True, vertical="center")
    for row in table.rows:
        sheet.append([_harmless(value) if isinstance(value, str) else value for value in row])
    sheet.freeze_panes = f"B{head + 1}"
    for column, text in enumerate(table.header, start=1):
        longest = max((len(str(row[column - 1])) for row in table.rows), default=0)
        sheet.column_dimensions[get_column_letter(column)].width = min(_WIDEST, max(longest, len(text) // 2) + 3)


def _chart(sheet: Worksheet, table: Table) -> None:
    last = sheet.max_row
    first = last - len(table.rows)
    labels = Reference(sheet, min_col=1, min_row=first + 1, max_row=last)
    calls = BarChart()
    calls.title = f"{table.title}: звонки и доля ответа за 30 с"
    calls.add_data(Reference(sheet, min_col=3, max_col=4, min_row=first, max_row=last), titles_from_data=True)
    calls.set_categories(labels)
    share = LineChart()
    share.add_data(Reference(sheet, min_col=6, min_row=first, max_row=last), titles_from_data=True)
    share.y_axis.axId = 200
    share.y_axis.crosses = "max"
    share.y_axis.scaling.min, share.y_axis.scaling.max = 0, 100
    calls.y_axis.delete = share.y_axis.delete = calls.x_axis.delete = False
    calls.width, calls.height = 28, 11
    calls += share
    sheet.add_chart(calls, f"A{last + 3}")
