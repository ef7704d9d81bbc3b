"""Counting cards: how a jurisdiction counts at a level in a period, and which two sides may be divided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final, NamedTuple

from pipelines.core import codes
from pipelines.core.i18n import mark, tell
from pipelines.declarations.form import Form
from pipelines.declarations.law import LawArticle
from pipelines.declarations.registry import Registry
from pipelines.declarations.territory import STATEMENTS, CountingRule, overlap
from pipelines.statistics.comparability import NOT_STATED, Counted
from pipelines.warehouse.metrics.spans import Span, held, span_of

MIXED: Final = "mixed"
"""The value of a statement on which several rules of one card disagree."""
WHOM: Final = ("several_offences", "attempts", "juveniles", "legal_persons", "unknown_perpetrators")
"""Statements on whom a count holds; a ratio whose sides differ in them is allowed with its label."""
STANDING: Final = ("verified", "unverified", "demonstration", NOT_STATED)
"""Best first. A statement of several rules has the worst of theirs."""
_SAYS_NOTHING = ("not_applicable", NOT_STATED)

_TITLES: Final = {
    "jurisdiction": mark("Jurisdiction"),
    "count_unit": mark("Count unit"),
    "input_or_output": mark("Entry or exit"),
    "counted_at": mark("Moment of counting"),
    "several_offences": mark("Several offences of one person"),
    "attempts": mark("Attempts"),
    "juveniles": mark("Juveniles"),
    "legal_persons": mark("Legal persons"),
    "unknown_perpetrators": mark("Unknown perpetrators"),
    "transferred_counted_again": mark("Cases taken over, counted again"),
}
_VALUES: Final = {
    "included": mark("counted"),
    "excluded": mark("not counted"),
    "yes": mark("yes"),
    "no": mark("no"),
    "not_applicable": mark("does not apply"),
    NOT_STATED: mark("not stated"),
    MIXED: mark("differs within"),
    "input": mark("on entry"),
    "output": mark("on leaving"),
    "both": mark("each measure at its own end"),
    "principal": mark("the principal one counts"),
    "each": mark("each counts"),
}
_STANDINGS: Final = {
    "verified": mark("read in a document"),
    "unverified": mark("unverified"),
    "demonstration": mark("assumed for the demonstration"),
    NOT_STATED: mark("not stated"),
}
_CODE_LISTS: Final = {"count_unit": "count_unit", "counted_at": "date_basis"}


class NoRuleError(LookupError):
    """No counting rule is declared for what was asked."""


@dataclass(frozen=True)
class Statement:
    """One thing a card says, in codes. `forms` are other values that the forms in use then declare: a contradiction
    that the office has to resolve."""

    what: str
    value: str
    status: str
    forms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Card:
    """How a jurisdiction, a territory or the region counts at a level in a period.

    `jurisdictions` are those whose rules are in it, `without_rule` those territories of the region that have none,
    `definitions` and `sources` the declared English texts, `breaks` first periods of rules that begin within the
    period, `changes` their codes as in `breaks.py`, `law` the articles in force on any of its days.
    """

    jurisdiction: str
    level: str
    period: str
    jurisdictions: tuple[str, ...]
    statements: tuple[Statement, ...]
    definitions: tuple[str, ...]
    sources: tuple[str, ...]
    breaks: tuple[str, ...]
    changes: tuple[str, ...]
    law: tuple[LawArticle, ...] = field(hash=False, repr=False)
    without_rule: tuple[str, ...] = ()

    def __getitem__(self, what: str) -> Statement:
        return self.statements[STATEMENTS.index(what)]

    def value(self, what: str) -> str:
        """The code of one statement."""
        return self[what].value

    def words(self, language: str = "en") -> list[tuple[str, str, str]]:
        """Title, value and status of each statement in a language."""
        return [
            (title(s.what, language), value_in_words(s.what, s.value, language), tell(_STANDINGS[s.status], language))
            for s in self.statements
        ]

    def counted(self, measure: str, offence_scope: str, *, breaks: Iterable[str] = ()) -> Counted:
        """One side of a comparison of territories: this card for one measure and scope of offences.

        `breaks` are those of law, recording and source in the period; those of the rules are added.
        """
        said = {what: NOT_STATED if self.value(what) == MIXED else self.value(what) for what in STATEMENTS}
        end = said["input_or_output"]
        return Counted(
            count_unit=said["count_unit"],
            stage=measure,
            level=self.level,
            moment=said["counted_at"],
            counted_at=end_of(measure) if end == "both" else end,
            offence_scope=offence_scope,
            period=self.period,
            breaks=frozenset([*breaks, *self.changes]),
            **{what: said[what] for what in WHOM},
        )


class Divisible(NamedTuple):
    """Whether a ratio of two cards may be made, and what must be told with it: `<aspect>_differs` or
    `<aspect>_not_stated`."""

    allowed: bool
    reasons: tuple[str, ...]

    def words(self, language: str = "en") -> list[str]:
        """The reasons as sentences."""
        return [reason_in_words(reason, language) for reason in self.reasons]


def card(registry: Registry, jurisdiction: str, level: str, period: str, *, count_unit: str | None = None) -> Card:
    """The card of a jurisdiction, of a territory (its own rules, else those of its parts together) or of the region
    (those of its territories that have any), for a quarter, a year or a pool of years.

    Raises NoRuleError where nothing is declared, or where several units are and none is named; UnknownCodeError for a
    level, ValueError for a period.
    """
    if level not in codes.codes("level"):
        raise codes.UnknownCodeError(
            f"{level!r} is not in the code list level; it has {', '.join(codes.codes('level'))}"
        )
    span = span_of(period)
    rules = _rules(registry, jurisdiction, level, period, count_unit)
    _one_unit(rules, period)
    places = tuple(dict.fromkeys(rule.jurisdiction for rule in rules))
    forms = {rule: contradictions(rule, registry, period) for rule in rules}
    begun = [(rule, start) for rule in rules if (start := _begins_within(rule, span))]
    return Card(
        jurisdiction=jurisdiction,
        level=level,
        period=period,
        jurisdictions=places,
        statements=tuple(_merged(what, forms) for what in STATEMENTS),
        definitions=tuple(dict.fromkeys(rule.stage_definition for rule in rules)),
        sources=tuple(dict.fromkeys(rule.source for rule in rules if rule.source)),
        breaks=tuple(sorted({start for _, start in begun})),
        changes=tuple(sorted({rule_change(rule.jurisdiction, level, start) for rule, start in begun})),
        law=tuple(a for a in registry.law if a.jurisdiction in places and a.in_force(span.start, span.end)),
        without_rule=_without(registry, places) if jurisdiction == codes.REGION else (),
    )


def rule_change(jurisdiction: str, level: str, period: str) -> str:
    """The code of the break that a rule makes which begins in a period."""
    return f"counting:{jurisdiction}:{level}:{period}"


def may_divide(upper: Card, lower: Card, *, labelled: bool = False) -> Divisible:
    """Whether `upper` may be divided by `lower`.

    Refused where the jurisdictions differ, or the units do or are not known to agree; the latter is let through with
    its reason where `labelled` is asked for. Differences in whom the sides count are reasons and refuse nothing.
    """
    reasons = [] if upper.jurisdiction == lower.jurisdiction else ["jurisdiction_differs"]
    refused = bool(reasons)
    for what in ("count_unit", *WHOM):
        reason = _disagreement(what, upper.value(what), lower.value(what))
        if reason:
            reasons.append(reason)
            refused = refused or (what == "count_unit" and not labelled)
    return Divisible(not refused, tuple(reasons))


def title(what: str, language: str = "en") -> str:
    """The name of a statement in a language."""
    return tell(_TITLES[what], language)


def value_in_words(what: str, value: str, language: str = "en") -> str:
    """The value of a statement in a language."""
    if what in _CODE_LISTS and value not in _VALUES:
        return codes.label(_CODE_LISTS[what], value, language)
    return tell(_VALUES[value], language)


def reason_in_words(reason: str, language: str = "en") -> str:
    """A reason of `may_divide` as a sentence."""
    what = reason.removesuffix("_differs").removesuffix("_not_stated")
    if reason.endswith("_differs"):
        return tell("{what}: the two sides differ.", language, what=title(what, language))
    return tell("{what}: not stated for both sides.", language, what=title(what, language))


def contradictions(rule: CountingRule, registry: Registry, period: str) -> dict[str, tuple[str, ...]]:
    """Statement -> other values declared by the forms whose figures count at the rule's level in a period.

    What a form does not state contradicts nothing. A form for everyone may hold tables of adults, so only a form of
    adults contradicts a rule on juveniles; a date basis is one for all tables of a form.
    """
    found: dict[str, set[str]] = {}
    for form in _forms(rule, registry, period):
        for what, said in form_says(form).items():
            ours = getattr(rule, what)
            if said != ours and said not in _SAYS_NOTHING and ours not in _SAYS_NOTHING:
                found.setdefault(what, set()).add(said)
    return {what: tuple(sorted(said)) for what, said in found.items()}


def _rules(
    registry: Registry, jurisdiction: str, level: str, period: str, count_unit: str | None
) -> list[CountingRule]:
    """The rules of a card in the order of declaration; never none."""
    if jurisdiction == codes.REGION:
        found: list[CountingRule] = []
        for code in national(registry):
            with suppress(NoRuleError):  # the card says who is in it, as a total of the region does
                found += _rules(registry, code, level, period, count_unit)
        if not found:
            raise NoRuleError(f"no territory has a counting rule at {level} in {period}")
        return found
    territory = registry.territory_of(jurisdiction)

    def of(place: str) -> list[CountingRule]:
        return [
            r
            for r in territory.counting_rules
            if (r.jurisdiction, r.level) == (place, level)
            and held(period, r.valid)
            and count_unit in (None, r.count_unit)
        ]

    places = [jurisdiction]
    if jurisdiction == territory.code and not of(jurisdiction):
        places = [j.code for j in territory.jurisdictions if j.part_of_total]
    lacking = [place for place in places if not of(place)]
    if lacking or not places:
        unit = f" of the unit {count_unit}" if count_unit else ""
        raise NoRuleError(
            f"no counting rule{unit} for {', '.join(lacking) or jurisdiction} at {level} in {period}; "
            f"write one under counting_rules in {territory.code}/territory.yml"
        )
    return [rule for place in places for rule in of(place)]


def _one_unit(rules: Sequence[CountingRule], period: str) -> None:
    """Raises NoRuleError where a jurisdiction counts in several units at one time."""
    for one, other in combinations(rules, 2):
        if one.jurisdiction == other.jurisdiction and overlap(one.valid, other.valid):
            raise NoRuleError(
                f"{one.jurisdiction} counts {one.count_unit} and {other.count_unit} at {one.level} in {period}; "
                "name the count_unit"
            )


def national(registry: Registry) -> list[str]:
    """The territories that make the region."""
    return [t.code for t in registry.territories.values() if t.kind == "national"]


def _without(registry: Registry, places: tuple[str, ...]) -> tuple[str, ...]:
    said = {registry.territory_of(place).code for place in places}
    return tuple(code for code in national(registry) if code not in said)


def _merged(what: str, forms: Mapping[CountingRule, Mapping[str, tuple[str, ...]]]) -> Statement:
    rules = list(forms)
    values = list(dict.fromkeys(_value(rule, what) for rule in rules))
    value = values[0] if len(values) == 1 else NOT_STATED if NOT_STATED in values else MIXED
    standing = [
        NOT_STATED if _value(rule, what) == NOT_STATED else "verified" if what in rule.read else rule.status
        for rule in rules
    ]
    other = {value for said in forms.values() for value in said.get(what, ())}
    return Statement(what, value, max(standing, key=STANDING.index), tuple(sorted(other)))


def _value(rule: CountingRule, what: str) -> str:
    value = getattr(rule, what)
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _disagreement(what: str, one: str, other: str) -> str | None:
    # Persons before a court are known: `not_applicable` and `excluded` agree on unknown perpetrators.
    if what == "unknown_perpetrators":
        one, other = (("excluded" if value == "not_applicable" else value) for value in (one, other))
    if NOT_STATED in (one, other):
        return f"{what}_not_stated"
    return f"{what}_differs" if one != other or MIXED in (one, other) else None


def _begins_within(rule: CountingRule, asked: Span) -> str | None:
    """The first period of a rule that begins after the first day of a period and within it."""
    if rule.valid is None:
        return None
    begins = rule.valid.partition("..")[0]
    return begins if asked.start < span_of(begins).start <= asked.end else None


def end_of(measure: str) -> str:
    """The end of the stage at which a measure counts: what comes in, what goes out, or what is there."""
    kind = codes.attribute("measure", measure, "kind")
    if kind == "stock":
        return "stock"
    entry = kind == "entry" or codes.attribute("measure", measure, "is_entry_stage") == "true"
    return "input" if entry else "output"


def _forms(rule: CountingRule, registry: Registry, period: str) -> list[Form]:
    """The forms, in use in a period, of the offices that count at the rule's level."""
    counting = {
        (c.source, c.instrument)
        for c in registry.territory_of(rule.jurisdiction).counts_source
        if c.jurisdiction == rule.jurisdiction
        and held(period, c.periods)
        and any(codes.attribute("measure", m, "level_rule") == rule.level for m in c.measures)
    }
    return [
        f
        for f in registry.forms.values()
        if f.jurisdiction == rule.jurisdiction and (f.source, f.instrument) in counting and held(period, f.valid)
    ]


def form_says(form: Form) -> dict[str, str]:
    """What a form states of what a rule states too; `not_stated` where it does not."""
    scope = form.scope
    return {
        # Each record has its own date, so a form of records says nothing of the moment.
        "counted_at": NOT_STATED if form.instrument == "register" else form.date_basis,
        "attempts": scope.attempts,
        "juveniles": "excluded" if scope.age.startswith("Y_GE18") else NOT_STATED,
        "legal_persons": {"_T": "included", "natural": "excluded"}.get(scope.person_type, NOT_STATED),
        "unknown_perpetrators": scope.unknown_perpetrators,
    }
