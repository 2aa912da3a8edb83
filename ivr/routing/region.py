"""Where a telephone number is from, as far as the number tells. Pure."""

from __future__ import annotations

from functools import lru_cache

from phonenumbers import NumberParseException, parse, timezone


@lru_cache(maxsize=4096)
def zone_of(number: str) -> str:
    """The time zone (IANA name) of the number's region; "" for mobile numbers, which have none, and for no number."""
    try:
        zones = timezone.time_zones_for_number(parse(number, "RU"))
    except NumberParseException:
        return ""
    return zones[0] if len(zones) == 1 and zones[0] != timezone.UNKNOWN_TIMEZONE else ""
