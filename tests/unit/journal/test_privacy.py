"""Sealing, masks, look-up and redaction."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.errors import IvrError
from ivr.journal import privacy
from ivr.journal.privacy import Keyring, PersonalDataUnreadable

KEY = privacy.new_data_key()


@given(st.dictionaries(st.text(), st.text().filter(lambda text: text.isprintable())))
def test_what_is_sealed_opens_only_in_its_place(personal: dict[str, str]) -> None:
    sealed = privacy.seal(KEY, personal, "call/1/heard")

    assert privacy.unseal(KEY, sealed, "call/1/heard") == personal
    for key, context in ((KEY, "call/2/heard"), (privacy.new_data_key(), "call/1/heard")):
        with pytest.raises(PersonalDataUnreadable):
            privacy.unseal(key, sealed, context)


def test_the_same_facts_never_look_the_same() -> None:
    assert privacy.seal(KEY, {"text": "да"}, "c") != privacy.seal(KEY, {"text": "да"}, "c")


@pytest.mark.parametrize("sealed", ["", "!", "AAAA", "не base64"])
def test_damaged_sealed_data_is_an_error_of_its_own(sealed: str) -> None:
    with pytest.raises(PersonalDataUnreadable, match="c/1/heard"):
        privacy.unseal(KEY, sealed, "c/1/heard")


def test_after_rotation_old_data_keys_open_and_move_on() -> None:
    old = Keyring.generate()
    wrapped = old.wrap(KEY, "call")
    new = old.rotated()

    assert new.current != old.current
    assert new.unwrap(wrapped, "call") == KEY
    moved = new.rewrap(wrapped, "call")
    assert moved.startswith(new.current)
    assert new.unwrap(moved, "call") == KEY
    with pytest.raises(PersonalDataUnreadable, match="master key 'k2'"):
        old.unwrap(moved, "call")
    with pytest.raises(PersonalDataUnreadable):
        new.unwrap(moved, "another call")


def test_the_key_file_is_private_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "secret" / "keys.json"
    made = Keyring.load(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Keyring.load(path) == made
    path.chmod(0o644)
    with pytest.raises(IvrError, match="chmod 600"):
        Keyring.load(path)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", json.dumps({"keys": {"k1": "c2hvcnQ="}, "current": "k1", "lookup": ""})]
)
def test_a_damaged_key_file_is_never_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    path.chmod(0o600)

    with pytest.raises(IvrError, match="damaged"):
        Keyring.load(path)
    assert path.read_text() == text


def test_a_keyring_does_not_show_its_keys() -> None:
    ring = Keyring.generate()

    assert str(ring.lookup) not in repr(ring)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+79161234512", "+7 9** ***-**-12"),
        ("8 (916) 123-45-12", "+7 9** ***-**-12"),
        ("78432220202", "+7 8** ***-**-02"),
        ("+441632960961", "+44********61"),
        ("112", "***"),
        ("123456", "******"),
        ("anonymous", "***"),
        ("", ""),
    ],
)
def test_numbers_show_their_ends_only(number: str, shown: str) -> None:
    assert privacy.masked("caller", number) == shown


@given(st.text("0123456789", min_size=7, max_size=15))
def test_a_mask_hides_all_but_four_digits(number: str) -> None:
    assert sum(character.isdigit() for character in privacy.mask_number(number)) <= 4


def test_one_person_is_found_in_any_notation() -> None:
    ring = Keyring.generate()

    assert ring.person("+7 916 123-45-12") == ring.person("89161234512") == ring.person("79161234512")
    assert ring.person("+79161234513") != ring.person("+79161234512")
    assert Keyring.generate().person("79161234512") != ring.person("79161234512")
    assert ring.rotated().person("79161234512") == ring.person("79161234512")


@pytest.mark.parametrize(
    "number",
    ["+79161234512", "8 (916) 123-45-12", "112-233-445 95", "9205 123456", "89161234512", "+7.916.123.45.12"],
)
@pytest.mark.parametrize("text", ["{}", "позвоните {}, жду", "SIP/{}@host", "'{}'"])
def test_numbers_in_free_text_are_hidden(number: str, text: str) -> None:
    redacted = privacy.redacted(text.format(number))

    assert "‹number›" in redacted
    assert not any(part in redacted for part in ("123", "4512", "445"))


@pytest.mark.parametrize(
    "text",
    ["place 3, about 120 s", "2026-11-22T09:30:00", "127.0.0.1:5060", "federal/menu/2", "01k2m3n4p5q6"],
)
def test_harmless_text_stays(text: str) -> None:
    assert privacy.redacted(text) == text
