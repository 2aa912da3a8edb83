"""Prompt texts: what is read, and what an admin is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.errors import ConfigurationInvalid
from ivr.prompts.catalogue import load_catalogue

ROOT = Path(__file__).parents[3]


def test_shipped_texts_are_whole() -> None:
    catalogue = load_catalogue(ROOT / "prompts")
    assert "ru" in catalogue.languages
    assert all(text for _, _, text in catalogue.all())
    assert catalogue.text("ru", "goodbye").startswith("Спасибо")


def test_every_mistake_is_found_at_once(tmp_path: Path) -> None:
    (tmp_path / "ru.yaml").write_text("Привет: текст\nempty:\ntwice: a\ntwice: b\n", encoding="utf-8")
    (tmp_path / "russian.yaml").write_text("a: b\n", encoding="utf-8")
    with pytest.raises(ConfigurationInvalid) as raised:
        load_catalogue(tmp_path)
    assert [(Path(finding.file).name, finding.line) for finding in raised.value.findings] == [
        ("ru.yaml", 4),
        ("ru.yaml", 1),
        ("ru.yaml", 2),
        ("russian.yaml", 1),
    ]


def test_a_folder_without_texts_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="no prompts here"):
        load_catalogue(tmp_path)
