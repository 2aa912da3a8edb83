"""The verbs of the language, one a file."""

from __future__ import annotations

from ivr.dialplan.step import Step
from ivr.dialplan.steps.ask import Ask
from ivr.dialplan.steps.decide import Decide
from ivr.dialplan.steps.go import GoTo
from ivr.dialplan.steps.hang_up import HangUpStep
from ivr.dialplan.steps.language import SpeakLanguage
from ivr.dialplan.steps.queue import QueueStep
from ivr.dialplan.steps.say import Say
from ivr.dialplan.steps.set import SetVariables

VERBS: dict[str, type[Step]] = {
    verb.verb: verb for verb in (Say, Ask, Decide, SetVariables, SpeakLanguage, QueueStep, GoTo, HangUpStep)
}
