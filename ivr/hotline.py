"""This checkout's hotline: its folders, ports, passwords and addresses, as all commands need them."""

from __future__ import annotations

import asyncio
import getpass
import os
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from ivr.config import Home, Settings, load_settings
from ivr.errors import HotlineNotRunning, IvrError, SetupFailed, StoreUnavailable
from ivr.operator.accounts import Account, load_accounts
from ivr.provision import ports as port_file
from ivr.provision.encryption import Encryption, encryption
from ivr.provision.ports import ADDRESS, Ports
from ivr.provision.secrets import Secrets
from ivr.wiring import Wiring

if TYPE_CHECKING:
    from redis.asyncio import Redis

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_ANSWER_SECONDS = 2.0
_MACHINE = re.compile(r"[A-Za-z0-9.-]{1,40}")


class Hotline:
    """What is known of the hotline without talking to it; nothing is started here."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.secrets = Secrets(home.var / "secrets.json")

    @cached_property
    def settings(self) -> Settings:
        return load_settings(self.home.config / "ivr.yaml")

    @cached_property
    def ports(self) -> Ports:
        return port_file.load(self.home.var / "ports.json", os.environ)

    @cached_property
    def encryption(self) -> Encryption | None:
        """How the outside is met; `SetupFailed` when it would be in plain text."""
        return encryption(self.settings.network, self.home.root)

    @property
    def web_address(self) -> str:
        """As this machine reaches it."""
        host = self.settings.network.web
        return f"{'https' if self.encryption else 'http'}://{ADDRESS if host.is_unspecified else host}:{self.ports.web}"

    @property
    def web_trust(self) -> ssl.SSLContext | bool:
        """For clients on this machine: the certificate is trusted because it is our own file, whatever its name."""
        if self.encryption is None:
            return True
        trust = ssl.create_default_context(cafile=str(self.encryption.certificate))
        trust.check_hostname = False
        trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return trust

    @property
    def machine_token(self) -> str:
        """What lets the commands of this machine's own user into the running hotline's web interface."""
        return self.secrets.password("web")

    @property
    def metrics_token(self) -> str:
        """What lets a scraper see metrics."""
        return self.secrets.password("metrics")

    @property
    def asterisk_address(self) -> str:
        return f"http://{ADDRESS}:{self.ports.asterisk}"

    @property
    def machine(self) -> str:
        """`IVR_MACHINE`: tells this machine's calls from those of others that share the store."""
        name = os.environ.get("IVR_MACHINE", "controller")
        if not _MACHINE.fullmatch(name):
            raise SetupFailed(
                f'"{name}" cannot be the name of a machine',
                where="IVR_MACHINE",
                hint="use up to 40 Latin letters, digits, - or .",
            )
        return name

    @property
    def web_names(self) -> tuple[str, ...]:
        """The names that pages may be opened by."""
        return (*LOOPBACK_NAMES, *self.settings.network.web_names)

    @property
    def browser_telephones(self) -> tuple[str, ...]:
        """Where pages reach Asterisk's WebSocket, for each name that they may have been opened by."""
        if self.encryption is None:
            return (f"ws://{ADDRESS}:{self.ports.asterisk}/ws",)
        # An address in brackets is nothing that a content policy could name.
        return tuple(f"wss://{name}:{self.ports.door}/ws" for name in self.web_names if not name.startswith("["))

    @property
    def store_url(self) -> str:
        """`REDIS_URL` when set, else the embedded store's."""
        return os.environ.get("REDIS_URL") or f"redis://{ADDRESS}:{self.ports.store}/0"

    @property
    def store_password(self) -> str | None:
        """None when `REDIS_URL` brings its own."""
        return None if os.environ.get("REDIS_URL") else self.secrets.password("store")

    @cached_property
    def speech_addresses(self) -> tuple[tuple[str, int], ...]:
        return tuple((ADDRESS, self.ports.speech + index) for index in range(self.settings.speech.workers))

    @cached_property
    def accounts(self) -> tuple[Account, ...]:
        return load_accounts(self.home.config / "operators.yaml")

    @property
    def model(self) -> Path:
        """The speech model's directory; `SetupFailed` when there is none."""
        directory = self.home.model(self.settings)
        if not (directory / "conf").is_dir():
            raise SetupFailed(
                "there is no speech model here",
                where=str(directory),
                hint="restore the folder from the repository, or name another one as speech.model in config/ivr.yaml",
            )
        return directory

    @property
    def wiring(self) -> Wiring:
        return Wiring(
            machine=self.machine,
            store_url=self.store_url,
            store_password=self.store_password,
            asterisk_address=self.asterisk_address,
            asterisk_password=self.secrets.password("ari"),
            agi_address=(ADDRESS, self.ports.agi),
            speech_addresses=self.speech_addresses,
            speech_token=self.secrets.password("speech"),
            keys=self.home.var / "keys.json",
            spool=self.home.var / "spool",
            archive=self.home.var / "archive",
            sounds=self.home.var / "asterisk" / "spool" / "recording",
            recordings=self.home.var / "recordings",
            retention=self.settings.retention,
        )

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Redis]:
        """A client of the store, for one command; `StoreUnavailable` when the store does not serve it."""
        # most commands only ask the controller, and would spend a quarter of their time on this
        from redis.exceptions import AuthenticationError
        from redis.exceptions import ConnectionError as RedisConnectionError
        from redis.exceptions import TimeoutError as RedisTimeoutError

        from ivr.store import connect

        try:
            async with connect(
                self.store_url, self.store_password, socket_connect_timeout=2.0, socket_timeout=10.0
            ) as client:
                yield client
        except AuthenticationError as error:
            raise StoreUnavailable(f"the store refuses us: {error}", hint="check the password in REDIS_URL") from None
        except (RedisConnectionError, RedisTimeoutError) as error:
            hint = "check REDIS_URL" if os.environ.get("REDIS_URL") else "start the hotline with `make run`"
            raise StoreUnavailable(f"the store does not answer: {error}", hint=hint) from None

    async def ask(self, path: str, change: Mapping[str, str] | None = None) -> Any:
        """The running controller's answer to a GET of its web server, or to a POST of `change`.

        `HotlineNotRunning` when there is none, IvrError with its own sentence when it refuses.
        """
        timeout = aiohttp.ClientTimeout(total=5.0)
        headers = {"authorization": f"Bearer {self.machine_token}", "x-ivr-user": getpass.getuser()}
        method = "GET" if change is None else "POST"
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=headers) as http,
                http.request(method, f"{self.web_address}{path}", json=change, ssl=self.web_trust) as answer,
            ):
                content: Any = await (answer.json() if answer.content_type == "application/json" else answer.text())
                if answer.status >= 400:
                    raise IvrError(content["error"], hint=content.get("hint", ""))
                return content
        except (aiohttp.ClientError, TimeoutError):
            raise HotlineNotRunning(
                "the hotline of this checkout is not running", where=self.web_address, hint="start it with `make run`"
            ) from None

    async def asterisk_runs(self) -> bool:
        """Whether there is an Asterisk at all, connected to the controller or not; a port of nobody refuses at once."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                _, writer = await asyncio.open_connection(ADDRESS, self.ports.asterisk)
        except TimeoutError:
            return True
        except OSError:
            return False
        writer.close()
        return True

    async def serves(self) -> bool:
        """As `/readyz`, but that a machine which takes no new calls (`ivr ops drain`) does serve those it has."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                now = await self.ask("/api/status")
        except (IvrError, TimeoutError):
            return False
        return all(now[part]["ok"] for part in ("store", "asterisk"))
