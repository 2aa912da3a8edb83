"""The sounds of this hotline's prompts, and who speaks them."""

from __future__ import annotations

from ivr.hotline import Hotline
from ivr.prompts.build import Voice
from ivr.prompts.catalogue import Catalogue, load_catalogue
from ivr.prompts.media import PromptMedia, locate
from ivr.prompts.voice import ReadVoice, SpokenVoice
from ivr.provision.setup import Provisions


def media_of(hotline: Hotline, catalogue: Catalogue | None = None) -> PromptMedia:
    """The sounds of these prompts, made already or not; without `catalogue` of those that are in the files now."""
    home = hotline.home
    return locate(
        catalogue or load_catalogue(home.prompts), hotline.settings.prompts.voices, home.prompts, home.var / "prompts"
    )


def voices_of(hotline: Hotline, provisions: Provisions) -> dict[str, Voice]:
    """Who speaks each language of the prompts; `SetupFailed` for a voice that there is not."""
    return {
        language: ReadVoice(name, provisions.readers[name])
        if name in provisions.readers
        else SpokenVoice(provisions.synthesiser, name)
        for language, name in hotline.settings.prompts.voices.items()
    }
