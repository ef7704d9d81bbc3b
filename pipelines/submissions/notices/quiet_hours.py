"""Hold back notices that can wait until the morning: quiet hours such as `21-6`, by the clock of the region."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.core.settings import QUIET_HOURS

ZONE = ZoneInfo("Europe/Belgrade")
"""All seven territories have this time."""
_CAN_WAIT = ("reminder", "run_failed", "release", "quarter")
"""Kinds of notices that answer nobody's own act."""


def is_held_back(kind: str, content: Mapping[str, Any], now: datetime, hours: str | None) -> bool:
    """Return True if a notice waits for the end of the quiet hours; a release that missed its minute does not."""
    if hours is None or kind not in _CAN_WAIT or content.get("job") == "publish":
        return False
    return is_quiet(now, hours)


def is_quiet(now: datetime, hours: str) -> bool:
    """Return True in the quiet hours: from the first hour to before the second, also over midnight."""
    if re.match(QUIET_HOURS, hours) is None:
        raise ValueError(f"{hours!r} are not quiet hours; write them as in 21-6")
    begin, end = (int(hour) for hour in hours.split("-"))
    hour = now.astimezone(ZONE).hour
    return begin <= hour < end if begin <= end else hour >= begin or hour < end
