"""Every role against every endpoint. A route that is not named here fails the test of the table."""

from __future__ import annotations

from ivr.web.roles import Role

EVERYBODY: frozenset[Role] = frozenset({"operator", "supervisor", "admin", "auditor"})
READERS: frozenset[Role] = frozenset({"supervisor", "admin", "auditor"})
OPERATORS: frozenset[Role] = frozenset({"operator"})
SUPERVISORS: frozenset[Role] = frozenset({"supervisor"})
ADMINS: frozenset[Role] = frozenset({"admin"})
OVERSEERS: frozenset[Role] = frozenset({"admin", "auditor"})

# method and path as the application has it → who may
GUARDED: dict[tuple[str, str], frozenset[Role]] = {
    ("GET", "/"): EVERYBODY,
    ("GET", "/definitions"): EVERYBODY,
    ("GET", "/calls/{call}"): READERS,
    ("GET", "/api/status"): EVERYBODY,
    ("GET", "/api/status/stream"): EVERYBODY,
    ("GET", "/api/lately"): EVERYBODY,
    ("GET", "/api/journal/{call}"): READERS,
    ("GET", "/api/audit/stream"): OVERSEERS,
    ("GET", "/supervisor"): SUPERVISORS,
    ("GET", "/supervisor/board"): SUPERVISORS,
    ("POST", "/api/supervisor/headset"): SUPERVISORS,
    ("GET", "/metrics"): READERS | {"monitor"},
    ("GET", "/api/notices"): EVERYBODY,
    ("POST", "/api/notices"): SUPERVISORS,
    ("POST", "/api/acts/{act}"): SUPERVISORS,
    ("GET", "/requests"): SUPERVISORS,
    ("GET", "/api/requests"): SUPERVISORS,
    ("GET", "/api/requests/{number}"): SUPERVISORS,
    ("POST", "/api/requests/{number}"): SUPERVISORS,
    ("GET", "/studio"): ADMINS,
    ("GET", "/api/studio/files"): ADMINS,
    ("GET", "/api/studio/file/{folder}/{name}"): ADMINS,
    ("POST", "/api/studio/check"): ADMINS,
    ("POST", "/api/studio/call"): ADMINS,
    ("POST", "/api/studio/test"): ADMINS,
    ("POST", "/api/studio/compare"): ADMINS,
    ("POST", "/api/studio/publish"): ADMINS,
    ("POST", "/api/studio/rollback"): ADMINS,
    ("GET", "/console"): OPERATORS,
    ("GET", "/api/console/stream"): OPERATORS,
    ("GET", "/api/console/choices"): OPERATORS,
    ("POST", "/api/console/softphone"): OPERATORS,
    ("POST", "/api/console/telephone"): OPERATORS,
    ("POST", "/api/console/state"): OPERATORS,
    ("POST", "/api/console/act"): OPERATORS,
    ("POST", "/api/console/identity"): OPERATORS,
    ("POST", "/api/console/recording"): OPERATORS,
    ("POST", "/api/console/result"): OPERATORS,
}
# these have no end: that they follow is tested elsewhere
ENDLESS = {"/api/status/stream", "/api/audit/stream", "/api/console/stream"}
# before sign-in, and what gives nothing away
OPEN: set[tuple[str, str]] = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/sign-in"),
    ("POST", "/api/sign-in"),
    ("POST", "/api/sign-out"),
    ("GET", "/enter"),
    ("POST", "/enter"),
    ("GET", "/language/{language}"),
    ("GET", "/call"),
    ("GET", "/api/call/outlook"),
    ("POST", "/api/call/begin"),
    ("GET", "/api/call/stream"),
    ("POST", "/api/call/rate"),
    ("POST", "/api/call/requests"),
    ("WEBSOCKET", "/api/call/telephone/{ticket}"),
    ("GET", "/static"),
    ("GET", "/static/vendor"),
}
