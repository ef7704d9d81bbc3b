"""Explain the terms of the glossary at their first use on a page.

The explanation is a link to the glossary with a short text that shows while the link has the focus or the pointer.
Without the script of the pages the text pushes the others down, so that it hides nothing; with it, the text covers
others and Escape closes it (WCAG 1.4.13).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Final, NamedTuple

from pipelines.core.i18n import mark
from pipelines.design.components import Markup
from pipelines.words import language

TERMS: Mapping[str, tuple[str, ...]] = language.Texts(
    {
        "reported": (
            mark("Reported"),
            mark("A criminal report reached the prosecutor in the period."),
            mark("criminal report|criminal reports"),
        ),
        "investigated": (
            mark("Investigated"),
            mark("An order to investigate was issued in the period."),
            mark("investigated"),
        ),
        "indicted": (
            mark("Indicted"),
            mark("An indictment was filed with a court in the period."),
            mark("indicted|indictment|indictments"),
        ),
        "adjudicated": (
            mark("Adjudicated"),
            mark("A court decided on the charge: conviction, acquittal, rejection or discontinuance."),
            mark("adjudicated|adjudication"),
        ),
        "convicted": (
            mark("Convicted"),
            mark("A court found the person guilty."),
            mark("convicted|conviction|convictions"),
        ),
        "sentenced": (mark("Sentenced"), mark("A court imposed a sanction."), mark("sentenced")),
        "resolved": (
            mark("Resolved"),
            mark("The proceedings ended at this level, by a decision or in another way."),
            mark("resolved"),
        ),
        "first": (
            mark("First instance"),
            mark("The first decision of a court, which can still be appealed."),
            mark("first instance|first-instance"),
        ),
        "final": (
            mark("Final decision"),
            mark("A decision that can no longer be appealed."),
            mark("final decision|final decisions"),
        ),
        "interval": (
            mark("95% confidence interval"),
            mark("The range in which the underlying level probably lies, if only chance is considered."),
            mark("95% confidence interval|95% confidence intervals"),
        ),
        "presumed": (
            mark("Presumed victim"),
            mark("There are indications of trafficking. Nobody has identified the person as a victim so far."),
            mark("presumed victim|presumed victims"),
        ),
        "identified": (
            mark("Identified victim"),
            mark("The responsible authority has recognised the person as a victim."),
            mark("identified victim|identified victims"),
        ),
        "injured_party": (
            mark("Injured party"),
            mark(
                "A victim who takes part in criminal proceedings. The person was counted as presumed or identified "
                "before, so injured parties are not added to the victims."
            ),
            mark("injured party|injured parties"),
        ),
        "territory": (
            mark("Territory"),
            mark("One of the areas of the region that are compared with each other."),
            mark("territory|territories"),
        ),
        "jurisdiction": (
            mark("Jurisdiction"),
            mark("A part of a territory that reports separately."),
            mark("jurisdiction|jurisdictions"),
        ),
        "return": (
            mark("Return"),
            mark("A file in which an office reports its counts for a period."),
            mark("return|returns"),
        ),
        "nil": (
            mark("Nil return"),
            mark("A confirmation by an office that there was nothing to report."),
            mark("nil return|nil returns"),
        ),
        "provisional": (mark("Provisional"), mark("May be revised in a later release."), mark("provisional")),
        "break": (
            mark("Break in the series"),
            mark("A change of law or counting. Figures from before and after it are not comparable."),
            mark("break in the series|breaks in the series"),
        ),
        "release": (
            mark("Release"),
            mark("One public edition of all figures, which never changes."),
            mark("release|releases"),
        ),
    }
)
"""Terms of the glossary: name, explanation, and the forms in which sentences have it, separated by bars."""
_TERM: Final = Markup(
    '<span class="front-term"><a href="{page}#term-{code}" aria-describedby="{about}-{code}">{form}</a>'
    '<span class="front-about" role="tooltip" aria-hidden="true" id="{about}-{code}">{text}</span></span>'
)
"""A term with its explanation. Screen readers read the explanation only as the description of the link. Otherwise they
would read it in each cell, with the heading of the column."""
_EXPLAINED: Final = re.compile(
    r'<span class="front-term"><a [^>]*>(.*?)</a><span class="front-about"[^>]*>.*?</span></span>', re.DOTALL
)
_WITHOUT_LINKS: Final = re.compile(
    r"<(a|svg|summary|button|pre|code|caption|h1|sup|nav|script|style)\b.*?</\1>"
    r'|<span (?:class="(?:rti-hidden|rti-badge|front-badge|front-word)\b|role="img").*?</span>'
    r'|<dl class="rti-facts front-glossary">.*?</dl>',
    re.DOTALL,
)
"""Parts of a page that cannot have a link in them or that nobody sees, and the glossary itself. The title of a page has
no link, because the sentence below it says what the page shows; the caption in a table is repeated above the table."""
_FOLD: Final = re.compile(r"<(/?)details\b")
_CAPTION: Final = re.compile(r'<div class="rti-caption" aria-hidden="true">([^<]*)</div>')
"""The caption above a table, which is hidden from screen readers because the table has it as well."""
_SILENT, _SILENT_END = '<span aria-hidden="true">', "</span>"
_JOINING: Final = "-_\u2011"
"""Characters that join letters into one word, besides letters and digits."""


class _Use(NamedTuple):
    """A place where a text has a term: its start, its end, and the code of the term."""

    start: int
    end: int
    code: str


class _Located(NamedTuple):
    """Where a part of a page has terms that can be explained, folds, and captions of tables."""

    uses: Sequence[_Use]
    folds: Sequence[tuple[int, int]]
    captions: Sequence[re.Match[str]]


class Explainer:
    """Explain each term once, where a page has it first."""

    def __init__(self, page: str, about: str = "about") -> None:
        """Prepare the explanations of one page in the reader's language.

        `page` is the file of the glossary, and `about` the beginning of the ids of the explanations.
        """
        self.page, self.about = page, about
        self._unused = frozenset(TERMS)

    def explain_page(self, page: str) -> str:
        """Return a page as HTML with the terms in its main part that were not explained before.

        Captions, headings, cells and notes count as well as sentences. What is folded comes after the rest, because
        readers may never open it. The page must be one of our own templates, in which no attribute has a `>` and no
        element of `_WITHOUT_LINKS` has another of its name in it. Nothing but the explanations is added.
        """
        start, end = page.find("<main"), page.rfind("</main>")
        return page if start < 0 or end < 0 else self._explain_located(page, _locate_terms(page, start, end), self)

    def explain_part(self, part: str, folded: Explainer, *, is_folded: bool = False) -> str:
        """Return a part of a page as HTML with its terms explained, as `explain_page` does, if its parts come one by
        one.

        What comes later is not known yet. A term in a fold of this part that was not explained before is therefore
        explained there by `folded`, whose ids must be others, and again where it is seen first. `is_folded` is true
        for a part that is folded as a whole. Pages of the explorer draw the same parts after each other for each
        reader, so that a part with the same terms left to explain is composed once.
        """
        on_page, in_folds = (self.page, self.about, self._unused), (folded.page, folded.about, folded._unused)
        explained, self._unused, folded._unused = _explain_part(
            part, language.current_language(), on_page, in_folds, is_folded=is_folded
        )
        return explained

    def _explain_located(self, page: str, located: _Located, folded: Explainer, *, is_folded: bool = False) -> str:
        on_page = [] if is_folded else [use for use in located.uses if not _is_in(use.start, located.folds)]
        explained = self._explain_first(page, on_page)
        in_folds = [
            use for use in located.uses if (is_folded or _is_in(use.start, located.folds)) and use.code in self._unused
        ]
        explained += folded._explain_first(page, in_folds)
        return _insert_terms(page, explained, located.captions)

    def _explain_first(self, page: str, uses: Sequence[_Use]) -> list[tuple[_Use, str]]:
        """Return the first use of each term that was not explained before, with its explanation."""
        chosen = self._choose_first(uses)
        return [(use, str(self._explain(use.code, Markup(page[use.start : use.end])))) for use in chosen]

    def _choose_first(self, uses: Sequence[_Use]) -> list[_Use]:
        """Return the first use of each term that was not explained before."""
        first = {use.code: use for use in reversed(uses) if use.code in self._unused}
        return list(first.values())

    def _explain(self, code: str, form: Markup) -> Markup:
        self._unused -= {code}
        return _TERM.format(page=self.page, about=self.about, code=code, form=form, text=TERMS[code][1])


_State = tuple[str, str, frozenset[str]]
"""Page of the glossary, beginning of the ids, and terms that are not explained yet, of one `Explainer`."""


@lru_cache(maxsize=512)
def _explain_part(
    part: str, language_of_part: str, on_page: _State, in_folds: _State, *, is_folded: bool
) -> tuple[str, frozenset[str], frozenset[str]]:
    """Return a part of a page with its terms explained, and the terms that are left to explain on it and in folds."""
    explainer, folded = (_restore_explainer(state) for state in (on_page, in_folds))
    located = _locate_terms_of_part(part, language_of_part)
    explained = explainer._explain_located(part, located, folded, is_folded=is_folded)
    return explained, explainer._unused, folded._unused


def _restore_explainer(state: _State) -> Explainer:
    page, about, unused = state
    explainer = Explainer(page, about)
    explainer._unused = unused
    return explainer


def _locate_terms(page: str, start: int, end: int) -> _Located:
    """Return where a page has terms between two places, in the reader's language."""
    closed = [match.span() for match in _WITHOUT_LINKS.finditer(page, start, end)]
    uses = [
        use
        for use in _find_uses(page, start, end)
        if page.rfind("<", start, use.start) <= page.rfind(">", start, use.start) and not _is_in(use.start, closed)
    ]
    return _Located(uses, list(_find_folds(page, start, end)), list(_CAPTION.finditer(page, start, end)))


