"""Give each page its context: the person, the language, and the words for territories, offices and forms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dashboards.office import words
from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import SOURCE_LANGUAGE, html_lang, many, tell
from pipelines.design.components import Markup, Part, join_parts, render_badge
from pipelines.words.areas import FOOTNOTE_MARKS, assign_footnote_marks, mark_mention

if TYPE_CHECKING:
    from starlette.requests import Request

    from pipelines.ledger.identity import Identity
    from pipelines.submissions.service import Desk, SubmissionEntry
    from pipelines.web.sign_in.sessions import Session


@dataclass(frozen=True)
class PageContext:
    """Context of one request: the desk, the person, the language, and the names shown that have a footnote.

    `notes` are the marks of these footnotes, by territory.
    `foreign_names` are the names of offices and forms that it returned in another language, with that language.
    `person_names` are the names of people, by account, that it has looked up for this page.
    On the practice page `desk` and `who` are those of the practice home; `session` is always the person's own.
    """

    desk: Desk
    who: Identity
    language: str
    request: Request
    session: Session
    notes: dict[str, str] = field(default_factory=dict)
    foreign_names: dict[str, str] = field(default_factory=dict)
    person_names: dict[str, str] = field(default_factory=dict)

    def tell(self, text: str, /, **params: object) -> str:
        """Return a sentence in the person's language."""
        return tell(text, self.language, **params)

    def many(self, one: str, other: str, n: int, /, **params: object) -> str:
        """Return a sentence that depends on a number, in the person's language."""
        return many(one, other, n, self.language, **params)

    def code_label(self, codelist: str, code: str) -> str:
        """Return the label of a code in the person's language."""
        return words.label_of(codelist, code, self.language)

    def area_name(self, code: str) -> str:
        """Return the name of a territory or part of one; its footnote is shown at the end of the page."""
        from pipelines.submissions.timetable.names import jurisdiction_name

        return jurisdiction_name(self.desk.registry, code, self.language) + self.footnote_mark(code)

    def office_name(self, source: str, territory: str) -> str:
        """Return the name of an office with that of its territory."""
        from pipelines.submissions.timetable.names import find_office_name, is_in_language, office_name

        name = find_office_name(self.desk.registry, source, self.language)
        if name is not None and not is_in_language(name, self.language):
            self.foreign_names[name.name] = html_lang(name.language)
        return office_name(self.desk.registry, source, self.language) + self.footnote_mark(territory)

    def footnote_mark(self, code: str) -> str:
        """Return the mark of the footnote of a territory's name, the same on every page; empty if it has none.

        The page then ends with that footnote and with those of the territories that its declared texts mention.
        """
        registry, territory = self.desk.registry, code.partition("_")[0]
        declared = registry.territories.get(territory)
        for mentioned in declared.mentions if declared is not None else ():
            self._add_footnote(mentioned)
        return self._add_footnote(territory)

    def _add_footnote(self, territory: str) -> str:
        from pipelines.submissions.timetable.names import jurisdiction_name, note_of

        registry = self.desk.registry
        ordered = sorted(registry.territories, key=lambda code: jurisdiction_name(registry, code, SOURCE_LANGUAGE))
        marks = assign_footnote_marks(code for code in ordered if note_of(registry, code, self.language))
        if territory in marks:
            self.notes[territory] = marks[territory]
        return marks.get(territory, "")

    def list_footnotes(self) -> list[tuple[str, str]]:
        """Return the footnotes of the names that were shown, as pairs of mark and text, in the order of their marks."""
        from pipelines.submissions.timetable.names import note_of

        marked = sorted(self.notes.items(), key=lambda item: FOOTNOTE_MARKS.index(item[1]))
        notes = [(mark, territory, note_of(self.desk.registry, territory, self.language)) for territory, mark in marked]
        return [(mark, self.mark_mentions(note, territory)) for mark, territory, note in notes if note]

    def mark_mentions(self, text: str, territory: str) -> str:
        """Return a declared text about a territory in which the others that it names have the marks of their
        footnotes."""
        from pipelines.submissions.timetable.names import jurisdiction_name

        registry = self.desk.registry
        declared = registry.territories.get(territory)
        for mentioned in declared.mentions if declared is not None else ():
            mark, unmarked = self._add_footnote(mentioned), text
            for language in (self.language, SOURCE_LANGUAGE):  # some declared texts are in English on every page
                if text == unmarked:
                    text = mark_mention(text, jurisdiction_name(registry, mentioned, language), mark)
        return text

    def name_person(self, account: str) -> str:
        """Return who did something: the name with the account, the colleague of practice, or the system.

        Of a person of another territory only the account is shown (`permissions.can_know_name`).
        """
        from pipelines.ledger.identity import SYSTEM
        from pipelines.submissions.service.practice import COLLEAGUE

        names = {SYSTEM: words.SYSTEM, COLLEAGUE: words.COLLEAGUE}
        if account in names:
            return self.tell(names[account])  # marked in words
        if account not in self.person_names:
            self.person_names[account] = self._find_person_name(account)
        return self.person_names[account]

    def _find_person_name(self, account: str) -> str:
        from pipelines.ledger.permissions import can_know_name
        from pipelines.submissions.accounts import accounts

        person = accounts.find_account(self.desk.engine, account)
        if person is None or not can_know_name(self.who, account, person.grants):
            return account
        return f"{person.display_name} ({account})" if person.display_name != account else account

    def form_name(self, form: str | None) -> str:
        """Return the everyday name of a form."""
        from pipelines.declarations.form_titles import form_title

        declared = self.desk.registry.forms.get(form) if form else None
        if declared is None:
            return form or ""
        title = form_title(declared, self.language)
        if title == declared.title and self.language != SOURCE_LANGUAGE:
            self.foreign_names[title] = SOURCE_LANGUAGE
        return f"{title} ({declared.id})"

    def own_form_title(self, form: str | None) -> Part:
        """Return how its office calls a form, marked with its language; empty if the person reads that anyway."""
        from pipelines.declarations.form_titles import find_own_title

        declared = self.desk.registry.forms.get(form) if form else None
        title = find_own_title(declared, self.language) if declared is not None else ""
        if declared is None or not title:
            return ""
        return Markup('<span lang="{}">{}</span>').format(html_lang(declared.language), title)

    def describe_form(self, form: str | None) -> Part:
        """Return the name of a form for a list of facts, and on a line of its own how its office calls it."""
        return Markup("<br>").join(filter(None, (self.mark_names(self.form_name(form)), self.own_form_title(form))))

    def form_options(self, forms: Iterable[str]) -> list[tuple[str, str, str]]:
        """Return forms with their names, and the language of each name, as options of a form."""
        titles = [(code, self.form_name(code)) for code in forms]
        return [(code, name, self.foreign_names.get(name.rpartition(" (")[0], "")) for code, name in titles]

    def mark_names(self, text: str) -> Part:
        """Return a text in which the names of offices and forms in another language are marked with that language."""
        foreign = [name for name in self.foreign_names if name in text]
        if not foreign:
            return text
        longest_first = sorted(foreign, key=len, reverse=True)
        pieces = re.split(f"({'|'.join(map(re.escape, longest_first))})", text)
        marked = (
            Markup('<span lang="{}">{}</span>').format(self.foreign_names[piece], piece)
            if piece in self.foreign_names
            else piece
            for piece in pieces
        )
        return join_parts(marked)

    def list_options(self, codelist: str) -> list[tuple[str, str]]:
        """Return the codes of a list with their labels, as options of a form."""
        from pipelines.core import codes

        return [(code, self.code_label(codelist, code)) for code in codes.list_codes(codelist)]

    def state_badge(self, code: str) -> Markup:
        """Return the state of a submission as a badge."""
        return render_badge(*words.describe_state(code, self.language))

    def severity_badge(self, code: str) -> Markup:
        """Return the severity of a finding as a badge."""
        return render_badge(*words.describe_severity(code, self.language))

    def describe_offices(self) -> str:
        """Return the offices that the person works with, in one line; never those of practice."""
        places = list(dict.fromkeys(jurisdiction for jurisdiction, _ in self.session.identity.list_pairs()))
        if "*" in places:
            return self.tell("all territories")
        names = [self.area_name(place) for place in places[:3]]
        if (unlisted := len(places) - len(names)) > 0:
            names.append(self.many("{n} more", "{n} more", unlisted))
        return ", ".join(names) or self.tell("no office yet")

    def describe_submission(self, entry: SubmissionEntry) -> str:
        """Describe in one line what a submission reports: office, instrument, periods; the file name if it was not
        recognised."""
        blocks = entry.blocks
        if not blocks:
            return entry.row.filename
        places = ", ".join(dict.fromkeys(self.area_name(block.jurisdiction) for block in blocks))
        instruments = ", ".join(dict.fromkeys(self.code_label("instrument", block.instrument) for block in blocks))
        return f"{places}: {instruments}, {words.format_periods((b.period for b in blocks), self.language)}"

    def localize_error(self, error: Exception) -> str:
        """Return the text of an error of the desk in the person's language."""
        localize = getattr(error, "localize_message", None)
        return str(localize(self.language)) if localize is not None else str(error)

    def describe_form_error(self, error: Exception, fields: Mapping[str, str] | None = None) -> tuple[str, str]:
        """Return the text of an error and the id of its field on the page, empty if it is about no field.

        `fields` are the ids of inputs that have another id than their name.
        """
        field = error.field if isinstance(error, UserFacingError) else ""
        return self.localize_error(error), (fields or {}).get(field, field)

    @property
    def address(self) -> str:
        """Return the address of the page that is shown; that of an act has no query."""
        url = self.request.url
        return f"{url.path}?{url.query}" if url.query and self.request.method == "GET" else url.path

    @property
    def is_demonstration(self) -> bool:
        """Return True if everything in this home is invented."""
        return self.desk.home.kind == "demonstration"
