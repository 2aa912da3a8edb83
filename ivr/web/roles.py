"""Who may do what: one table. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Role = Literal["operator", "supervisor", "admin", "auditor", "monitor"]
Permission = Literal[
    "see_status",
    "read_call",
    "reveal_call",
    "see_reports",
    "see_audit",
    "change_accounts",
    "supervise",
    "take_calls",
    "edit_plans",
    "see_metrics",
]

_READS: frozenset[Permission] = frozenset({"see_status", "read_call", "see_reports", "see_metrics"})
ROLES: Mapping[Role, frozenset[Permission]] = {
    # an operator reads the call in hand, and no other: see `may`
    "operator": frozenset({"see_status", "take_calls"}),
    "supervisor": _READS | {"reveal_call", "supervise"},
    # who sets the system up has no business with what callers say
    "admin": _READS | {"see_audit", "change_accounts", "edit_plans"},
    "auditor": _READS | {"see_audit"},
    "monitor": frozenset({"see_metrics"}),  # a program that scrapes
}
_IN_HAND: frozenset[Permission] = frozenset({"read_call", "reveal_call"})


def may(role: Role, permission: Permission, *, in_hand: bool = False) -> bool:
    """Whether the role allows it; `in_hand`: the call it is about is the operator's own, now."""
    return permission in ROLES[role] or (role == "operator" and in_hand and permission in _IN_HAND)
