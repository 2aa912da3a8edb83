"""What plans can ask about requests, see `dialplan.services`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo

from redis.exceptions import RedisError

from ivr.errors import StoreUnavailable
from ivr.journal.privacy import Keyring
from ivr.request import number as numbers
from ivr.request.store import RequestStore


class RequestStatus:
    """Tells a request's status to nobody but who calls from its telephone, or knows the number of that."""

    def __init__(self, store: RequestStore, keyring: Keyring, zone: tzinfo) -> None:
        self._store = store
        self._keyring = keyring
        self._zone = zone

    async def look_up(self, arguments: Mapping[str, str], caller: str) -> Mapping[str, str]:
        """`status` and `answer_date`; empty when there is no such request, or it is somebody else's."""
        wanted = "".join(character for character in arguments.get("number", "") if character.isdigit())
        proof = arguments.get("telephone") or caller
        if not numbers.valid(wanted) or not any(character.isdigit() for character in proof):
            return {}
        try:
            request = await self._store.proven(wanted, self._keyring.person(proof))
        except RedisError as error:
            raise StoreUnavailable(f"the request cannot be looked up: {type(error).__name__}") from None
        if request is None:
            return {}
        due = request.answer_due
        answer_date = "" if due is None else datetime.fromtimestamp(due, self._zone).date().isoformat()
        return {"status": request.status, "answer_date": answer_date}
