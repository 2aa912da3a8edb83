"""Containerfile and compose.yaml name what there is, and an image takes no secret of its checkout along."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import yaml

from ivr.cli import _COMMANDS
from ivr.config import load_settings

CHECKOUT = Path(__file__).parents[2]
CONTAINERFILE = (CHECKOUT / "Containerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((CHECKOUT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]


def test_the_image_is_built_by_what_there_is() -> None:
    (target,) = re.findall(r"make (\w[\w-]*) &&", CONTAINERFILE)
    assert re.search(f"^{target}:", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    (home,) = re.findall(r"^WORKDIR (\S+)$", CONTAINERFILE, re.MULTILINE)
    assert f"ENV PATH={home}/.venv/bin:$PATH" in CONTAINERFILE
    assert CONTAINERFILE.index("\nUSER ivr") < CONTAINERFILE.index("\nCOPY"), "nothing of it runs as root"
    for service in SERVICES.values():
        for volume in service["volumes"]:
            source, target = volume.split(":")[:2]
            assert target.startswith(f"{home}/")
            assert source in COMPOSE["volumes"] or (CHECKOUT / source).is_dir()


def test_the_services_are_all_programs_of_the_hotline() -> None:
    commands = {name: " ".join(service["command"]) for name, service in SERVICES.items()}
    workers = range(1, load_settings(CHECKOUT / "config" / "ivr.yaml").speech.workers + 1)
    programs = {name: f"ivr program {name}" for name in ("store", "asterisk", *(f"speech-{n}" for n in workers))}
    assert commands == {
        **programs,
        "door": "ivr door",
        "controller-1": "ivr controller",
        "controller-2": "ivr controller",
    }
    assert {words.split()[1] for words in commands.values()} <= set(_COMMANDS)


def test_no_secret_goes_into_an_image() -> None:
    rules = (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    def left_out(path: str) -> bool:
        return any(fnmatch(path, rule) or fnmatch(path, rule.removeprefix("**/")) for rule in rules)

    told = (CHECKOUT / "docs" / "encryption.md").read_text(encoding="utf-8")
    (key,) = re.findall(r"private_key: (\S+)", told)
    environments = {file["path"] for service in SERVICES.values() for file in service["env_file"]}
    assert [path for path in ("var", key, *environments) if not left_out(path)] == []
