"""Which prompts may be a notice to all callers: those that every caller can be told in the call's language. Pure."""

from __future__ import annotations

from ivr.dialplan.model import Plans
from ivr.prompts.catalogue import Catalogue

PREFIX = "notice_"


def notices_of(plans: Plans, catalogue: Catalogue) -> dict[str, str]:
    """Ids that begin with `notice_` and have a text in all languages of all lines, with their words in the first."""
    languages = list(dict.fromkeys(language for plan in plans if plan.lines for language in plan.languages))
    if not languages:
        return {}
    common = frozenset.intersection(*(catalogue.ids(language) for language in languages))
    return {
        prompt: catalogue.text(languages[0], prompt).replace("+", "")
        for prompt in sorted(common)
        if prompt.startswith(PREFIX)
    }
