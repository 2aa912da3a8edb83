"""Accounts of people: password and a second factor by time, locked after three wrong codes, sessions that end.

In the store: argon2 hashes of passwords, second-factor secrets sealed under the master key, hashes of session tokens.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, cast

import argon2
import pyotp
from redis.asyncio import Redis

from ivr.clock import Clock
from ivr.errors import IvrError
from ivr.journal.audit import AuditLog
from ivr.journal.privacy import Keyring
from ivr.journal.rotation import rewrap_field
from ivr.web.roles import ROLES, Role

_MOST_WRONG_CODES = 3
_MOST_WRONG_PASSWORDS = 10
_STEP_SECONDS = 30
_LEAST_PASSWORD = 12
_IDLE_SECONDS = 30 * 60
_SESSION_SECONDS = 12 * 3600.0
_INVITATION_SECONDS = 3600
_ISSUER = "IVR"
_HASHED_AT_ONCE = 2  # each takes 64 MiB and a core for a moment
_PREFIX = "{ivr}:account"


class SignInRefused(IvrError):
    """Name, password or code are wrong, or the account is locked: it is not said which."""

    def __init__(self) -> None:
        super().__init__(
            "name, password or code are wrong, or the account is locked", hint="an admin can unlock the account"
        )


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may sign in; `name` is also the operator's name for operators."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True, repr=False)
class Enrolled:
    """What a new account's owner needs once: `secret` or `uri` (as a QR code) for the authenticator."""

    account: Account
    secret: str
    uri: str


