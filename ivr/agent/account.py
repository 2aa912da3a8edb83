"""A SIP account of an operator in the agent's Asterisk: made, registered with the hotline, taken away again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from ivr.agent.registrations import Registrations
from ivr.errors import AsteriskRefused, CallFailed
from ivr.line.ari import Ari

_REGISTER_SECONDS = 10.0
_UNREGISTER_SECONDS = 3.0
_OBJECTS: Final = ("endpoint", "aor", "auth")


class Account:
    """The account `name` at the hotline `host:port`; its endpoint in the agent's Asterisk has the same name."""

    def __init__(
        self, ari: Ari, registrations: Registrations, name: str, password: str, hotline: str, *, secure: bool = False
    ) -> None:
        self._ari = ari
        self._registrations = registrations
        self._name = name
        self._password = password
        self._hotline = hotline
        self._address = f"sip:{name}@{hotline}"
        self._transport = "tls" if secure else "udp"
        self._registered = False

    def endpoint(self, extension: str) -> str:
        """What to dial to reach `extension` at the hotline as this operator."""
        return f"PJSIP/{self._name}/sip:{extension}@{self._hotline};transport={self._transport}"

    async def register(self) -> None:
        """Return once the hotline knows where this operator's telephone is; `CallFailed` when it refuses."""
        news = self._registrations.expect(self._address)
        for kind, fields in self._objects().items():
            body = {"fields": [{"attribute": name, "value": value} for name, value in fields.items()]}
            await self._ari.request("PUT", f"asterisk/config/dynamic/res_pjsip/{kind}/{self._name}", body)
        try:
            async with asyncio.timeout(_REGISTER_SECONDS):
                status = await news
        except TimeoutError:
            raise CallFailed(
                f"{self._name} cannot register: no answer in {_REGISTER_SECONDS:g} s",
                where=self._hotline,
                hint="is the hotline running?",
            ) from None
        if status != "Registered":
            raise CallFailed(
                f"{self._name} cannot register: the hotline refused ({status})",
                where=self._hotline,
                hint="is this an operator of config/operators.yaml, and the password right?",
            )
        self._registered = True

    async def unregister(self, *, tell_hotline: bool) -> None:
        """Take the account away, and wait until the hotline knows (`tell_hotline`). No error when there is none."""
        news = self._registrations.expect(self._address)
        await self._remove("registration")
        if self._registered and tell_hotline:
            try:
                async with asyncio.timeout(_UNREGISTER_SECONDS):
                    await news
            except TimeoutError:
                pass  # the hotline has gone first
        for kind in _OBJECTS:  # not before: the hotline asks for the password also of who leaves
            await self._remove(kind)

    async def _remove(self, kind: str) -> None:
        with suppress(AsteriskRefused):  # it was never made
            await self._ari.request("DELETE", f"asterisk/config/dynamic/res_pjsip/{kind}/{self._name}")

    def _objects(self) -> Mapping[str, Mapping[str, str]]:
        """In the order of making: the registration comes last, for it begins at once."""
        return {
            "auth": {"auth_type": "userpass", "username": self._name, "password": self._password},
            "aor": {"contact": self._address},
            "endpoint": {
                "transport": self._transport,
                "media_encryption": "sdes" if self._transport == "tls" else "no",
                "aors": self._name,
                "context": "offers",
                "disallow": "all",
                "allow": "alaw,ulaw",
                "outbound_auth": self._name,
                "from_user": self._name,
                "dtmf_mode": "rfc4733",
                "direct_media": "no",
                "rtp_symmetric": "yes",
                "media_address": "127.0.0.1",
                "bind_rtp_to_media_address": "yes",
            },
            "registration": {
                "transport": self._transport,
                "server_uri": f"sip:{self._hotline};transport={self._transport}",
                "client_uri": self._address,
                "contact_user": self._name,
                "outbound_auth": self._name,
                "expiration": "3600",
                "max_random_initial_delay": "0",
                "max_retries": "0",
            },
        }
