"""The command line as a whole: every word that leads to further words says what they are about."""

from __future__ import annotations

import inspect

import pytest

from ivr import cli


def test_help_lists_every_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["ivr", "--help"])
    with pytest.raises(SystemExit, match="0"):
        cli.main()
    shown = capsys.readouterr().out
    assert all(name.split()[0] in shown for name in cli._COMMANDS if name not in cli._HIDDEN)


@pytest.mark.parametrize("where", cli._COMMANDS.values())
def test_the_list_says_what_the_command_says_of_itself(where: str) -> None:
    module, _, name = where.partition(":")
    listed, command = (cli._function(module, name, to_run=to_run) for to_run in (False, True))
    assert inspect.getdoc(listed) == inspect.getdoc(command)
    assert listed.__doc__, "a command says what it is for"
