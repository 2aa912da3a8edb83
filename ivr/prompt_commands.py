"""`ivr prompts`: make what callers hear, and list what a speaker could record."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ivr.config import Home
from ivr.errors import IvrError
from ivr.hotline import Hotline
from ivr.prompts.build import build
from ivr.prompts.catalogue import load_catalogue
from ivr.prompts.media import PromptFile
from ivr.provision.progress import Progress
from ivr.provision.setup import provide
from ivr.spoken import media_of, voices_of

_Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts")]


def make(as_json: _Json = False) -> None:
    """Make the sound of every prompt that is new or changed; quick when there is none."""
    hotline, progress = Hotline(Home.find()), Progress()
    provisions = provide(hotline.home.var, os.environ, progress)
    media = media_of(hotline)
    with progress.phase("prompts") as phase:
        built = build(media, voices_of(hotline, provisions), on_progress=phase.update)
    if as_json:
        _say(json.dumps({"made": built.made, "kept": built.kept, "removed": built.removed}))
        return
    recorded = sum(file.recording is not None for file in media.files)
    _say(f"{built.made} made, {built.kept} as they were; {recorded} of them recorded by a speaker (`ivr prompts list`)")
    for language, prompt in media.unspoken:
        _say(f"nobody says {prompt} in {language}: callers hear it in Russian; record prompts/{language}/{prompt}.wav")


def show(
    language: Annotated[str, typer.Option(help="Only this language: ru, en, tt")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Those that are recorded already, too")] = False,
    as_json: _Json = False,
) -> None:
    """List what a speaker could record, whole sentences first: the file to save (WAV, any rate), and the words.

    A recording with that name replaces the voice: save it, run `ivr prompts build`, and start the hotline anew.
    """
    home = Home.find()
    languages = load_catalogue(home.prompts).languages
    if language and language not in languages:
        raise IvrError(f'there are no prompts in "{language}"', hint=f"choose from {', '.join(languages)}")
    files = [file for file in media_of(Hotline(home)).files if language in ("", file.language)]
    for file in sorted(files, key=lambda file: (file.language, file.piece)):
        if everything or file.recording is None:
            _tell(file, as_json=as_json)


def _tell(file: PromptFile, *, as_json: bool) -> None:
    record = Path("prompts") / file.language / f"{file.prompt}.wav"
    words = file.text.replace("+", "")
    if as_json:
        facts = {"prompt": file.prompt, "language": file.language, "text": words, "file": str(record)}
        _say(json.dumps({**facts, "recorded": file.recording is not None}, ensure_ascii=False))
    else:
        _say(f"{record}\t{words}{chr(9) + 'recorded' if file.recording else ''}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
