"""`python -m ivr.dialplan.drafts_process ROOT`: answers about drafts, one JSON object a line, until its input ends.

A process of its own, so that reading plans and running tests never holds up the calls beside it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from ivr.config import Home
from ivr.dialplan import drafts
from ivr.errors import IvrError

ANSWER_SECONDS = 20
_NICER = 5  # calls come first

QUESTIONS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "check": drafts.check,
    "call": drafts.call,
    "test": drafts.test,
    "compare": drafts.compare,
}


def main() -> None:
    """Answer `{"question": …, "arguments": {…}}` with `{"answer": …}` or `{"error": …, "hint": …}`."""
    home = Home(Path(sys.argv[1]))
    os.nice(_NICER)
    for line in sys.stdin.buffer:
        signal.alarm(ANSWER_SECONDS)  # what takes longer ends with the process; the next question finds a new one
        asked = orjson.loads(line)
        answer: dict[str, Any]
        try:
            answer = {"answer": QUESTIONS[asked["question"]](home, **asked["arguments"])}
        except IvrError as error:
            answer = {"error": error.what, "hint": error.hint}
        signal.alarm(0)
        sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
