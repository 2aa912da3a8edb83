"""Log lines: one a record, nothing personal in them."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from ivr.journal.logs import LineWriter, configure_logging

SECRETS = ("9161234512", "916 123-45-12", "Иванов", "не могу войти", "112-233-445")


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "log"
    structlog.reset_defaults()
    logging.getLogger().handlers.clear()


@pytest.mark.parametrize("style", ["json", "console"])
def test_nothing_personal_reaches_a_line(log_file: Path, style: str) -> None:
    writer = configure_logging("debug", style, log_file)  # type: ignore[arg-type]  # a parametrised literal
    log = structlog.get_logger("call")
    log.info("heard", call="01k2m3n4p5q6", text="не могу войти", words=3)
    log.info("arrived", caller="+79161234512", line="78005553535")
    log.warning("no answer from SIP/+79161234512@host", reason=ValueError("bad number 8 (916) 123-45-12"))
    log.info("noted", personal={"name": "Иванов"}, note="СНИЛС 112-233-445 95", numbers=["+79161234512"])
    logging.getLogger("library").error("cannot reach +7 916 123-45-12")
    try:
        int("+79161234512 said nothing")
    except ValueError:
        log.exception("failed")
    writer.close()

    text = log_file.read_text(encoding="utf-8")

    assert "78005553535" in text  # a line of the hotline is no secret
    assert "ValueError" in text
    assert [secret for secret in SECRETS if secret in text] == []


def test_json_lines_are_one_object_each(log_file: Path) -> None:
    writer = configure_logging("info", "json", log_file)
    for number in range(500):
        structlog.get_logger().info("queued", call="c", position=number, reason="двое\nв строке")
    structlog.get_logger().debug("below the level")
    writer.close()

    lines = [json.loads(line) for line in log_file.read_text(encoding="utf-8").splitlines()]

    assert [line["position"] for line in lines] == list(range(500))
    assert set(lines[0]) == {"event", "call", "position", "reason", "level", "timestamp"}


class Blocked(io.StringIO):
    """A reader that does not read."""

    def __init__(self) -> None:
        super().__init__()
        self.unblock = threading.Event()

    def write(self, text: str) -> int:
        self.unblock.wait(10)
        return super().write(text)


def test_a_stuck_reader_costs_lines_not_calls() -> None:
    stream = Blocked()
    writer = LineWriter(stream)
    for number in range(60_000):
        writer.msg(str(number))

    assert writer.dropped > 0
    stream.unblock.set()
    writer.close()
    assert stream.getvalue().startswith("0\n1\n2\n")


def test_a_broken_pipe_does_not_reach_the_caller() -> None:
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    writer = LineWriter(Broken())
    writer.msg("lost")
    writer.close()

    assert writer.dropped >= 1
