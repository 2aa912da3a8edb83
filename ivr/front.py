"""The web interface of a running controller: its parts, handed to the pages that show and move them."""

from __future__ import annotations

from starlette.applications import Starlette

from ivr.app import Controller
from ivr.clock import SystemClock
from ivr.hotline import Hotline
from ivr.journal.reader import JournalReader
from ivr.status import StatusReport
from ivr.web.access import Access
from ivr.web.accounts import Accounts
from ivr.web.live import Feed
from ivr.web.notices import NoticesApi
from ivr.web.server import LOOPBACK_NAMES, build


def web_application(hotline: Hotline, controller: Controller) -> Starlette:
    """What the controller serves to browsers and to the commands of this machine."""
    report = StatusReport(controller, hotline.accounts, hotline.settings.speech.model.name)
    feed = Feed(report.take)
    controller.on_change = feed.changed
    accounts = Accounts(controller.redis, controller.keyring, SystemClock(), controller.audit)
    access = Access(
        accounts,
        controller.audit,
        controller.router.in_hand,
        machine_token=hotline.machine_token,
        secure=hotline.encryption is not None,
    )
    return build(
        report.take,
        controller.reader.read,
        feed,
        access=access,
        reveal=JournalReader(controller.redis, controller.keyring, reveal=True).read,
        operators=hotline.accounts,
        surfaces=(NoticesApi(controller.notices, lambda: controller.sayable),),
        vendor=hotline.home.var / "vendor",
        hosts=(*LOOPBACK_NAMES, *hotline.settings.network.web_names),
    )
