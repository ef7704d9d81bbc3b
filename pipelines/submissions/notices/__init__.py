"""Notices to people about their returns and accounts, by mail or webhook.

`enqueue` and `on_events` write a row in the transaction of the event. `deliver` sends it later, outside a transaction,
so that a mail server that is down delays nobody and unsent notices are retried.
"""

from pipelines.submissions.notices.delivery import Delivered, deliver
from pipelines.submissions.notices.events import on_account, on_events
from pipelines.submissions.notices.queue import KINDS, Kind, Notice, enqueue, listed, notice_id
from pipelines.submissions.notices.reminders import DAYS, remind
from pipelines.submissions.notices.runs import on_failed_run
from pipelines.submissions.notices.settings import NoticeSettingsError, Settings, settings

__all__ = [
    "DAYS",
    "KINDS",
    "Delivered",
    "Kind",
    "Notice",
    "NoticeSettingsError",
    "Settings",
    "deliver",
    "enqueue",
    "listed",
    "notice_id",
    "on_account",
    "on_events",
    "on_failed_run",
    "remind",
    "settings",
]
