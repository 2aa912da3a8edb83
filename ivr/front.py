"""The web interface of a running controller: its parts, handed to the pages that show and move them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.applications import Starlette

from ivr.app import Controller
from ivr.call.events import CallId
from ivr.call.listening_in import Mode
from ivr.clock import SystemClock
from ivr.errors import AsteriskUnavailable
from ivr.hotline import Hotline
from ivr.journal.reader import JournalReader
from ivr.queue.store import QueueStore
from ivr.routing.policy import Policy
from ivr.routing.supervision import Supervision
from ivr.speech.topic_file import Topic, read_topics
from ivr.status import StatusReport, planned_queues
from ivr.web.access import Access
from ivr.web.accounts import Accounts
from ivr.web.acts import Acts
from ivr.web.board import Board
from ivr.web.caller.surface import CallerSurface
from ivr.web.console.state import Console
from ivr.web.console.surface import ConsoleSurface
from ivr.web.live import Feed
from ivr.web.metrics import Levels, Metrics
from ivr.web.notices import NoticesApi
from ivr.web.requests import Requests
from ivr.web.server import build
from ivr.web.studio import Studio
from ivr.web.supervisor import Supervisor


def web_application(hotline: Hotline, controller: Controller, policy: Policy) -> Starlette:
    """What the controller serves to browsers and to the commands of this machine."""
    report = StatusReport(controller, hotline.accounts, hotline.settings.speech.model.name)
    feed = Feed(report.take)
    ledger = controller.ledger
    ledger.followers.append(lambda *_: feed.changed())

    def levels() -> Levels:
        health = ledger.journal.health()
        return {
            "journal_backlog": ("Records that wait for the store", health.waiting + health.spooled),
            "requests_open": ("Requests that are not done", ledger.clerk.standing.open),
            "requests_late": ("Of them past a deadline", ledger.clerk.standing.late),
            "tasks": ("Tasks of the controller's event loop", len(asyncio.all_tasks())),
            "speech_places_free": ("Callers who could be heard beside those who are", controller.speech.free),
        }

    accounts = Accounts(controller.redis, controller.keyring, SystemClock(), ledger.audit)
    access = Access(
        accounts,
        ledger.audit,
        controller.floor.in_hand,
        machine_token=hotline.machine_token,
        metrics_token=hotline.metrics_token,
        secure=hotline.encryption is not None,
    )
    board = Board(
        report.take,
        ledger.reader.read,
        JournalReader(controller.redis, controller.keyring, reveal=True).read,
        feed,
        lambda: ledger.today,
    )

    def listen(call: CallId, supervisor: str, telephone: str, mode: Mode) -> bool:
        account = controller.softphones.telephone(telephone) if telephone else controller.headsets.of(supervisor)
        return controller.switchboard.listen_in(call, supervisor, account, mode)

    async def lend_headset(supervisor: str) -> tuple[str, str]:
        if not controller.line.connected:
            raise AsteriskUnavailable("the telephony is away")
        return await controller.headsets.lend(supervisor)

    supervision = Supervision(QueueStore(controller.redis), SystemClock(), policy)
    acts = Acts(
        supervision,
        lambda: controller.router.view,
        ledger.audit,
        ledger.incidents,
        queues=lambda: planned_queues(controller.plans) | set(controller.router.view.queues),
        titles={account.name: account.full_name for account in hotline.accounts},
        listen=listen,
        headset=controller.headsets.of,
        notices=controller.notices,
        sayable=lambda: controller.sayable,
        tell=lambda call, kind, facts: ledger.record(call, kind, data=facts),
        drain=controller.draining.wish,
    )
    titles = {topic.id: topic.title for topic in topics_of(hotline)}
    console = Console(controller, hotline.accounts, titles, tuple(hotline.settings.outside), hotline.settings.results)
    telephone_address = f"ws://{hotline.asterisk_address.removeprefix('http://')}/ws"
    callers = CallerSurface(
        controller, titles, telephone_address, SystemClock(), an_hour=hotline.settings.web_calls.an_hour
    )
    return build(
        board,
        report.take,
        access=access,
        operators=hotline.accounts,
        surfaces=(
            ConsoleSurface(console, hotline.browser_telephones),
            Supervisor(
                acts,
                report.take,
                supervision.audit,
                controller.notices,
                lambda: controller.sayable,
                lend_headset,
                hotline.browser_telephones,
            ),
            Metrics(ledger.meters, report.take, levels),
            NoticesApi(controller.notices, lambda: controller.sayable),
            Requests(
                ledger.requests,
                ledger.clerk,
                ledger.audit,
                hotline.accounts,
                SystemClock().wall,
            ),
            Studio(hotline.home, controller.live, ledger.audit),
            *([callers] if hotline.settings.visitors else []),
        ),
        vendor=hotline.home.var / "vendor",
        connect=hotline.browser_telephones,
        hosts=hotline.web_names,
    )


def topics_of(hotline: Hotline) -> Sequence[Topic]:
    """The topics as their file names them now."""
    file = hotline.home.dialplans / "topics.yaml"
    return read_topics(file.read_text(encoding="utf-8"), str(file))[0]
