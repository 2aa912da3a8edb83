"""Reports as PDF: tables, and for hours and days a plot of calls with the share answered in time."""

from __future__ import annotations

from pathlib import Path

import font_roboto
from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.charts.linecharts import HorizontalLineChart
from reportlab.graphics.shapes import Drawing, Rect, String
from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as PdfTable

from ivr.stats.report import Cell, Report, Table

_GREEN, _AMBER, _RULE, _SOFT = HexColor("#0a6e5c"), HexColor("#955800"), HexColor("#d5dbd7"), HexColor("#5b6764")
_TEXT = ParagraphStyle("text", fontName="Roboto", fontSize=8, leading=10)
_SMALL = ParagraphStyle("small", parent=_TEXT, fontSize=7, leading=8.6, textColor=_SOFT)
_HEAD = ParagraphStyle(
    "head", parent=_TEXT, fontName="Roboto-Bold", fontSize=6.2, leading=7.4, textColor=white, splitLongWords=0
)
_TITLE = ParagraphStyle("title", parent=_TEXT, fontName="Roboto-Bold", fontSize=18, leading=22)
_SECTION = ParagraphStyle("section", parent=_TEXT, fontName="Roboto-Bold", fontSize=12, leading=16, spaceAfter=4)
_MARGIN = 14 * mm
_WIDTH = landscape(A4)[0] - 2 * _MARGIN
_HIGH = 55 * mm


def write_pdf(report: Report, path: Path) -> None:
    """The report on A4, landscape; each table on a page of its own."""
    pdfmetrics.registerFont(TTFont("Roboto", font_roboto.Roboto))
    pdfmetrics.registerFont(TTFont("Roboto-Bold", font_roboto.RobotoBold))
    summary, *others = report.tables
    story: list[Flowable] = [
        Paragraph(report.title, _TITLE),
        Paragraph(f"Период: {report.period} · составлен {report.made}", _SMALL),
        Spacer(0, 4 * mm),
        _table(summary, (0.27, 0.09, 0.09, 0.55)),
    ]
    for table in others:
        if table.rows:
            story += [PageBreak(), Paragraph(table.title, _SECTION)]
            if table.dimension in {"hour", "local_hour", "day"}:
                story += [_plot(table), Spacer(0, 3 * mm)]
            rest = 0.88 / (len(table.header) - 1)
            story.append(_table(table, (0.12, *(rest for _ in table.header[1:]))))
    document = SimpleDocTemplate(
        str(path), pagesize=landscape(A4), title=report.title, leftMargin=_MARGIN, rightMargin=_MARGIN,
        topMargin=_MARGIN, bottomMargin=_MARGIN,
    )  # fmt: skip
    document.build(story, onFirstPage=_number, onLaterPages=_number)


def _table(table: Table, widths: tuple[float, ...]) -> Flowable:
    rows = [[Paragraph(title, _HEAD) for title in table.header]]
    rows += [[Paragraph(_shown(cell), _TEXT) for cell in row] for row in table.rows]
    made = PdfTable(rows, colWidths=[share * _WIDTH for share in widths], repeatRows=1)
    made.setStyle(
        [
            ("BACKGROUND", (0, 0), (-1, 0), _GREEN),
            ("LINEBELOW", (0, 1), (-1, -1), 0.4, _RULE),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("LEFTPADDING", (1, 0), (-1, -1), 3),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2),
            ("TOPPADDING", (0, 0), (-1, -1), 1.6),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.4),
        ]
    )
    return made


def _plot(table: Table) -> Flowable:
    """Bars: calls that were queued and answered; line, own scale to 100 %: the share answered in time."""
    labels = [str(row[0])[:5] for row in table.rows]
    queued, answered, share = ([_number_of(row[column]) for row in table.rows] for column in (2, 3, 5))
    bars = VerticalBarChart()
    bars.x, bars.y, bars.width, bars.height = 30, 20, round(_WIDTH) - 70, round(_HIGH) - 40
    bars.data = [queued, answered]
    bars.categoryAxis.categoryNames = labels
    bars.valueAxis.valueMin = 0
    bars.bars[0].fillColor, bars.bars[1].fillColor = _RULE, _GREEN
    line = HorizontalLineChart()
    line.x, line.y, line.width, line.height = bars.x, bars.y, bars.width, bars.height
    line.data = [share]
    line.valueAxis.valueMin, line.valueAxis.valueMax, line.valueAxis.valueStep = 0, 100, 25
    line.valueAxis.labelTextFormat = "%d %%"
    line.categoryAxis.visible = False
    line.valueAxis.joinAxis, line.valueAxis.joinAxisMode = bars.categoryAxis, "right"
    line.valueAxis.labels.boxAnchor, line.valueAxis.labels.dx = "w", 8
    line.lines[0].strokeColor, line.lines[0].strokeWidth = _AMBER, 1.6
    for axis in (bars.categoryAxis, bars.valueAxis, line.valueAxis):
        axis.labels.fontName, axis.labels.fontSize, axis.strokeColor = "Roboto", 7, _SOFT
        axis.labels.fillColor = _SOFT
    for bar in (bars.bars[0], bars.bars[1]):
        bar.strokeColor = None
    drawing = Drawing(_WIDTH, _HIGH)
    for part in (bars, line):
        drawing.add(part)
    legend = ((_RULE, "встало в очередь"), (_GREEN, "отвечено"), (_AMBER, "за 30 с от вставших, %"))
    for number, (colour, text) in enumerate(legend):
        left = 30 + 110 * number
        square = Rect(left, _HIGH - 9, 6, 6)
        square.fillColor, square.strokeColor = colour, None
        drawing.add(square)
        drawing.add(String(left + 10, _HIGH - 9, text, fontName="Roboto", fontSize=7.5, fillColor=_SOFT))
    return drawing


def _number(canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.setFont("Roboto", 7)
    canvas.setFillColor(_SOFT)
    canvas.drawRightString(landscape(A4)[0] - _MARGIN, 8 * mm, f"стр. {document.page}")


def _shown(cell: Cell) -> str:
    if cell is None:
        return "—"
    if isinstance(cell, str):
        return cell.replace("&", "&amp;").replace("<", "&lt;")
    return f"{cell:g}".replace(".", ",")


def _number_of(cell: Cell) -> float:
    return float(cell) if isinstance(cell, int | float) else 0.0
