"""How soon an operator without a wrap-up has the next call, on a quiet hotline: from the operator's own hang-up."""

from __future__ import annotations

from typing import Any

from bench.offers import offer_latency


async def measure() -> dict[str, Any]:
    """Includes what Asterisk takes to tell of the hang-up, which the other benches of offers begin after."""
    return await offer_latency(waiting=3, samples=200, wanted_ms=10.0, wrap_up_seconds=0.0)
