"""Structured logs: one line a record, no personal data, and no waiting for whoever reads the lines.

A thread writes the lines, so that a full pipe or a slow disk never holds up a call; when it falls hopelessly behind,
lines are dropped and counted. The journal, not the log, is the record of what happened.
"""

from __future__ import annotations

import logging
import queue
import sys
import threading
import time
from collections.abc import MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal, Self

import orjson
import structlog

from ivr.journal.privacy import redacted

Level = Literal["debug", "info", "warning", "error"]
_WAITING_LINES = 50_000
_TOGETHER_LINES = 1_000
_GATHER_SECONDS = 0.02  # one write for what came meanwhile, instead of waking for each line
_PERSONAL = frozenset({"personal", "caller", "number", "text", "alternatives", "note", "transcript", "name", "snils"})
_HIDDEN = "‹hidden›"
_NUMBERS = (int, float, type(None))
_DIGITS = frozenset("0123456789")
_SHORTEST_NUMBER = 10  # digits of the shortest number that identifies a person
_HARMLESS = frozenset({"call", "line", "topic", "request"})


class LineWriter:
    """Writes lines to a stream from its own thread. `dropped` counts lines that found no room."""

    def __init__(self, stream: IO[str], *, owns: bool = False) -> None:
        self._stream = stream
        self._owns = owns
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.dropped = 0
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def msg(self, line: str) -> None:
        """Take one line; never blocks."""
        if self._lines.qsize() < _WAITING_LINES:
            self._lines.put(line)
        else:
            self.dropped += 1

    debug = info = warning = error = critical = exception = log = msg

    def __call__(self, *_: object) -> Self:
        """As structlog's logger factory: every logger is this writer."""
        return self

    def close(self, within_seconds: float = 2.0) -> None:
        """Write what waits, then stop; gives up on a reader that does not read."""
        self._lines.put(None)
        self._thread.join(within_seconds)
        if self._owns and not self._thread.is_alive():
            self._stream.close()

    def _write(self) -> None:
        last = False
        while not last:
            lines = [self._lines.get()]
            while not self._lines.empty() and len(lines) < _TOGETHER_LINES:
                lines.append(self._lines.get())
            last = lines[-1] is None
            try:
                self._stream.write("".join(f"{line}\n" for line in lines if line is not None))
                self._stream.flush()
            except (OSError, ValueError):  # reader gone, disk full, stream closed: the calls go on
                self.dropped += len(lines)
            time.sleep(_GATHER_SECONDS)


class _ToStructlog(logging.Handler):
    """Lines of libraries that use the standard library's logging, through the same filter."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger(record.name).log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def configure_logging(
    level: Level = "info", style: Literal["json", "console"] = "json", file: Path | None = None
) -> LineWriter:
    """Send all logs of this process to `file`, or to stderr; close the writer at the end of the process."""
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    stream = sys.stderr if file is None else file.open("a", encoding="utf-8")
    writer = LineWriter(stream, owns=file is not None)
    render: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(serializer=_to_json)
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[finished, render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=writer,
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(number, logging.INFO), handlers=[_ToStructlog()], force=True)
    return writer


def _to_json(line: Any, **_: object) -> str:
    return orjson.dumps(line, default=repr, option=orjson.OPT_NON_STR_KEYS).decode(errors="replace")


def finished(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add level and time, put an exception into words, and hide what is personal: a fact by its name, in every other
    text whatever looks like a person's number. One function, because the journal passes here with every record.
    """
    if "exc_info" in line:
        line = structlog.processors.format_exc_info(logger, method, line)
    for name, value in line.items():
        if name in _PERSONAL:
            line[name] = _HIDDEN
        elif name in _HARMLESS or isinstance(value, _NUMBERS):
            pass
        elif not isinstance(value, str):
            line[name] = redacted(repr(value))
        elif len(value) >= _SHORTEST_NUMBER and not _DIGITS.isdisjoint(value):
            line[name] = redacted(value)
    line["level"] = method
    line["timestamp"] = datetime.now(UTC).isoformat(timespec="milliseconds")
    return line
