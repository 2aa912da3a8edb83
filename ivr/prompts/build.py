"""Makes the sound files of all prompts: text → speech → telephone sound. Only what has changed is made again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Protocol

from ivr.errors import SetupFailed
from ivr.prompts.media import PromptFile, PromptMedia
from ivr.prompts.sound import for_telephone, read_wav, write_wav

_KEEP_SUPERSEDED_SECONDS = 24 * 3600.0  # a call in progress may still play a file that the catalogue has replaced


class Voice(Protocol):
    """What is needed of a synthesiser: one voice in one language."""

    def speak(self, text: str) -> bytes:
        """The text as a WAV file of any rate; `SetupFailed` when the voice is not to be had. Called from threads."""
        ...


@dataclass(frozen=True, slots=True)
class Built:
    """Counts of files: `made` now, `kept` because nothing changed, `removed` because no prompt needs them."""

    made: int
    kept: int
    removed: int


def build(
    media: PromptMedia,
    voices: Mapping[str, Voice],
    *,
    workers: int = 2,
    on_progress: Callable[[str], None] = lambda _: None,
) -> Built:
    """Make every file of `media` that does not exist, whole sentences first.

    `on_progress` gets texts such as "12 of 340". Interrupted or failed, it leaves only whole files, and the next run
    goes on from there.
    Raises `SetupFailed` naming the first prompt that cannot be made.
    """
    wanted = tuple(media.files)
    missing = sorted((file for file in wanted if not file.path.exists()), key=lambda file: file.piece)
    with ThreadPoolExecutor(workers, thread_name_prefix="prompts") as threads:  # synthesis runs outside Python's lock
        work = [threads.submit(_make, file, voices) for file in missing]
        _wait(work, on_progress)
    return Built(len(missing), len(wanted) - len(missing), _remove_superseded(wanted))


def _wait(work: list[Future[None]], on_progress: Callable[[str], None]) -> None:
    try:
        for done, future in enumerate(as_completed(work), start=1):
            future.result()
            on_progress(f"{done} of {len(work)}")
    except BaseException:
        for future in work:
            future.cancel()
        raise


def _make(file: PromptFile, voices: Mapping[str, Voice]) -> None:
    source = file.recording or f"prompts/{file.language}.yaml"
    try:
        data = file.recording.read_bytes() if file.recording else voices[file.language].speak(file.text)
        write_wav(for_telephone(read_wav(data), pause_after=not file.piece), file.path)
    except (ValueError, OSError) as error:
        raise SetupFailed(f'the prompt "{file.prompt}" cannot be made: {error}', where=str(source)) from error


def _remove_superseded(wanted: tuple[PromptFile, ...]) -> int:
    keep = {file.path for file in wanted}
    before = time.time() - _KEEP_SUPERSEDED_SECONDS
    superseded = [
        path
        for directory in {file.path.parent for file in wanted}
        for path in directory.iterdir()
        if path not in keep and path.suffix in {".wav", ".part"} and path.stat().st_mtime < before
    ]
    for path in superseded:
        path.unlink(missing_ok=True)
    return len(superseded)
