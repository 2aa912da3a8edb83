"""Findings for a person at a terminal: the admin's own lines, a marker, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ivr.errors import Finding

_TOKEN = re.compile(r'"[^"]*"|\'[^\']*\'|[^\s,\]}#]+')
_LINES_ABOVE = 2


def render(finding: Finding, source: str) -> str:
    """One finding with the lines around it; `source` is the file's text."""
    lines = source.splitlines()
    head = f"{finding.file}:{finding.line}:{finding.column}: {finding.severity}: {finding.message}"
    if not 0 < finding.line <= len(lines):
        return f"{head}\n  → {finding.hint}" if finding.hint else head
    first = max(1, finding.line - _LINES_ABOVE)
    width = len(str(finding.line))
    shown = [f"  {number:>{width}} │ {_visible(lines[number - 1])}" for number in range(first, finding.line + 1)]
    line = lines[finding.line - 1]
    length = marked_length(line, finding.column - 1)
    marker = f"  {'':>{width}} │ {' ' * (finding.column - 1)}{'^' * length}"
    return "\n".join([head, *shown, f"{marker} {finding.hint}".rstrip()])


def summary(findings: Sequence[Finding], files: int) -> str:
    """`2 errors, 1 warning in 3 files`."""
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    parts = [
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in ((errors, "error"), (warnings, "warning"))
        if count
    ]
    return f"{', '.join(parts) or 'all well'} in {files} file{'' if files == 1 else 's'}"


def _visible(line: str) -> str:
    return line.replace("\t", "⇥")


def marked_length(line: str, column: int) -> int:
    """How many characters the thing at `column` (from 0) has."""
    match = _TOKEN.match(line, column)
    if match is None:
        return 1
    token = match[0]
    return len(token) - 1 if token.endswith(":") and len(token) > 1 else len(token)
