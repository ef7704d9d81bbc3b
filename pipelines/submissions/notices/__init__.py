"""Notices to people about their returns and accounts, by mail or webhook.

`enqueue_notice` and `on_events` write a row in the transaction of the event. `deliver_notices` sends it later, outside
a transaction,
so that a mail server that is down delays nobody and unsent notices are retried.
"""

from pipelines.submissions.notices.delivery import DeliveryError, DeliveryOutcome, deliver_notices, open_mail_channel
from pipelines.submissions.notices.events import on_account, on_events
from pipelines.submissions.notices.mail import Addressed, AddressError
from pipelines.submissions.notices.queue import KINDS, Kind, Notice, enqueue_notice, list_notices, notice_id
from pipelines.submissions.notices.reminders import DAYS, enqueue_reminders
from pipelines.submissions.notices.runs import on_failed_run, on_failing_triggers
from pipelines.submissions.notices.settings import DeliverySettings, NoticeSettingsError, read_notice_settings

__all__ = [
    "DAYS",
    "KINDS",
    "AddressError",
    "Addressed",
    "DeliveryError",
    "DeliveryOutcome",
    "DeliverySettings",
    "Kind",
    "Notice",
    "NoticeSettingsError",
    "deliver_notices",
    "enqueue_notice",
    "enqueue_reminders",
    "list_notices",
    "notice_id",
    "on_account",
    "on_events",
    "on_failed_run",
    "on_failing_triggers",
    "open_mail_channel",
    "read_notice_settings",
]