@lru_cache(maxsize=512)
def _locate_terms_of_part(part: str, _language: str) -> _Located:
    """Return where a part of a page has terms; pages of the explorer draw the same parts for each reader."""
    return _locate_terms(part, 0, len(part))


def _find_uses(text: str, start: int, end: int) -> list[_Use]:
    """Return the places of all terms in a part of a text; of those that overlap, the first and longest."""
    lower = _lower(text)
    matches = []
    # Searching each form alone takes a tenth of the time of one pattern with all of them.
    for form, code in _list_forms(language.current_language()):
        place = lower.find(form, start, end)
        while place >= 0:
            stop = place + len(form)
            if not _joins(lower, place - 1) and not _joins(lower, stop):
                matches.append(_Use(place, stop, code))
            place = lower.find(form, stop, end)
    uses, last = [], start
    for use in sorted(matches, key=lambda use: (use.start, -use.end)):
        if use.start >= last:
            uses.append(use)
            last = use.end
    return uses


@cache
def _list_forms(_language: str) -> tuple[tuple[str, str], ...]:
    """Return the forms of all terms in the reader's language, which is the key of the cache, with their codes."""
    return tuple((form, code) for code, (_, _, forms) in TERMS.items() for form in forms.lower().split("|"))


def _insert_terms(page: str, explained: Sequence[tuple[_Use, str]], captions: Sequence[re.Match[str]]) -> str:
    """Return a page with terms replaced by their explained forms; those in captions are read by screen readers."""
    texts_of_captions = [match.span(1) for match in captions]
    changes = []
    for use, term in explained:
        is_in_caption = _is_in(use.start, texts_of_captions)
        changes.append((use.start, use.end, f"{_SILENT_END}{term}{_SILENT}" if is_in_caption else term))
    for caption in captions:
        if any(caption.start(1) <= use.start < caption.end(1) for use, _ in explained):
            changes.append((caption.start(), caption.start(1), f'<div class="rti-caption">{_SILENT}'))
            changes.append((caption.end(1), caption.end(), f"{_SILENT_END}</div>"))
    parts, written = [], 0
    for begin, stop, replacement in sorted(changes):
        parts += [page[written:begin], replacement]
        written = stop
    return "".join([*parts, page[written:]]).replace(f"{_SILENT}{_SILENT_END}", "")


def strip_explanations(page: str) -> str:
    """Return a page, or a part of it, as HTML without the explanations of terms: for files and other sites."""
    return _EXPLAINED.sub(r"\1", page)


def _lower(text: str) -> str:
    """Return a text in lower case, with every letter in its place: a few capitals would become two letters."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _joins(text: str, place: int) -> bool:
    """Return True if the character at a place belongs to the same word as its neighbours."""
    return 0 <= place < len(text) and (text[place].isalnum() or text[place] in _JOINING)


def _find_folds(page: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of a page that are folded, without those within others."""
    depth, begin = 0, start
    for match in _FOLD.finditer(page, start, end):
        if not match[1]:
            begin = begin if depth else match.start()
            depth += 1
        else:
            depth -= 1
            if not depth:
                yield begin, match.end()


def _is_in(place: int, parts: Sequence[tuple[int, int]]) -> bool:
    """Return True if a place is in one of the parts, which are sorted and do not overlap."""
    index = bisect_right(parts, place, key=lambda part: part[0]) - 1
    return index >= 0 and place < parts[index][1]
