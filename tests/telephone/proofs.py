"""Asked about all calls of a whole run: is its journal the whole story, and does nothing personal stand in the open?"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import phonenumbers
from ahocorasick import Automaton
from redis.asyncio import Redis

from ivr.journal.fold import contradictions, fold
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.journal.record import Record

_EVERY_CALL = 1_000_000
_SHORTEST_TELLING = 7  # shorter ones are ordinary words that logs use as well
_NUMBER_DIGITS = 10
_FOR_ADMINS = {"versions"}  # copies of what admins write: prompts and plans, with the words that callers say too
_FOR_SECRETS = {"secrets.json", "keys.json", "valkey.conf"}
_TOLERANCE_SECONDS = 0.5  # two clocks read one after the other, on a machine that tests keep busy


async def journal_contradictions(store: Redis, keyring: Keyring, live: Iterable[str] = ()) -> list[str]:
    """What cannot be in the journals of all calls; calls that are not `live` must have ended."""
    reader = JournalReader(store, keyring, reveal=True)
    found: list[str] = []
    for call in await reader.calls(limit=_EVERY_CALL):
        records = await reader.read(call)
        found += contradictions(records, over=call not in live)
        found += differs_from_last_words(records)
    return found


def differs_from_last_words(records: Sequence[Record]) -> list[str]:
    """Where what the live call said of itself at its end is not what its steps say."""
    last = next((record for record in records if record.kind == "ended"), None)
    if last is None or last.data.get("outcome") == "failed" or last.data.get("seconds") is None:
        return []  # a call that was cut off, or was taken over, has not told
    state = fold(record for record in records if record.sequence < last.sequence)
    said = last.data
    rebuilt: dict[str, Any] = {"topic": state.topic, "seconds": last.wall_seconds - state.arrived}
    kinds = ("connected", "talk_ended")
    connected, ended = ([each.wall_seconds for each in records if each.kind == kind] for kind in kinds)
    queued = [fold(records[:place]).queued or 0.0 for place, each in enumerate(records, 1) if each.kind == "queued"]
    if len(connected) == len(ended) == 1:
        rebuilt |= {"talk_seconds": ended[0] - connected[0], "outcome": "talked"}
    if len(queued) == len(connected) == 1:
        rebuilt["queue_wait_seconds"] = connected[0] - queued[0]
    return [
        f"{last.call}: it ended with {name} {said[name]}, its steps say {value}"
        for name, value in rebuilt.items()
        if not _like(said[name], value)
    ]


def _like(said: Any, rebuilt: Any) -> bool:
    return abs(said - rebuilt) < _TOLERANCE_SECONDS if isinstance(rebuilt, float) else bool(said == rebuilt)


def differs_from_live(records: Sequence[Record], shown: Mapping[str, Any]) -> list[str]:
    """Where a live call, as /api/status has `shown` it, is not what its journal up to that step says."""
    upto = [
        place
        for place, record in enumerate(records, 1)
        if record.kind == shown["step"] and abs(record.wall_seconds - shown["step_since"]) < _TOLERANCE_SECONDS
    ]
    if len(upto) != 1:
        return []  # its record is on its way, or the step was there twice within the tolerance
    state = fold(records[: upto[0]])
    rebuilt = {"call": state.call, "line": state.line, "step": state.step}
    if state.phase == "talking":
        rebuilt |= {"operator": state.operator, "topic": state.topic}
    return [
        f"{shown['call']}: {name} is {shown[name]!r} live, {value!r} from the journal"
        for name, value in rebuilt.items()
        if shown[name] != value
    ]


async def personal_facts(store: Redis, keyring: Keyring) -> set[str]:
    """Everything sealed of any call. Call before the store stops."""
    reader = JournalReader(store, keyring, reveal=True)
    return {
        value
        for call in await reader.calls(limit=_EVERY_CALL)
        for record in await reader.read(call)
        for value in record.personal.values()
    }


def shows_up(facts: Iterable[str], var: Path, surfaces: Mapping[str, str]) -> list[str]:
    """Personal facts in the open: in any file that the run wrote (logs, store, spool, archive …) or on a surface.

    A number counts in every notation that people and programs use. Words count where they are more than one: single
    ones are in prompts and plans too.
    """
    wanted = Automaton()
    for fact in filter(_telling, facts):
        for spelling in _spellings(fact):
            wanted.add_word(_as_letters(spelling.encode()), fact)
    if not wanted:
        return []  # nobody called
    wanted.make_automaton()
    found = set()
    for where, content in chain(_files(var), ((name, text.encode()) for name, text in surfaces.items())):
        named = where.encode() + b"\n" + content  # names of files tell as well as what is in them
        found |= {f"{where}: {fact}" for _, fact in wanted.iter(_as_letters(named))}
    return sorted(found)


def _as_letters(content: bytes) -> str:
    """Byte by byte: the search takes text only, and files are of any kind."""
    return content.decode("latin-1")


def secrets_shown(var: Path, surfaces: Mapping[str, str]) -> list[str]:
    """Names of the checkout's passwords that stand in a file other than those for them, or on a surface."""
    known: Mapping[str, str] = json.loads((var / "secrets.json").read_text())
    places = [*_files(var), *((name, text.encode()) for name, text in surfaces.items())]
    return [
        f"{where}: {name}"
        for where, content in places
        if not _is_for_secrets(where)
        for name, secret in known.items()
        if secret.encode() in content
    ]


def command_lines(processes: Iterable[str]) -> str:
    """Of these processes, by their ids, as every user of the machine sees them."""
    lines = (_read(Path(f"/proc/{process}/cmdline")) for process in processes)
    return "\n".join(line.replace(b"\0", b" ").decode(errors="replace") for line in lines)


def _is_for_secrets(where: str) -> bool:
    return Path(where).name in _FOR_SECRETS or where.startswith("asterisk/etc/")


def _telling(fact: str) -> bool:
    return len(fact) >= _SHORTEST_TELLING and (_digits(fact) >= _NUMBER_DIGITS or " " in fact.strip())


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _spellings(fact: str) -> Iterator[str]:
    yield fact
    yield json.dumps(fact)[1:-1]
    digits = "".join(character for character in fact if character.isdigit())
    if len(digits) < _NUMBER_DIGITS or any(character.isalpha() for character in fact):
        return
    yield digits
    yield digits[-_NUMBER_DIGITS:]
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return
    for form in (phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL):
        yield phonenumbers.format_number(number, form)


def _files(var: Path) -> Iterator[tuple[str, bytes]]:
    """Path from `var` on and content of each file; what lies elsewhere (links) was not written by this run."""
    for top in sorted(var.iterdir()):
        if top.is_symlink() or top.name in _FOR_ADMINS:
            continue
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and not path.is_symlink():
                content = _read(path)
                yield str(path.relative_to(var)), gzip.decompress(content) if path.suffix == ".gz" else content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # gone meanwhile
        return b""
