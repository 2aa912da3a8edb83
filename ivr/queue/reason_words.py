"""Why a call went to an operator, in one sentence: why now, why not sooner, why this operator. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from ivr.queue.reason import OTHER_QUEUE_LEVEL, Candidate, Reason, from_json

Language = Literal["ru", "en"]
Say = Callable[[str, str], str]
"""Takes the Russian and the English words, gives those that are wanted."""

_AT_ONCE_SECONDS = 0.5  # who was free so soon before the call did not keep it waiting
_MINUTE = 60


def speaker(language: Language) -> Say:
    """Who says things in this language."""
    return (lambda russian, _: russian) if language == "ru" else (lambda _, english: english)


def told(kept: str, language: Language) -> str:
    """A reason as it is kept, in words; as it stands when it is of another version, such as words already."""
    try:
        return in_words(from_json(kept), language)
    except (KeyError, TypeError, ValueError):
        return kept


def in_words(reason: Reason, language: Language = "ru") -> str:
    """One sentence for ops, journal and `ivr why`."""
    say = speaker(language)
    chosen, *others = reason.candidates
    if reason.by:
        return say(f"{reason.by} отдаёт звонок вручную: {chosen.operator}", f"{reason.by} gave it to {chosen.operator}")
    parts = [_turn(reason, language), *_why_not_sooner(reason, language)]
    parts.append(
        say(
            f"{chosen.operator}: уровень {chosen.level}{_lent(reason, say)};"
            f" могут взять {reason.signed_in}, из них свободны {reason.free}",
            f"{chosen.operator}: level {chosen.level}{_lent(reason, say)};"
            f" {reason.signed_in} can take it, of whom free: {reason.free}",
        )
    )
    parts.extend(f"{other.operator}: {_passed_over(other, chosen, language)}" for other in others)
    return "; ".join(parts)


def seconds(value: float, language: Language = "ru") -> str:
    """A time as it is written: `2,5 с`, `2.5 s`; from a minute on `2 мин 13 с`, `2 min 13 s`."""
    if value >= _MINUTE:
        minutes, rest = divmod(round(value), _MINUTE)
        minute, second = ("мин", "с") if language == "ru" else ("min", "s")
        return f"{minutes} {minute}" + (f" {rest} {second}" if rest else "")
    short = f"{value:.1f}".removesuffix(".0")
    return short.replace(".", ",") + " с" if language == "ru" else short + " s"


def _turn(reason: Reason, language: Language) -> str:
    say = speaker(language)
    waited = seconds(reason.waited_seconds, language)
    after = say(f"через {waited} ожидания", f"after {waited} of waiting")
    match reason.rule:
        case "starving":
            return say(
                f"ждёт уже {waited}: больше никого нельзя пропускать вперёд",
                f"has waited {waited}: nobody else may go before it",
            )
        case "urgent":
            return say(
                f"срочный звонок (срочность {reason.priority}), поэтому раньше своего места, {after}",
                f"urgent (priority {reason.priority}), therefore before its place, {after}",
            )
        case "preferred":
            name = reason.candidates[0].operator
            return say(
                f"прошлый разговор вёл оператор {name}, поэтому ему, {after}",
                f"{name} had the last talk with this caller, therefore has this one, {after}",
            )
        case "second_ring":
            return say(
                f"времени мало, поэтому звонит и у второго оператора, {after}",
                f"time is short, therefore it rings at a second operator, too, {after}",
            )
        case "late":
            return say(
                f"подошла очередь {after}, к сроку уже не успеть", f"its turn came {after}, too late for the target"
            )
        case _:
            return say(
                f"подошла очередь {after}, к сроку можно успеть", f"its turn came {after}, in time for the target"
            )


def _why_not_sooner(reason: Reason, language: Language) -> Iterator[str]:
    say = speaker(language)
    chosen = reason.candidates[0]
    if reason.kept_seconds:
        kept = seconds(reason.kept_seconds, language)
        yield say(
            f"место сохранено с прерванного звонка: {kept} из этого времени прошли ещё тогда",
            f"the place was kept from a call that was cut off: {kept} of that time passed then",
        )
    if reason.held_back_seconds:
        held = seconds(reason.held_back_seconds, language)
        yield say(f"до того {held} перезванивать было рано", f"for {held} it was too early to ring back")
    could_be_asked = reason.waited_seconds - max(reason.kept_seconds, reason.held_back_seconds)
    if reason.passed_by:
        yield say(
            "операторы освобождались, но сначала взяли звонки, которые ещё можно было принять в срок:"
            f" {reason.passed_by}",
            f"operators came free, but first took calls that could still be answered in time: {reason.passed_by}",
        )
    elif chosen.idle_seconds + _AT_ONCE_SECONDS < could_be_asked and reason.rule != "preferred":
        yield say(
            "раньше никого, кого можно спросить, свободного не было", "nobody who may be asked was free any sooner"
        )
    elif reason.level > 1 and reason.opens_after_seconds:
        after, others = seconds(reason.opens_after_seconds, language), reason.level >= OTHER_QUEUE_LEVEL
        who = "операторов других очередей" if others else f"операторов уровня {reason.level}"
        whom = "operators of other queues" if others else f"operators of level {reason.level}"
        yield say(
            f"поиск расширен до уровня {reason.open_levels}: {who} спрашивают через {after} ожидания",
            f"the search was widened to level {reason.open_levels}: {whom} are asked after {after} of waiting",
        )
    if reason.awaited:
        yield say(
            f"напрасно ждали, что освободится {reason.awaited}: прошлый разговор был там",
            f"waited in vain for {reason.awaited}, who had the last talk with this caller",
        )
    if reason.not_again:
        names = ", ".join(reason.not_again)
        yield say(
            f"пока не предлагается тем, кто только что не взял звонок или передал его: {names}",
            f"not offered for now to those who have just not taken it or passed it on: {names}",
        )


def _lent(reason: Reason, say: Say) -> str:
    if not reason.lent_by:
        return ""
    if reason.lent_by == "rule":
        return say(", временно на этой теме из-за её очереди", ", lent to this topic because of its queue")
    return say(f", временно на этой теме по слову {reason.lent_by}", f", put on this topic by {reason.lent_by}")


def _passed_over(other: Candidate, chosen: Candidate, language: Language) -> str:
    say = speaker(language)
    if other.level > chosen.level:
        return say(f"уровень {other.level}", f"level {other.level}")
    if other.level < chosen.level or (other.scarcity, -other.idle_seconds) < (chosen.scarcity, -chosen.idle_seconds):
        return say("сейчас не для этого звонка", "not for this call now")
    if other.scarcity > chosen.scarcity:
        return say("нужнее для более редких навыков", "needed more for rarer skills")
    idle = seconds(other.idle_seconds, language)
    return say(f"свободное время короче ({idle})", f"free for a shorter time ({idle})")
