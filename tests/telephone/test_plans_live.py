"""A saved plan goes live for the next call; a bad save changes nothing and says why; a rollback returns."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.dialplan.versions import Versions
from ivr.journal.privacy import Keyring
from ivr.journal.reader import JournalReader
from ivr.provision.setup import Provisions
from tests.telephone.conftest import RunningHotline, running_hotline
from tests.telephone.test_run import ivr

pytestmark = [pytest.mark.telephone, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def title(hotline: RunningHotline) -> str:
    lines = {line["number"]: line["name"] for line in (await hotline.status())["lines"]}
    return str(lines["8 (800) 555-35-35"])


async def test_saved_plans_go_live_and_come_back(provisions: Provisions, tmp_path: Path) -> None:
    async with running_hotline(tmp_path, own=("dialplans",)) as hotline:
        plan = tmp_path / "dialplans" / "federal.yaml"
        text = plan.read_text(encoding="utf-8")
        plan.write_text(text.replace("title: Федеральная линия", "title: Новая линия"), encoding="utf-8")
        await hotline.until(lambda status: any(line["name"] == "Новая линия" for line in status["lines"]))

        plan.write_text(text + "  broken: [\n", encoding="utf-8")
        async with hotline.hotline.store() as store:
            reader = JournalReader(store, Keyring.load(hotline.hotline.wiring.keys))
            await hotline.told(reader, "configuration_refused", "federal.yaml")
        assert await title(hotline) == "Новая линия"

        code, _ = await ivr(tmp_path, "rollback")
        assert code == 0
        await hotline.until(lambda status: any(line["name"] == "Федеральная линия" for line in status["lines"]))
        live = Versions(tmp_path / "var" / "versions").live()
        assert live is not None
        assert live.number == 1