class Accounts:
    """Accounts and sessions in the store. Every change and every attempt to sign in is in the audit log."""

    def __init__(
        self, redis: Redis, keyring: Keyring, clock: Clock, audit: AuditLog, hasher: argon2.PasswordHasher | None = None
    ) -> None:
        self._redis = redis
        self._keyring = keyring
        self._clock = clock
        self._audit = audit
        self._hasher = hasher or argon2.PasswordHasher()
        self._hashing = asyncio.Semaphore(_HASHED_AT_ONCE)
        self._nobody = self._hasher.hash(secrets.token_hex(16))  # checked for unknown names: as slow as for known ones

    async def add(self, who: str, name: str, role: Role, password: str) -> Enrolled:
        """Make an account; its second factor is shown this once."""
        if role not in ROLES:
            raise IvrError(f"there is no role {role!r}", hint=f"roles: {', '.join(ROLES)}")
        if len(password) < _LEAST_PASSWORD:
            raise IvrError(f"a password has at least {_LEAST_PASSWORD} characters", hint="four words make a good one")
        hashed = await asyncio.to_thread(self._hasher.hash, password)
        secret = pyotp.random_base32()
        await self._audit.note(who, "account_add", name, {"role": role})
        if not await self._redis.hsetnx(_key(name), "role", role):
            raise IvrError(f"there is an account {name!r} already")
        sealed = self._keyring.wrap(secret.encode(), _key(name))
        await self._redis.hset(_key(name), mapping={"password": hashed, "secret": sealed})
        return Enrolled(Account(name, role), secret, pyotp.TOTP(secret, name=name, issuer=_ISSUER).provisioning_uri())

    async def sign_in(self, name: str, password: str, code: str) -> str:
        """A session's token; SignInRefused. Three wrong codes in a row, or ten wrong passwords, lock the account."""
        held = await self._held(name)
        async with self._hashing:
            right = await asyncio.to_thread(self._verified, held.get("password", self._nobody), password)
        if not held or not right or "locked" in held:
            await self._refuse(name, "wrong_passwords", _MOST_WRONG_PASSWORDS, known=bool(held) and not right)
        if not await self._code_is_right(name, held["secret"], code):
            await self._refuse(name, "wrong_codes", _MOST_WRONG_CODES, known=True)
        await self._redis.hdel(_key(name), "wrong_codes", "wrong_passwords")
        await self._audit.note(name, "sign_in")
        return await self._begin(name)

    async def invite(self, who: str) -> str:
        """A key that lets this machine's user `who` in once within an hour, without an account: see `enter`."""
        key = secrets.token_urlsafe(32)
        await self._redis.set(_invitation(key), who, ex=_INVITATION_SECONDS)
        return key

    async def invited(self, key: str) -> str | None:
        """Who the key was made for; None when it is none, used or too old."""
        who = await self._redis.get(_invitation(key))
        return None if who is None else _text(who)

    async def enter(self, key: str, name: str, role: Role) -> str:
        """A session's token for the holder of a key that `invite` made: as `name`, or as themselves when "".

        Whoever can make such a key can read this machine's files, and so the store and its keys: nothing is given
        away. Raises SignInRefused.
        """
        who = await self._redis.getdel(_invitation(key))
        if who is None or role not in ROLES:
            raise SignInRefused
        await self._audit.note(_text(who), "enter", name, {"role": role})
        return await self._begin(name or _text(who), role)

    async def of(self, token: str) -> Account | None:
        """Whose session it is; None when it is none, or over: half an hour unused, or twelve hours old."""
        name, until, role = await self._redis.hmget(_session(token), ["name", "until", "role"])
        if name is None or until is None or float(until) <= self._clock.wall():
            return None
        if role is not None:  # the machine's own user: no account is behind it
            await self._redis.expire(_session(token), _IDLE_SECONDS)
            return Account(_text(name), cast("Role", _text(role)))
        held = await self._held(_text(name))
        if not held or "locked" in held:
            return None
        await self._redis.expire(_session(token), _IDLE_SECONDS)
        return Account(_text(name), cast("Role", held["role"]))

    async def sign_out(self, token: str) -> None:
        """End the session."""
        await self._redis.delete(_session(token))

    async def unlock(self, who: str, name: str) -> None:
        """Let a locked account try again."""
        if not await self._held(name):
            raise IvrError(f"there is no account {name!r}")
        await self._audit.note(who, "account_unlock", name)
        await self._redis.hdel(_key(name), "locked", "wrong_codes", "wrong_passwords")

    async def rewrap(self, ring: Keyring) -> int:
        """Seal all second factors under the ring's current master key; returns how many were not."""
        changed = 0
        async for key in self._redis.scan_iter(f"{_PREFIX}:*", _type="HASH"):
            changed += await rewrap_field(self._redis, ring, _text(key), "secret")
        self._keyring = ring
        return changed

    async def remove(self, who: str, name: str) -> None:
        """Delete the account; its sessions end at once."""
        await self._audit.note(who, "account_remove", name)
        await self._redis.delete(_key(name))

    async def _begin(self, name: str, role: Role | None = None) -> str:
        token = secrets.token_urlsafe(32)
        session: dict[Any, Any] = {"name": name, "until": self._clock.wall() + _SESSION_SECONDS}
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(_session(token), mapping=session | ({"role": role} if role else {}))
            pipeline.expire(_session(token), _IDLE_SECONDS)
            await pipeline.execute()
        return token

    def _verified(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except argon2.exceptions.VerificationError:
            return False

    async def _code_is_right(self, name: str, sealed: str, code: str) -> bool:
        """Whether the code is of now, or of half a minute before or after; each code is good once."""
        totp = pyotp.TOTP(self._keyring.unwrap(sealed, _key(name)).decode())
        step = int(self._clock.wall()) // _STEP_SECONDS
        for each in (step, step - 1, step + 1):
            if secrets.compare_digest(totp.generate_otp(each).encode(), code.encode()):
                return bool(await self._redis.set(f"{_key(name)}:used:{each}", "1", ex=4 * _STEP_SECONDS, nx=True))
        return False

    async def _refuse(self, name: str, counter: str, most: int, *, known: bool) -> None:
        if known:
            wrong = await self._redis.hincrby(_key(name), counter, 1)
            await self._audit.note(name, "sign_in_refused", name, {"because": counter})
            if wrong >= most:
                await self._redis.hset(_key(name), "locked", counter)
                await self._audit.note("system", "account_locked", name, {"because": counter})
        raise SignInRefused

    async def _held(self, name: str) -> dict[str, str]:
        held = await self._redis.hgetall(_key(name))
        return {_text(field): _text(value) for field, value in held.items()}


def _key(name: str) -> str:
    return f"{_PREFIX}:{name}"


def _session(token: str) -> str:
    return f"{{ivr}}:session:{hashlib.sha256(token.encode()).hexdigest()}"


def _invitation(key: str) -> str:
    return f"{{ivr}}:invitation:{hashlib.sha256(key.encode()).hexdigest()}"


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()
