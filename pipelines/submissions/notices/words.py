"""Write the text of a notice in one person's language: a title, sentences, a list, a link.

A mail may be read by anyone on its way, so it never has figures, findings or comments, only what happened to which
return and where to read more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.core.clock import parse_time
from pipelines.core.i18n import many, mark, tell
from pipelines.core.i18n.periods import format_period
from pipelines.submissions.notices import quarter_words
from pipelines.submissions.notices.runs import DIED, TRIGGERS
from pipelines.submissions.timetable.names import instrument_name, jurisdiction_name, note_of, office_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.declarations.registry import Registry
    from pipelines.submissions.notices.queue import Notice

RETURN_PAGE = "/answer?id={id}"
_TITLE = {
    "receipt": mark("Received: {return_}"),
    "to_approve": mark("To approve: {return_}"),
    "returned": mark("Given back: {return_}"),
    "approved": mark("Approved: {return_}"),
    "withdrawn": mark("Withdrawn: {return_}"),
    "to_withdraw": mark("A withdrawal has been requested: {return_}"),
    "override": mark("Approved by the steward: {return_}"),
}
_TEXT = {
    "receipt": mark(
        "Your return has been sent. A second person of your office now approves it. The receipt is in the portal."
    ),
    "to_approve": mark("A return of your office has been sent and waits for your approval."),
    "returned": mark(
        "Your return was given back with a comment. Read the comment in the portal, correct the return and send it "
        "again."
    ),
    "approved": mark("Your return was approved. It counts from now on."),
    "withdrawn": mark("This return was withdrawn and does not count any more. The reason is in the portal."),
    "to_withdraw": mark(
        "A colleague asks to withdraw this accepted return. It counts until a second person withdraws it; the reason "
        "is in the portal."
    ),
    "override": mark("A steward approved this return on behalf of your office. The reason is in the portal."),
}
_ACCOUNT_TITLE = {
    "created": mark("Your account is ready"),
    "reset": mark("Your password was reset"),
    "attempts": mark("Wrong passwords were tried for your account"),
    # Kept for old notices: accounts cannot be locked any more.
    "locked": mark("Your account is locked for a while"),
}
_ACCOUNT_TEXT = {
    "created": mark(
        "An account was made for you: {account}. The steward will give you your first password. You choose your own "
        "when you first sign in."
    ),
    "reset": mark(
        "The password of your account {account} was reset. The steward will give you the new one. You choose your "
        "own when you next sign in. If you did not ask for this, contact the steward."
    ),
    "attempts": mark(
        "For your account {account}, {failed} wrong passwords in a row were tried. It is not locked; you can sign "
        "in as usual. If it was not you, contact the steward."
    ),
    "locked": mark(
        "Your account {account} is locked until {until} after several wrong passwords. If it was not you, contact "
        "the steward."
    ),
}
_RELEASE_TITLE = {
    "published": mark("Release {release} is published"),
    "corrected": mark("Figures in release {release} were wrong"),
    "rolled_back": mark("Release {release} is current again"),
}
_RELEASE_TEXT = {
    "published": mark(
        "The new figures are on the public pages, with a list of what has changed. To stop these messages, open your "
        "account."
    ),
    "corrected": mark(
        "The release calendar on the public pages says which figures they are. To stop these messages, open your "
        "account."
    ),
    "rolled_back": mark(
        "The release calendar on the public pages says why. To stop these messages, open your account."
    ),
}
_RUN_TEXT = {
    # The key is True if the process of the run died.
    True: mark(
        "Run {run} was interrupted: its process no longer exists. Nothing is lost; the next run starts over. If this "
        "happens again, read the logs of the service."
    ),
    False: mark("Run {run} stopped at {step} ({cause}). Published figures are not affected."),
}
_REMEDY = {
    # The keys are those of `pipelines.runs.remedies`.
    "disk": mark("Free space on the disk, then start `rti refresh`."),
    "memory": mark(
        "The memory of the computer was not enough. End other programs or use a larger computer, then start "
        "`rti refresh`."
    ),
    "clock": mark("Set the clock of the computer right, then start `rti refresh`."),
    "damaged": mark(
        "Stored files differ from what was approved. `rti doctor` names them. Restore them from a backup, then start "
        "`rti refresh`."
    ),
    "database": mark("The database of the ledger did not answer. Start it, then start `rti refresh`."),
    "busy": mark("Another command was changing the home. You need not do anything; the next run takes in what is new."),
    "read": mark("Read the run's page in Dagster, remove the cause, then start `rti refresh`."),
}
_TRIGGER_TEXT = {
    # The key is True if nothing evaluates the sensors.
    True: mark(
        "Since {since} UTC Dagster has evaluated no sensor, so no refresh, reminder or release starts by itself. "
        "Nothing is lost. Read the log of the Dagster daemon, remove the cause, and start `rti serve` again."
    ),
    False: mark(
        "Since {since} UTC these sensors and schedules have failed at every evaluation ({cause}) and start nothing: "
        "{names}. Nothing is lost; what is due is done when they work again."
    ),
}
_TRIGGER_REMEDY = {
    # The keys are those of `pipelines.runs.remedies`.
    "disk": mark("Free space on the disk."),
    "memory": mark("The memory of the computer is not enough. End other programs or use a larger computer."),
    "clock": mark("Set the clock of the computer right."),
    "damaged": mark("`rti doctor` names what is damaged. Restore it from a backup."),
    "database": mark("Start the database of the ledger."),
    "busy": mark("Another command has held the home for a long time. `rti doctor` names it."),
    "read": mark("Read the page of the sensor or schedule in Dagster, and remove the cause."),
}
_PUBLISH_TEXT = mark(
    "Release {release} was approved for its announced minute, but it could not be published ({cause}). Earlier "
    "releases are not affected. The release desk shows what is open, and `rti doctor` examines the computer. Then run "
    "`rti publish`."
)


@dataclass(frozen=True, slots=True)
class Letter:
    """The text of a notice. `notes` are footnotes of names; `link` is the address for more information."""

    title: str
    text: tuple[str, ...]
    items: tuple[str, ...]
    link: str
    notes: tuple[str, ...]
    closing: str
    language: str


def write_letter(notice: Notice, registry: Registry, portal: str, *, demonstration: bool) -> Letter:
    """Return the text of a notice in the language of its account."""
    language, content = notice.language, notice.content
    page = "/"
    items: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    if notice.kind == "reminder":
        title, text = _reminder_words(content, language)
        items = tuple(_describe_item(item, registry, language) for item in content["items"])
        notes = _list_footnotes({item["territory"] for item in content["items"]}, registry, language)
    elif notice.kind == "account":
        news = content["what"]
        title = tell(_ACCOUNT_TITLE[news], language)
        text = tell(_ACCOUNT_TEXT[news], language, **{"until": "", **content, "account": notice.account_id})
    elif notice.kind == "run_failed" and content["job"] == "publish":
        title = tell("Release {release} was not published at its minute", language, release=content["step"])
        text = tell(_PUBLISH_TEXT, language, release=content["step"], cause=content["cause"])
        page = "/release-desk"
    elif notice.kind == "run_failed" and content["job"] == TRIGGERS:
        title = tell("The program no longer starts its work by itself", language)
        text = _describe_failing_triggers(content, language)
    elif notice.kind == "run_failed":
        title = tell("A run of the pipeline failed: {job}", language, job=content["job"])
        text = _describe_failed_run(content, registry, language)
        notes = _list_footnotes(set(content.get("territory", "").split()), registry, language)
    elif notice.kind == "release":
        title = tell(_RELEASE_TITLE[content["what"]], language, release=content["release"])
        text = tell(_RELEASE_TEXT[content["what"]], language)
        page = "/account"
    elif notice.kind == "quarter":
        title, text = quarter_words.write_title(content, language), quarter_words.write_text(content, language)
        page = quarter_words.PAGES[content["what"]]
        items = tuple(_describe_item(item, registry, language) for item in content["items"])
        notes = _list_footnotes({item["territory"] for item in content["items"]}, registry, language)
    else:
        title = tell(_TITLE[notice.kind], language, return_=_describe_return(content, registry, language))
        text = tell(_TEXT[notice.kind], language)
        page = RETURN_PAGE.format(id=content["submission_id"])
        items = (tell("Submission {id}", language, id=content["submission_id"]),)
        notes = _list_footnotes({str(content["jurisdiction"] or "").partition("_")[0]}, registry, language)
    if demonstration:
        title = tell("Demonstration: {title}", language, title=title)
    return Letter(
        title=title,
        text=(tell("Dear {name},", language, name=notice.name), text),
        items=items,
        link=portal.rstrip("/") + page,
        notes=notes,
        closing=tell("This is an automatic message. Replies to it are not read.", language),
        language=language,
    )


def _describe_return(content: Mapping[str, Any], registry: Registry, language: str) -> str:
    parts = (
        jurisdiction_name(registry, content["jurisdiction"], language) if content["jurisdiction"] else "",
        instrument_name(content["instrument"], language) if content["instrument"] else "",
        _describe_periods(content["periods"], language),
    )
    return ", ".join(part for part in parts if part)


def _describe_periods(periods: list[str], language: str) -> str:
    names = [format_period(period, language) for period in periods]
    return ", ".join(names) if len(names) <= 4 else f"{names[0]}–{names[-1]}"


def _describe_failed_run(content: Mapping[str, Any], registry: Registry, language: str) -> str:
    """Return what happened, to which territory, and what to do."""
    facts = {"run": content["run_id"], "step": content["step"] or "–", "cause": content["cause"]}
    if content["cause"] == DIED:
        return tell(_RUN_TEXT[True], language, **facts)
    areas = ", ".join(
        jurisdiction_name(registry, territory, language) for territory in content.get("territory", "").split()
    )
    concerned = (
        tell("It concerns {areas}.", language, areas=areas) if areas else tell("It concerns all territories.", language)
    )
    remedy = tell(_REMEDY[content.get("remedy", "read")], language)
    return " ".join((tell(_RUN_TEXT[False], language, **facts), concerned, remedy))


def _describe_failing_triggers(content: Mapping[str, Any], language: str) -> str:
    """Return which sensors and schedules fail, and what to do."""
    names = content["names"].split()
    facts = {"since": f"{parse_time(content['since']):%Y-%m-%d %H:%M}", "cause": content["cause"]}
    text = tell(_TRIGGER_TEXT[not names], language, **facts, names=", ".join(names))
    return " ".join((text, tell(_TRIGGER_REMEDY[content["remedy"]], language))) if names else text


def _reminder_words(content: Mapping[str, Any], language: str) -> tuple[str, str]:
    items = content["items"]
    late = sum(item["day"] > 0 for item in items)
    if late == 0:
        return (
            many("{n} return is due soon", "{n} returns are due soon", len(items), language),
            tell("These returns of your office are due soon and have not been sent:", language),
        )
    if late == len(items):
        return (
            many("{n} return is overdue", "{n} returns are overdue", len(items), language),
            tell("The deadline of these returns of your office has passed, and they have not been sent:", language),
        )
    return (
        many("{n} return is due or overdue", "{n} returns are due or overdue", len(items), language),
        tell("These returns of your office are due soon or overdue and have not been sent:", language),
    )


def _describe_item(item: Mapping[str, Any], registry: Registry, language: str) -> str:
    params = {
        "office": office_name(registry, item["source"], language),
        "instrument": instrument_name(item["instrument"], language),
        "period": item["period"],
        "due": item["due"],
    }
    if item["day"] > 0:
        return tell("{office}, {instrument}, {period}: was due on {due}", language, **params)
    return tell("{office}, {instrument}, {period}: due on {due}", language, **params)


def _list_footnotes(territories: set[str], registry: Registry, language: str) -> tuple[str, ...]:
    notes = (note_of(registry, code, language) for code in sorted(territories))
    return tuple(note for note in notes if note)
