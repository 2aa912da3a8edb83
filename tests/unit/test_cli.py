"""The command line as a whole: every word that leads to further words says what they are about."""

from __future__ import annotations

import pytest

from ivr import cli


def test_help_lists_every_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["ivr", "--help"])
    with pytest.raises(SystemExit, match="0"):
        cli.main()
    shown = capsys.readouterr().out
    assert all(name.split()[0] in shown for name in cli._COMMANDS if name not in cli._HIDDEN)
