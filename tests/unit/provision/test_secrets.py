from __future__ import annotations

from pathlib import Path

import pytest

from ivr.errors import SetupFailed
from ivr.provision.secrets import Secrets


def test_a_password_is_made_once_and_differs_by_name(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secrets.json"
    password = Secrets(path).password("ari")
    assert len(password) >= 20
    assert Secrets(path).password("ari") == password
    assert Secrets(path).password("operator/anna") != password
    assert Secrets(path).password("ari") == password


def test_nobody_else_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    Secrets(path).password("ari")
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", '{"ari": 1}'])
def test_a_damaged_file_is_named_and_left_as_it_is(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(content)
    with pytest.raises(SetupFailed, match=r"secrets\.json.*delete the file"):
        Secrets(path).password("ari")
    assert path.read_text() == content
