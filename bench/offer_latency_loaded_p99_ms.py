"""How soon an operator who is free has the next call, with 200 calls waiting."""

from __future__ import annotations

from typing import Any

from bench.offers import offer_latency


async def measure() -> dict[str, Any]:
    """Every waiting call is a real one, on music, with sound in both directions."""
    return await offer_latency(waiting=201, samples=150, wanted_ms=50.0)
