"""Hold back notices that can wait until the morning: quiet hours such as `21-6`, by the clock of the region."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pipelines.core.settings import QUIET_HOURS

if TYPE_CHECKING:
    from pipelines.submissions.notices.queue import Notice

ZONE = ZoneInfo("Europe/Belgrade")
"""All seven territories have this time."""
_CAN_WAIT = ("reminder", "run_failed", "release", "quarter")
"""Kinds of notices that answer nobody's own act."""


def is_held_back(notice: Notice, now: datetime, hours: str | None) -> bool:
    """Return True if a notice waits for the end of the quiet hours. A release that missed its minute does not wait."""
    if hours is None or notice.kind not in _CAN_WAIT or notice.content.get("job") == "publish":
        return False
    return is_quiet(now, hours)


def is_quiet(now: datetime, hours: str) -> bool:
    """Return True in the quiet hours: from the first hour to before the second, also over midnight."""
    if re.match(QUIET_HOURS, hours) is None:
        raise ValueError(f"{hours!r} are not quiet hours; write them as in 21-6")
    begin, end = (int(hour) for hour in hours.split("-"))
    hour = now.astimezone(ZONE).hour
    return begin <= hour < end if begin <= end else hour >= begin or hour < end
