"""What may be logged of an exception: its text and its variables may hold what a caller said."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any


def defect(error: BaseException) -> str:
    """Kind and place only."""
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    return f"{type(error).__name__} at {' > '.join(places[-4:])}"


def leaves(group: BaseExceptionGroup[Any]) -> list[Any]:
    """The exceptions in a group, and in groups in it."""
    found: list[Any] = []
    for error in group.exceptions:
        found.extend(leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    return found
