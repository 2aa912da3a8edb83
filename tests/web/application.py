"""The application of a running controller, with everything that `ivr controller` gives it, but nothing running."""

from __future__ import annotations

import asyncio
from pathlib import Path

from starlette.applications import Starlette

from ivr.app import Controller
from ivr.clock import SystemClock
from ivr.config import Home
from ivr.dialplan.live import LivePlans
from ivr.front import web_application
from ivr.hotline import Hotline
from ivr.prompts.media import CurrentMedia
from ivr.routing.policy import Policy
from ivr.spoken import media_of
from tests.telephone.conftest import make_home


def plans_in(root: Path) -> LivePlans:
    """The shipped plans in force, in a home made in `root`: slow enough to be done once."""
    live = LivePlans(make_home(root), SystemClock(), lambda _: None)
    assert asyncio.run(live.start()) is None
    return live


def whole_application(root: Path, live: LivePlans) -> tuple[Starlette, Controller]:
    """Of the home in `root`; `REDIS_URL` names the store."""
    hotline, policy = Hotline(Home(root)), Policy()
    profiles = [account.profile for account in hotline.accounts]
    settings = hotline.settings
    controller = Controller(
        *(hotline.wiring, live, CurrentMedia(media_of(hotline)), profiles, policy),
        visitors=settings.visitors,
        visitors_line=settings.web_calls.dialled,
    )
    controller.visitors.complete.set()  # nobody was here before
    return web_application(hotline, controller, policy), controller
