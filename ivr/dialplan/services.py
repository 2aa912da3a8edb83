"""The services that plans can ask by `look_up`: what each takes and gives. Whoever carries them out keeps to this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Service:
    """Names of arguments and of the parts of an answer, with their meaning. All are text."""

    takes: Mapping[str, str]
    gives: Mapping[str, str]


SERVICES: Mapping[str, Service] = {
    "request_status": Service(
        takes={"number": "a request's number, as the caller gave it"},
        gives={
            "status": "accepted, in_progress, needs_information or done",
            "answer_date": "until when the answer is due, 2026-12-31; empty when nothing is due",
        },
    ),
}
