"""`ivr controller`: the process that serves calls, beside Asterisk, the store and the speech workers."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from typing import Any

import structlog

from ivr.app import Controller
from ivr.clock import SystemClock
from ivr.dialplan.live import LivePlans
from ivr.dialplan.services import load_services
from ivr.front import web_application
from ivr.hotline import Hotline
from ivr.journal.logs import configure_logging
from ivr.line.outside import Outside
from ivr.prompts.build import build as build_prompts
from ivr.prompts.catalogue import Catalogue
from ivr.prompts.media import CurrentMedia
from ivr.provision.progress import Progress
from ivr.provision.setup import provide
from ivr.routing.policy import Policy
from ivr.service_manager import tell, tell_alive
from ivr.spare import standing_by, turn_to_serve
from ivr.spoken import media_of, voices_of
from ivr.supervise import interruptible
from ivr.web.serving import serve as serve_web

log = structlog.get_logger()


async def serve(hotline: Hotline) -> None:
    """Serve calls and the status page until asked to end; while another controller does, wait to take its place.

    SIGTERM leaves the calls in Asterisk for the next controller, as a kill would; Ctrl-C ends them.
    """
    settings = hotline.settings
    lines = configure_logging(settings.log_level, "json", None)
    try:
        routing = settings.routing
        policy = Policy(
            target_seconds=routing.answer_within_seconds,
            misses_allowed=routing.misses_before_pause,
            wrap_up_seconds=routing.wrap_up_seconds,
        )
        profiles = [account.profile for account in hotline.accounts]
        media = CurrentMedia(media_of(hotline))

        def prepare(catalogue: Catalogue) -> None:
            """Make the sounds of prompts that an admin has just written; in a thread, before the plans go live."""
            provisions = provide(hotline.home.var, os.environ, Progress())
            renewed = media_of(hotline, catalogue)
            build_prompts(renewed, voices_of(hotline, provisions))
            media.renew(renewed)

        live = LivePlans(hotline.home, SystemClock(), prepare)
        async with interruptible() as asked_to_end:
            with turn_to_serve(hotline.home.serving) as our_turn:
                first = our_turn.done()
                refused = await live.start(publishing=first)
                if refused is not None:
                    log.error("saved_plans_refused", findings=[str(finding) for finding in refused.findings])
                outside = Outside(bool(settings.trunk.outgoing), settings.outside, settings.call_back.numbers)
                controller = Controller(
                    hotline.wiring,
                    live,
                    media,
                    profiles,
                    policy,
                    outside=outside,
                    call_back_hours=settings.call_back.hours,
                    services=load_services(hotline.home.config / "services.yaml"),
                    most_calls=settings.calls.most,
                    visitors=settings.visitors,
                    visitors_line=settings.web_calls.dialled,
                )
                web_pages = web_application(hotline, controller, policy)
                # What the start has made stays: a collection that went through it would hold up every call for 0.1 s.
                gc.collect()
                gc.freeze()
                asked = asyncio.create_task(asked_to_end.wait())
                alive = asyncio.create_task(tell_alive())
                if not first:
                    log.info("controller_spare")
                    either: set[asyncio.Future[Any]] = {our_turn, asked}
                    with standing_by(hotline.home.standing_by):
                        tell("READY=1\nSTATUS=waits to take over")
                        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                    if asked.done():
                        return
                    if await live.catch_up():
                        media.renew(media_of(hotline, live.now.catalogue))
                async with controller.running():
                    network, encryption = settings.network, hotline.encryption
                    web = asyncio.create_task(
                        serve_web(
                            web_pages,
                            str(network.web),
                            hotline.ports.web,
                            certificate=encryption.certificate if encryption else None,
                            private_key=encryption.private_key if encryption else None,
                        )
                    )
                    log.info("controller_up", web=hotline.web_address)
                    tell("READY=1\nSTATUS=serves")
                    await asyncio.wait({web, asked}, return_when=asyncio.FIRST_COMPLETED)
                    if asked_to_end.by is signal.SIGTERM:
                        log.info("calls_left_to_another_controller")
                        await controller.leave()
                        lines.close()
                        os._exit(0)  # an orderly end would hang up: what a kill leaves behind is what is wanted here
                    for task in (asked, web, alive):
                        task.cancel()
                    await asyncio.gather(asked, web, alive, return_exceptions=True)
    finally:
        lines.close()
