"""What is said and heard: prompts exist, answers do not clash, words can be recognised, somebody can take the call."""

from __future__ import annotations

from ivr.dialplan import spoken
from ivr.dialplan.check_draft import Draft
from ivr.dialplan.fields import Spoken
from ivr.dialplan.nodes import Place
from ivr.dialplan.phrases import words_of
from ivr.dialplan.steps.ask import ANY_TOPIC, Ask
from ivr.dialplan.steps.hang_up import HangUpStep
from ivr.dialplan.steps.queue import QueueStep
from ivr.dialplan.steps.say import Say
from ivr.dialplan.steps.topic import SetTopic
from ivr.dialplan.wording import close_match, listed
from ivr.routing.skills import level, need

MOST_KEYS = 7
"""Callers forget the first choice of a longer menu."""


def check(draft: Draft) -> None:
    """Add what is wrong with prompts, choices, words and queues."""
    for place, step in draft.steps():
        for inner, item in step.prompts():
            _prompt(draft, (*place, *inner), item)
        if isinstance(step, Ask):
            _choices(draft, place, step)
        if isinstance(step, SetTopic):
            _topics(draft, place, (step.topic,))
            _staff(draft, place, (step.topic,))
        if isinstance(step, QueueStep):
            _queue(draft, place, step)
    _last_words(draft)


def _prompt(draft: Draft, place: Place, item: str | Spoken) -> None:
    head, known = draft.parsed.head, draft.known.prompts
    if head is None:
        return
    if isinstance(item, Spoken):
        mute = [language for language in head.languages if language not in spoken.languages()]
        if mute:
            draft.error(place, f"numbers cannot be said in {listed(mute)}", f"they can in {listed(spoken.languages())}")
        return
    if known is None:
        return
    lacking = [language for language in head.languages if language in known and item not in known[language]]
    if lacking:
        ids = frozenset[str]().union(*known.values())
        where = " and ".join(f"prompts/{language}.yaml" for language in lacking)
        hint = "" if item in ids else close_match(item, ids)
        if not hint.startswith("did"):
            hint = f"add its text to {where}"
        draft.error(place, f'there is no prompt "{item}" in {listed(lacking)}', hint)


def _choices(draft: Draft, place: Place, ask: Ask) -> None:
    taken: dict[str, int] = {}
    for index, choice in enumerate(ask.choices):
        where = (*place, "choices", index)
        ways_in = [("key", f"key {choice.key}")] if choice.key else []
        ways_in += [("topic", f"topic {topic}") for topic in choice.topic or ()]
        ways_in += [("words", f"“{' '.join(words_of(phrase))}”") for phrase in choice.words or ()]
        for kind, way_in in ways_in:
            first = taken.setdefault(way_in, index)
            if first != index:
                line = draft.document.value_mark((*place, "choices", first)).line
                draft.error(
                    (*where, kind), f"{way_in} leads to the choice in line {line} already", "leave it to one choice"
                )
        _topics(draft, where, choice.topic or ())
        _staff(draft, where, choice.topic or ())
        _vocabulary(draft, where, choice.words or ())
    keys = [choice.key for choice in ask.choices if choice.key]
    if not keys:
        hint = "give at least one choice a key"
        draft.warning((*place, "choices"), "no key works here: when recognition is lost, nothing can be answered", hint)
    if len(keys) > MOST_KEYS:
        draft.warning((*place, "choices"), f"{len(keys)} keys are more than callers remember", "ask in two steps")


def _topics(draft: Draft, where: Place, topics: tuple[str, ...]) -> None:
    known = draft.known.topics
    for index, topic in enumerate(topics):
        if known is not None and topic not in known and topic != ANY_TOPIC:
            draft.error((*where, "topic", index), f'there is no topic "{topic}"', close_match(topic, known))


def _vocabulary(draft: Draft, where: Place, phrases: tuple[str, ...]) -> None:
    head, known = draft.parsed.head, draft.known.words
    if head is None or known is None:
        return
    vocabularies = [known[language] for language in head.languages if known.get(language)]
    for index, phrase in enumerate(phrases):
        unheard = [word for word in words_of(phrase) if not any(word in words for words in vocabularies)]
        if vocabularies and unheard:
            what = f"the recogniser does not know {listed(f'“{word}”' for word in unheard)}"
            draft.warning((*where, "words", index), what, "use other words, or add these to the speech model")


def _queue(draft: Draft, place: Place, step: QueueStep) -> None:
    """Somebody has the skills that the step names, in every language of the plan."""
    _somebody(draft, (*place, "skills" if step.skills else "queue"), "operator", step.skills or ())


def _staff(draft: Draft, place: Place, topics: tuple[str, ...]) -> None:
    """Somebody can help with what the call is about now, in every language of the plan."""
    for index, topic in enumerate(topics):
        if topic != ANY_TOPIC and (draft.known.topics is None or topic in draft.known.topics):
            _somebody(draft, (*place, "topic", index), topic, ())


def _somebody(draft: Draft, place: Place, topic: str, skills: tuple[str, ...]) -> None:
    head, operators = draft.parsed.head, draft.known.operators
    if head is None or operators is None:
        return
    for language in head.languages:
        wanted = need("", topic, language, skills)
        if not any(level(operator, wanted) for operator in operators):
            lacking = f"skill {listed(wanted.skills)} in {language}" if wanted.skills else f"language {language}"
            hint = "give it to one in config/operators.yaml, or such calls will wait in vain"
            draft.warning(place, f"no operator has {lacking}", hint)


def _last_words(draft: Draft) -> None:
    """Nobody is hung up on without a word."""
    for steps in draft.parsed.sections.values():
        for index, (place, step) in enumerate(steps):
            spoke = index > 0 and isinstance(steps[index - 1][1], Say)
            if isinstance(step, HangUpStep) and step.hang_up is None and not spoke:
                draft.warning(place, "the call ends without a word", 'say goodbye: "- hang_up: goodbye"')
