"""The `ivr` command. Each subcommand lives with its subject; only the one that is asked for is imported."""

from __future__ import annotations

import ast
import errno
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import typer

from ivr.errors import IvrError

_COMMANDS = {
    "setup": "ivr.commands:setup",
    "run": "ivr.commands:run",
    "controller": "ivr.commands:controller",
    "program": "ivr.commands:program",
    "units": "ivr.units:write",
    "speech": "ivr.commands:speech",
    "door": "ivr.commands:door",
    "status": "ivr.look:status",
    "metrics": "ivr.web.commands:metrics",
    "enter": "ivr.web.commands:enter",
    "trace": "ivr.look:trace",
    "why": "ivr.look:why",
    "journal": "ivr.look:journal",
    "call": "ivr.agent.commands:call",
    "answer": "ivr.agent.commands:answer",
    "check": "ivr.dialplan.commands:check",
    "test": "ivr.dialplan.commands:run_tests",
    "try": "ivr.dialplan.commands:try_plan",
    "graph": "ivr.drawing:graph",
    "schema": "ivr.dialplan.commands:schema",
    "versions": "ivr.dialplan.commands:versions",
    "rollback": "ivr.dialplan.commands:rollback",
    "classify": "ivr.speech.commands:classify",
    "recognise": "ivr.speech.commands:recognise",
    "topics check": "ivr.speech.commands:check",
    "prompts build": "ivr.prompt_commands:make",
    "prompts list": "ivr.prompt_commands:show",
    "notice on": "ivr.notice:on",
    "notice off": "ivr.notice:off",
    "notice list": "ivr.notice:show",
    "ops prioritise": "ivr.web.ops:prioritise",
    "ops move": "ivr.web.ops:move",
    "ops pull": "ivr.web.ops:pull",
    "ops assign": "ivr.web.ops:assign",
    "ops close": "ivr.web.ops:close",
    "ops open": "ivr.web.ops:reopen",
    "ops limit": "ivr.web.ops:limit",
    "ops close-incident": "ivr.web.ops:close_incident",
    "ops listen": "ivr.web.ops:listen",
    "ops drain": "ivr.web.ops:drain",
    "ops take-calls": "ivr.web.ops:take_calls",
    "backup": "ivr.backup.commands:backup",
    "restore": "ivr.backup.commands:restore",
    "hand-over": "ivr.hand_over:hand_over",
    "report": "ivr.office:report",
    "requests list": "ivr.request_commands:listed",
    "requests show": "ivr.request_commands:one",
    "requests status": "ivr.request_commands:status",
    "requests assign": "ivr.request_commands:assign",
    "purge": "ivr.office:purge",
    "keys rotate": "ivr.office:keys_rotate",
    "audit verify": "ivr.office:audit_verify",
    "audit show": "ivr.office:audit_show",
    "recording": "ivr.office:recording",
    "person export": "ivr.office:person_export",
    "person correct": "ivr.office:person_correct",
    "person erase": "ivr.office:person_erase",
    "accounts add": "ivr.office:account_add",
    "accounts unlock": "ivr.office:account_unlock",
    "accounts remove": "ivr.office:account_remove",
    "models fetch": "ivr.speech.commands:fetch_model",
    "models words add": "ivr.speech.commands:add_model_words",
}
_GROUPS = {  # words that only lead to further words, and what they are about
    "topics": "What callers' words mean",
    "models": "The speech model",
    "models words": "What the speech model can recognise",
    "keys": "The master keys of personal data",
    "audit": "Who looked at or changed what",
    "ops": "What may be done to calls, operators and queues while they run",
    "prompts": "What callers hear",
    "notice": "What every caller is told before the menu",
    "requests": "Requests: what is to do, and by when",
    "person": "What is held on one person",
    "accounts": "Who may sign in to the web pages",
}
_HIDDEN = frozenset({"controller", "program", "speech", "door"})  # `ivr run` and service managers start these
_MACHINE_ERRORS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "this user may not write there",
    errno.EMFILE: "too many open files; raise the limit with `ulimit -n`",
}


def main() -> None:
    """Run one subcommand. Exit code 0 only on success; what a person can mend is one sentence on stderr and code 1."""
    try:
        _application()()
    except IvrError as error:
        _fail(str(error))
    except OSError as error:
        if error.errno == errno.EPIPE:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read our output has had enough
            sys.exit(0)
        if error.errno not in _MACHINE_ERRORS:
            raise
        _fail(f"{error.filename or 'this machine'}: {_MACHINE_ERRORS[error.errno]}")
    except KeyboardInterrupt:
        sys.exit(130)


def _application() -> typer.Typer:
    application = typer.Typer(
        name="ivr",
        help="A telephone hotline on Asterisk: `ivr run` starts it, `ivr call` and `ivr answer` try it.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [name for name in _COMMANDS if name.partition(" ")[0] == asked]
    groups = {"": application}
    for name in chosen or _COMMANDS:
        *above, last = name.split()
        group = application
        for depth, word in enumerate(above, start=1):
            path = " ".join(above[:depth])
            if path not in groups:
                groups[path] = typer.Typer(no_args_is_help=True, help=_GROUPS[path])
                group.add_typer(groups[path], name=word)
            group = groups[path]
        group.command(last, hidden=name in _HIDDEN)(_function(*_COMMANDS[name].split(":"), to_run=bool(chosen)))
    application.callback()(_several)
    return application


def _function(module: str, name: str, *, to_run: bool) -> Callable[..., None]:
    """The command itself; when there is only a list to show, its sentence, which needs no import of all there is."""
    if to_run:
        function: Callable[..., None] = getattr(importlib.import_module(module), name)
        return function

    def listed() -> None:
        pass

    file = Path(__file__).parent.joinpath(*module.split(".")[1:]).with_suffix(".py")
    (found,) = (
        node for node in ast.parse(file.read_bytes()).body if isinstance(node, ast.FunctionDef) and node.name == name
    )
    listed.__doc__ = ast.get_docstring(found)
    return listed


def _several() -> None:
    """Keeps `ivr NAME` the form of a command even when only one is registered."""


def _fail(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.exit(1)
