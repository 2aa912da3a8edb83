"""Every error of the product, as one tree.

    IvrError                      anything a person should read: where, what, what to do
    ├── SetupFailed               the machine lacks something that the hotline needs
    ├── ConfigurationInvalid      a file that an admin writes is wrong; carries all findings
    ├── StoreUnavailable          the Redis-protocol server does not answer
    ├── AsteriskUnavailable       Asterisk does not answer, or its event socket is gone
    │   └── AsteriskRefused       Asterisk answered a request with an error status
    ├── SpeechUnavailable         no speech worker can take the call
    │   └── SpeechBusy            all workers are full: fall back to keys
    ├── HotlineNotRunning         a command needs the running hotline and there is none
    └── CallFailed                a call placed by `ivr call` or `ivr answer` went wrong

The command line prints an `IvrError` as one sentence on stderr and exits with 1; any other exception is a defect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


class IvrError(Exception):
    """An error for a person: `what` happened, `where` (may be empty), and `hint`: what to do (may be empty)."""

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what = what
        self.where = where
        self.hint = hint
        super().__init__(what)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text} → {self.hint}" if self.hint else text


class SetupFailed(IvrError):
    """The machine lacks something that the hotline needs (a program, the network, disk space, a free port)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong in a file that an admin writes; `line` and `column` count from 1."""

    file: str
    line: int
    column: int
    severity: Literal["error", "warning"]
    message: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}:{self.column}: {self.message}"
        return f"{text}; {self.hint}" if self.hint else text


class ConfigurationInvalid(IvrError):
    """One or more files that an admin writes are wrong; `findings` holds all of them, in the files' order."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


class StoreUnavailable(IvrError):
    """The Redis-protocol server does not answer."""


class AsteriskUnavailable(IvrError):
    """Asterisk does not answer, or its event socket is gone."""


class AsteriskRefused(AsteriskUnavailable):
    """Asterisk answered `request` with an error `status`."""

    def __init__(self, request: str, status: int, answer: str) -> None:
        self.request = request
        self.status = status
        super().__init__(f"Asterisk refused {request} with {status}: {answer}")

    @property
    def channel_gone(self) -> bool:
        """The channel has ended, or (409) still exists but has left us."""
        return self.status in (404, 409)


class SpeechUnavailable(IvrError):
    """No speech worker can take the call."""


class SpeechBusy(SpeechUnavailable):
    """Every speech worker is full; the menu goes on with keys."""


class HotlineNotRunning(IvrError):
    """A command needs the running hotline of this checkout and there is none."""


class CallFailed(IvrError):
    """A test call could not be placed, or ended before it reached what was asked for."""
