"""Operators' softphones: which of them answer in the browser, and the password that a page registers with.

A password is made for one sitting and kept nowhere but in Asterisk's memory and the page that asked for it; the next
one replaces it, so an old page cannot come back.
"""

from __future__ import annotations

import secrets

import structlog

from ivr.errors import IvrError
from ivr.line.ari import Ari

log = structlog.get_logger()

_SUFFIX = "-browser"


class Softphones:
    """`telephone(operator)` is the SIP account that rings: the browser's for who has chosen it."""

    def __init__(self, ari: Ari) -> None:
        self._ari = ari
        self._chosen: set[str] = set()
        self._sittings: dict[str, str] = {}

    def telephone(self, operator: str) -> str:
        return f"{operator}{_SUFFIX}" if operator in self._chosen else operator

    def chosen(self, operator: str) -> bool:
        """Whether the operator answers in the browser."""
        return operator in self._chosen

    async def restore(self) -> None:
        """A controller has just begun: who is registered with a browser has chosen it."""
        try:
            endpoints = await self._ari.request("GET", "endpoints/PJSIP")
        except IvrError as error:
            log.warning("softphones_unknown", reason=error.what)
            return
        for endpoint in endpoints:
            operator, in_browser = operator_of(str(endpoint["resource"]))
            if in_browser and endpoint["state"] == "online":
                self._chosen.add(operator)

    def elsewhere(self, operator: str, sitting: str) -> bool:
        """Whether another page of the operator's has got a password after the page of that sitting."""
        return self._sittings.get(operator, sitting) != sitting

    async def issue(self, operator: str, sitting: str = "") -> tuple[str, str]:
        """Account and password for the operator's page of that sitting; from now on the browser rings."""
        account = f"{operator}{_SUFFIX}"
        password = await give_password(self._ari, account)
        self._chosen.add(operator)
        self._sittings[operator] = sitting
        return account, password

    def use_browser(self, operator: str) -> None:
        """From now on the operator's browser rings: only its page knows the password to register it."""
        self._chosen.add(operator)

    def use_telephone(self, operator: str) -> None:
        """From now on the operator's SIP telephone rings."""
        self._chosen.discard(operator)

    def accounts(self, operators: tuple[str, ...]) -> tuple[str, ...]:
        """The browsers' SIP accounts of these operators."""
        return tuple(f"{operator}{_SUFFIX}" for operator in operators)


async def give_password(ari: Ari, account: str) -> str:
    """A new password for a browser's account, in Asterisk's memory only; one of before is worth nothing any more."""
    password = secrets.token_urlsafe(24)
    fields = {"auth_type": "userpass", "username": account, "password": password}
    body = {"fields": [{"attribute": name, "value": value} for name, value in fields.items()]}
    await ari.request("PUT", _password(account), body)
    return password


async def take_password(ari: Ari, account: str) -> None:
    """From now on nobody can use the account."""
    await ari.request("DELETE", _password(account))


def _password(account: str) -> str:
    return f"asterisk/config/dynamic/res_pjsip/auth/{account}"


def operator_of(account: str) -> tuple[str, bool]:
    """Whose SIP account it is, and whether it is the browser's."""
    return account.removesuffix(_SUFFIX), account.endswith(_SUFFIX)
