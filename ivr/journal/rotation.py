"""A new master key: the small keys that it protects are wrapped anew, the records stay as they are."""

from __future__ import annotations

from typing import cast

from redis.asyncio import Redis

from ivr.journal import keys
from ivr.journal.privacy import Keyring

# Only while it still is what was read: whoever was erased meanwhile must not come back.
_REPLACE = "if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end"
_AT_ONCE = 500


async def rewrap_data_keys(redis: Redis, ring: Keyring) -> int:
    """Wrap every call's data key under the ring's current master key; returns how many were not. Again is safe."""
    replace = redis.register_script(_REPLACE)
    cursor, changed = 0, 0
    while True:
        cursor, page = await redis.hscan(keys.DATA_KEYS, cursor, count=_AT_ONCE)
        for owner, wrapped in cast("dict[bytes | str, bytes | str]", page).items():
            name, old = _text(owner), _text(wrapped)
            if not ring.is_current(old):
                await replace(keys=[keys.DATA_KEYS], args=[name, old, ring.rewrap(old, name)])
                changed += 1
        if cursor == 0:
            return changed


async def rewrap_field(redis: Redis, ring: Keyring, key: str, field: str) -> bool:
    """The same for one field of a hash that was wrapped for its key's name; True when it was changed."""
    held = await redis.hget(key, field)
    if held is None or ring.is_current(_text(held)):
        return False
    await redis.register_script(_REPLACE)(keys=[key], args=[field, _text(held), ring.rewrap(_text(held), key)])
    return True


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()
