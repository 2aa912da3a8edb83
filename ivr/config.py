"""Settings of one hotline: `config/ivr.yaml`, and the environment for what differs from machine to machine.

Everything that belongs to this checkout alone (ports, passwords, data) lies in `var/`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, IPvAnyAddress, ValidationError

from ivr.errors import ConfigurationInvalid, Finding
from ivr.hours import Spans

_LOOPBACK = ip_address("127.0.0.1")
_MOST_AT_HOME = 5  # callers from browsers, while only this machine can be one


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SpeechSettings(_Section):
    """Recognition of what callers say."""

    model: Path = Field(default=Path("models/ru-telephone-8k"), description="A Vosk model's directory, 8 or 16 kHz")
    workers: int = Field(default=1, ge=1, le=64, description="Worker processes; one keeps one core busy at most")
    callers_per_worker: int = Field(default=12, ge=1, le=200, description="Callers heard at once by one worker")


class RoutingSettings(_Section):
    """How calls are given to operators."""

    answer_within_seconds: float = Field(default=30.0, gt=0, description="The promise to callers")
    wrap_up_seconds: float = Field(default=5.0, ge=0, description="Rest for the operator between two calls")
    misses_before_pause: int = Field(default=2, ge=1, description="Offers left unanswered before a pause")


class CallBackSettings(_Section):
    """Whom the hotline rings back, and when."""

    numbers: tuple[str, ...] = Field(
        default=("+7",), description="How numbers begin that are rung back: a forged number must not cost us a fortune"
    )
    hours: Spans = Field(
        default=((9 * 60, 21 * 60),),
        description="09:00-21:00, by the caller's own clock, as the number's region tells it",
    )


class CallSettings(_Section):
    """Callers on the line."""

    most: int = Field(default=200, ge=1, description="Served at once; who comes then is told that all lines are busy")


class WebCallSettings(_Section):
    """Calls from the public page, by anybody who has a browser."""

    most: int | None = Field(
        default=None,
        ge=0,
        le=100,
        description="Callers from browsers at once; 0: no such page. Default: 5 while only this machine sees it",
    )
    line: str = Field(default="8 800 555-35-35", description="The line that they reach")
    an_hour: int = Field(default=10, ge=1, description="Calls that may begin at one network address within an hour")

    @property
    def dialled(self) -> str:
        """The line as a telephone dials it."""
        return "".join(character for character in self.line if character.isdigit())


class PromptSettings(_Section):
    """The hotline's own voice."""

    voices: Mapping[str, str] = Field(
        default={"ru": "anna", "en": "slt", "tt": "espeak-tt"},
        description="Language: voice. Freely licensed ones only: RHVoice's for Russian, slt, espeak-tt",
    )


class NetworkSettings(_Section):
    """Who reaches the hotline; nothing listens beyond 127.0.0.1 without a certificate."""

    telephones: IPvAnyAddress = Field(default=_LOOPBACK, description="Where operators' telephones and the trunk call")
    web: IPvAnyAddress = Field(default=_LOOPBACK, description="Where browsers come")
    web_names: tuple[str, ...] = Field(default=(), description="Names under which browsers come")
    certificate: Path | None = Field(default=None, description="PEM file with the whole chain; then all is encrypted")
    private_key: Path | None = Field(default=None, description="Its PEM file, readable by its owner only")
    sip_tls: Literal["1.2", "1.3"] = Field(default="1.3", description="1.2 for telephones that know no better")


class TrunkSettings(_Section):
    """The provider's line."""

    addresses: tuple[str, ...] = Field(
        default=("127.0.0.1",), min_length=1, description="Addresses or networks whose calls are callers'"
    )
    outgoing: str = Field(
        default="",
        pattern=r"^([A-Za-z0-9.-]+(:[0-9]{1,5})?)?$",
        description="host:port that takes our own calls; without it nobody is rung outside",
    )


class RetentionSettings(_Section):
    """How long what is kept, in days."""

    store: int = Field(default=2, ge=0, description="Closed days that stay in the store; older ones go to files")
    audit: int = Field(default=30, ge=1, description="Who looked at or changed what")
    recordings: int = Field(default=90, ge=1, description="What was recorded of calls, with their callers' consent")
    personal: int = Field(default=3 * 365, ge=1, description="Who called, what was said; afterwards nobody can read it")
    files: int = Field(default=5 * 365, ge=1, description="Records without persons, and requests")


class Settings(_Section):
    """`config/ivr.yaml` as a whole; every part may be left out."""

    speech: SpeechSettings = SpeechSettings()
    routing: RoutingSettings = RoutingSettings()
    calls: CallSettings = CallSettings()
    web_calls: WebCallSettings = WebCallSettings()
    prompts: PromptSettings = PromptSettings()
    network: NetworkSettings = NetworkSettings()
    trunk: TrunkSettings = TrunkSettings()
    retention: RetentionSettings = RetentionSettings()
    call_back: CallBackSettings = CallBackSettings()
    outside: Mapping[str, str] = Field(
        default={}, description="Outside telephones that plans and operators may pass callers to. name: number"
    )
    results: Mapping[str, tuple[str, ...]] = Field(
        default={}, description='Texts that operators may start a result with, by topic; those of "" for all topics'
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def visitors(self) -> tuple[str, ...]:
        """Accounts for callers from browsers. A page for the whole world is somebody's decision, never a default."""
        most = self.web_calls.most
        if most is None:
            most = _MOST_AT_HOME if self.network.web.is_loopback else 0
        return tuple(f"visitor-{number}" for number in range(1, most + 1))


class Home:
    """Where everything of this checkout lies. `root` holds `config/`, `dialplans/`, …; `var/` is ours to fill."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.var = root / "var"
        self.config = root / "config"
        self.dialplans = root / "dialplans"
        self.prompts = root / "prompts"
        self.logs = self.var / "log"
        self.processes = self.var / "run"

    @property
    def serving(self) -> Path:
        """The lock of the controller that serves."""
        return self.processes / "serving.lock"

    @property
    def standing_by(self) -> Path:
        """The lock of a controller that has everything loaded and waits to take over."""
        return self.processes / "standing-by.lock"

    def model(self, settings: Settings) -> Path:
        """The speech model's directory: the one that an admin added words to, else the one that is configured."""
        with_words = self.var / "models" / settings.speech.model.name
        return with_words if (with_words / "conf").is_dir() else self.root / settings.speech.model

    @classmethod
    def find(cls) -> Home:
        """`IVR_HOME` when set, else the checkout that this package was installed from."""
        named = os.environ.get("IVR_HOME")
        return cls(Path(named).resolve() if named else Path(__file__).resolve().parent.parent)


def load_settings(path: Path) -> Settings:
    """Read `config/ivr.yaml`; a missing file means defaults. `ConfigurationInvalid` holds everything wrong in it."""
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = getattr(error, "problem", None) or "not a text file"
        raise ConfigurationInvalid([Finding(str(path), line, column, "error", f"not YAML: {problem}")]) from None
    try:
        return Settings.model_validate(content or {})
    except ValidationError as error:
        raise ConfigurationInvalid(
            [
                Finding(str(path), 1, 1, "error", f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}")
                for problem in error.errors()
            ]
        ) from None
