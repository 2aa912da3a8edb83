"""The verbs of the language, one a file."""

from __future__ import annotations

from ivr.dialplan.step import Step
from ivr.dialplan.steps.ask import Ask
from ivr.dialplan.steps.call import CallPlan
from ivr.dialplan.steps.collect import Collect
from ivr.dialplan.steps.consent import Consent
from ivr.dialplan.steps.decide import Decide
from ivr.dialplan.steps.give_back import GiveBack
from ivr.dialplan.steps.go import GoTo
from ivr.dialplan.steps.hang_up import HangUpStep
from ivr.dialplan.steps.language import SpeakLanguage
from ivr.dialplan.steps.look_up import LookUpStep
from ivr.dialplan.steps.notices import Notices
from ivr.dialplan.steps.queue import QueueStep
from ivr.dialplan.steps.rate import Rate
from ivr.dialplan.steps.record import Record
from ivr.dialplan.steps.say import Say
from ivr.dialplan.steps.set import SetVariables
from ivr.dialplan.steps.topic import SetTopic
from ivr.dialplan.steps.transfer import Transfer

_ALL = (
    Say,
    Notices,
    Ask,
    Collect,
    Rate,
    Consent,
    Record,
    Decide,
    SetVariables,
    SpeakLanguage,
    SetTopic,
    QueueStep,
    Transfer,
    LookUpStep,
    CallPlan,
    GiveBack,
    GoTo,
    HangUpStep,
)
VERBS: dict[str, type[Step]] = {verb.verb: verb for verb in _ALL}
