"""Describe a finding in a language: its message and remedy, with translated codes and phrases in its parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipelines.core import codes, i18n
from pipelines.core.i18n import mark, tell
from pipelines.core.i18n.periods import format_period, is_period
from pipelines.core.text.script import transliterate_serbian
from pipelines.findings.phrases import PATTERNS, PHRASES

if TYPE_CHECKING:
    from pipelines.findings.finding import Finding
    from pipelines.model.content import Scalar

_CODES = {
    "measure": "measure",
    "part": "measure",
    "whole": "measure",
    "event": "measure",
    "earlier": "measure",
    "offence_group": "offence_group",
    "sentence_type": "sentence_type",
    "instrument": "instrument",
    "direction": "direction",
    "partner": "partner",
}
"""Parameters that hold a code -> its code list."""
_CATEGORIES = frozenset({"category", "other_category"})
"""Parameters that hold a dimension and a code in it, as `age=Y_LT18`."""
DIMENSIONS = {
    "sex": mark("sex"),
    "age": mark("age"),
    "article": mark("article of the law"),
    "law_article": mark("article of the law"),
    "offence": mark("offence"),
    "measure": mark("what is counted"),
    "person_type": mark("kind of person"),
    "victim_status": mark("status of the victim"),
    "exploitation": mark("form of exploitation"),
    "citizenship": mark("citizenship"),
    "sentence_type": mark("sanction"),
    "sentence_band": mark("length of sentence"),
    "level": mark("stage"),
    "case_size": mark("defendants in the proceeding"),
    "partner": mark("partner"),
    "direction": mark("direction"),
    "assistance": mark("type of assistance"),
    "legal_basis": mark("legal basis"),
    "channel": mark("channel"),
    "refusal_reason": mark("reason for refusal"),
    "days_band": mark("number of days"),
}
"""Name of each dimension over which parts are added."""
NEAREST_RULES = frozenset(
    {"label.undeclared", "heading.undeclared", "cube.dimension_undeclared", "cube.member_undeclared"}
)
"""Rules whose parameter `nearest` is a suggestion; pages that show suggestions omit it from the message."""
_NO_FORM = "return.not_recognised"
_PERIODS = frozenset({"period", "periods", "previous"})
"""Parameters that hold the code of a period, or a list of them."""
_OF_PERIODS = frozenset({"period.contradiction", "period.outside_form", "period.file_name"})
"""Rules whose "seen" and "expected" are codes of periods."""
_OF_FORMS = frozenset({"return.other_form"})
"""Rules whose `seen` and `expected` are ids of forms."""
_TAILS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r" Nearest declared: '(?P<word>.*)'\.", re.DOTALL), mark(" Nearest declared: '{word}'.")),
    (re.compile(r" Nearest in the file: '(?P<word>.*)'\.", re.DOTALL), mark(" Nearest in the file: '{word}'.")),
    (re.compile(r" under the title '(?P<word>.*)'", re.DOTALL), mark(" under the title '{word}'")),
    (
        re.compile(r"a number written as (?P<example>\S+) or a sign \((?P<signs>.*)\)", re.DOTALL),
        mark("a number written as {example} or a sign ({signs})"),
    ),
    (re.compile(r"a number written as (?P<example>\S+)"), mark("a number written as {example}")),
    (re.compile(r"a number or a sign \((?P<signs>.*)\)", re.DOTALL), mark("a number or a sign ({signs})")),
    (re.compile(r"a value of '(?P<word>.*)'", re.DOTALL), mark("a value of '{word}'")),
    (re.compile("a number"), mark("a number")),
    (re.compile("a heading or label"), mark("a heading or label")),
    (re.compile("deadline"), mark("deadline")),
    *PATTERNS,
)
"""English texts that rules use in parameters, and their translatable sources."""
_PLACEHOLDER = re.compile(r"\{[a-z_]+(?::[a-z]+)?\}")
"""Placeholder for a code or the period in a title or heading of a form; its name means nothing to a sender."""


@dataclass(frozen=True, slots=True)
class FindingText:
    """The message (what is wrong) and the remedy (what to do) of a finding."""

    message: str
    remedy: str


def describe_finding(
    finding: Finding, language: str = i18n.SOURCE_LANGUAGE, *, omit_nearest: bool = False
) -> FindingText:
    """Return the message and remedy of a finding, with translated parameters.

    For a rule that was removed the message has only its id, so that old reports can be opened.
    `omit_nearest` omits the nearest declared word, for pages that show it as a separate suggestion.
    """
    from pipelines.findings import rules

    try:
        rule = rules.find_rule(finding.rule)
    except KeyError:
        return FindingText(tell("Rule {rule} of an earlier version.", language, rule=finding.rule), "")
    localized = in_language(finding, language, apart=omit_nearest)
    message, remedy = (
        rules.fill_parameters(i18n.gettext(text, language), localized) for text in (rule.message, rule.remedy)
    )
    return FindingText(message, remedy)


def in_language(finding: Finding, language: str, *, apart: bool = False) -> Finding:
    """Return the finding with codes, phrases and forms in its parameters as words; `apart` omits suggestions."""
    params: dict[str, Scalar] = {
        name: _param(finding, name, value, language, apart=apart) for name, value in finding.params.items()
    }
    if finding.rule in _OF_FORMS:
        seen, expected = (form_words(identity, language) for identity in (finding.seen, finding.expected))
        return replace(finding, params=params, seen=seen, expected=expected)
    expected = translate_phrase(finding.expected, language)
    if finding.rule in _OF_PERIODS:
        seen_period, expected = (
            None if text is None else _format_periods(text, language) for text in (finding.seen, expected)
        )
        return replace(finding, params=params, seen=seen_period, expected=expected)
    return replace(finding, params=params, seen=describe_seen(finding, language), expected=expected)


def describe_seen(finding: Finding, language: str) -> str | None:
    """Return what was found, with the format of plain text in words: its name alone is a word in English."""
    return tell("plain text", language) if finding.rule == _NO_FORM and finding.seen == "text" else finding.seen


def _format_periods(text: str, language: str) -> str:
    """Format the codes of periods in a list, for people; other texts are returned unchanged."""
    parts = text.split(", ")
    return ", ".join(format_period(part, language) for part in parts) if all(map(is_period, parts)) else text


def _param(finding: Finding, name: str, value: Scalar, language: str, *, apart: bool) -> Scalar:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str):
        return value
    if name == "nearest" and finding.rule in NEAREST_RULES and apart:
        return ""
    if name == "nearest" and finding.rule == _NO_FORM:
        return "; ".join(nearest_forms(value, language)) or tell("no form", language)
    if name == "form":
        return form_words(value, language)
    if name == "breakdown":
        return ", ".join(category_words(part, language) for part in value.split("; "))
    if name in _CATEGORIES:
        return category_words(value, language)
    if name == "dim" and value in DIMENSIONS:
        return i18n.gettext(DIMENSIONS[value], language)
    dimension = str(finding.params.get("dim"))
    if name == "categories":
        return ", ".join(code_words(dimension, code, language) for code in value.split(", "))
    if name in _PERIODS:
        return _format_periods(value, language)
    if name in ("category", "other") and dimension in codes.codelist_names():
        return code_words(dimension, value, language)
    if name in _CODES and value not in PHRASES:
        return code_words(_CODES[name], value, language)
    return translate_phrase(value, language)


def code_words(codelist: str, code: str, language: str) -> str:
    """Return the label of a code, or the code itself if it has none (an article of the law, a nationality)."""
    try:
        return _label(codelist, code, language)
    except codes.UnknownCodeError:
        return code


def category_words(text: str, language: str) -> str:
    """Return a category such as `age=Y_LT18` or `law_article=388` as words: `Under 18`, `article of the law 388`."""
    dimension, equals, code = text.partition("=")
    if not equals:
        return text
    words = code_words(dimension, code, language)
    if dimension in codes.DIMENSIONS_WITH_TOTAL:
        return words
    return f"{i18n.gettext(DIMENSIONS[dimension], language)} {words}"


def _label(codelist: str, code: str, language: str) -> str:
    if language == i18n.SERBIAN_LATIN:
        return transliterate_serbian(codes.get_code_label(codelist, code, "sr"))
    return codes.get_code_label(codelist, code, language)


def translate_phrase(text: str | None, language: str) -> str | None:
    """Translate an English text of a rule or reader if it is a known phrase; else return it without placeholders."""
    if text is None:
        return None
    if text in PHRASES:
        return i18n.gettext(text, language)
    for pattern, source in _TAILS:
        match = pattern.fullmatch(text)
        if match is not None:
            words = {name: _PLACEHOLDER.sub("\u2026", part) for name, part in match.groupdict().items()}
            return i18n.gettext(source, language).format_map(words)
    return _PLACEHOLDER.sub("\u2026", text)


# --------------------------------------------------------------------------------------------------------- near forms

_NEXT_FORM = re.compile(r"; (?=[A-Z][A-Z0-9_-]+ \()")
_NEAR_FORM = re.compile(r"(?P<id>[A-Z][A-Z0-9_-]+) \((?P<rest>.*)\)", re.DOTALL)
_OF_FORM = re.compile(r"(, which comes as (?P<formats>[a-z/-]+))?(, lacks (?P<words>.+))?", re.DOTALL)


def form_words(identity: str | None, language: str) -> str | None:
    """Return the title and id of a form, or only the id if no territory declares it (any more)."""
    from pipelines.declarations.form_titles import form_title
    from pipelines.declarations.registry import load

    form = load().forms.get(identity) if identity is not None else None
    return identity if form is None else f"{form_title(form, language)} ({form.id})"


def nearest_forms(text: str, language: str) -> list[str]:
    """Describe the forms nearest to a file; `text` comes from `recognise.not_recognised`."""
    return [] if text in ("", "none") else [_near_form(part, language) for part in _NEXT_FORM.split(text)]


def _near_form(text: str, language: str) -> str:
    from pipelines.declarations.form_titles import form_title
    from pipelines.declarations.registry import load

    match = _NEAR_FORM.fullmatch(text)
    form = load().forms.get(match["id"]) if match is not None else None
    if match is None or form is None or not match["rest"].startswith(form.title):
        return text  # the declaration has changed since
    details = _OF_FORM.fullmatch(match["rest"][len(form.title) :])
    if details is None:
        return text
    name = f"{form_title(form, language)} ({form.id})"
    if details["formats"] and details["words"]:
        return tell("{form}, which comes as {formats} and lacks {words}", language, form=name, **details.groupdict())
    if details["formats"]:
        return tell("{form}, which comes as {formats}", language, form=name, formats=details["formats"])
    return tell("{form}, lacks {words}", language, form=name, words=details["words"]) if details["words"] else name
