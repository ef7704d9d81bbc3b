"""Counting cards: how a jurisdiction counts at a level in a period, and which two cards may form a ratio."""

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
from pipelines.declarations.territory import STATEMENTS, CountingRule, ranges_overlap
from pipelines.statistics.comparability import NOT_STATED, CountingRules
from pipelines.warehouse.metrics.spans import QuarterSpan, overlaps_period, span_of

MIXED: Final = "mixed"
"""Value of a statement on which the rules of one card disagree."""
WHOM: Final = ("several_offences", "attempts", "juveniles", "legal_persons", "unknown_perpetrators")
"""Statements about the persons counted; a ratio whose sides differ in them is allowed and labelled."""
STANDING: Final = ("verified", "unverified", "demonstration", NOT_STATED)
"""Verification statuses, best first. A statement of several rules has the worst of their statuses."""
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
    """No counting rule is declared for the requested jurisdiction, level and period."""


@dataclass(frozen=True)
class CountingStatement:
    """One statement of a card, in codes.

    `forms` are differing values declared by the forms of the period: a contradiction that the office has to resolve.
    """

    what: str
    value: str
    status: str
    forms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Card:
    """How a jurisdiction, a territory or the region counts at a level in a period.

    `jurisdictions` are those whose rules are included; `without_rule` are the territories of the region without rules;
    `definitions` and `sources` are the declared English texts; `breaks` are the first periods of rules that begin
    within the period; `changes` are their codes as in `breaks.py`; `law` are the articles in force on any day of it.
    """

    jurisdiction: str
    level: str
    period: str
    jurisdictions: tuple[str, ...]
    statements: tuple[CountingStatement, ...]
    definitions: tuple[str, ...]
    sources: tuple[str, ...]
    breaks: tuple[str, ...]
    changes: tuple[str, ...]
    law: tuple[LawArticle, ...] = field(hash=False, repr=False)
    without_rule: tuple[str, ...] = ()

    def __getitem__(self, what: str) -> CountingStatement:
        return self.statements[STATEMENTS.index(what)]

    def get_code(self, what: str) -> str:
        """Return the code of one statement."""
        return self[what].value

    def describe_statements(self, language: str = "en") -> list[tuple[str, str, str]]:
        """Return title, value and status of each statement in a language."""
        return [
            (
                statement_title(s.what, language),
                value_in_words(s.what, s.value, language),
                tell(_STANDINGS[s.status], language),
            )
            for s in self.statements
        ]

    def to_counted(self, measure: str, offence_scope: str, *, breaks: Iterable[str] = ()) -> CountingRules:
        """Return one side of a comparison of territories: this card for one measure and offence scope.

        `breaks` are those of law, recording and source in the period; those of the counting rules are added.
        """
        values = {
            statement: NOT_STATED if self.get_code(statement) == MIXED else self.get_code(statement)
            for statement in STATEMENTS
        }
        end = values["input_or_output"]
        return CountingRules(
            count_unit=values["count_unit"],
            stage=measure,
            level=self.level,
            moment=values["counted_at"],
            counted_at=end_of(measure) if end == "both" else end,
            offence_scope=offence_scope,
            period=self.period,
            breaks=frozenset([*breaks, *self.changes]),
            **{statement: values[statement] for statement in WHOM},
        )


class Divisible(NamedTuple):
    """The verdict on a ratio of two cards, with its labels: `<aspect>_differs` or `<aspect>_not_stated`."""

    allowed: bool
    reasons: tuple[str, ...]


def build_card(
    registry: Registry, jurisdiction: str, level: str, period: str, *, count_unit: str | None = None
) -> Card:
    """Return the counting card of a jurisdiction, a territory or the region, for a quarter, a year or a pool of years.

    A territory has its own rules, or else those of its parts together; the region has the rules of those territories
    that have any. Raises NoRuleError if no rule is declared, or if rules have several units and `count_unit` is not
    given; UnknownCodeError for an unknown level, ValueError for an invalid period.
    """
    if level not in codes.list_codes("level"):
        raise codes.UnknownCodeError(
            f"{level!r} is not in the code list level; it has {', '.join(codes.list_codes('level'))}"
        )
    span = span_of(period)
    rules = _rules(registry, jurisdiction, level, period, count_unit)
    _require_single_unit(rules, period)
    places = tuple(dict.fromkeys(rule.jurisdiction for rule in rules))
    forms = {rule: find_contradictions(rule, registry, period) for rule in rules}
    begun = [(rule, start) for rule in rules if (start := _begins_within(rule, span))]
    return Card(
        jurisdiction=jurisdiction,
        level=level,
        period=period,
        jurisdictions=places,
        statements=tuple(_merge_statements(what, forms) for what in STATEMENTS),
        definitions=tuple(dict.fromkeys(rule.stage_definition for rule in rules)),
        sources=tuple(dict.fromkeys(rule.source for rule in rules if rule.source)),
        breaks=tuple(sorted({start for _, start in begun})),
        changes=tuple(sorted({rule_change(rule.jurisdiction, level, start) for rule, start in begun})),
        law=tuple(a for a in registry.law if a.jurisdiction in places and a.in_force(span.start, span.end)),
        without_rule=_territories_without_rule(registry, places) if jurisdiction == codes.REGION else (),
    )


def rule_change(jurisdiction: str, level: str, period: str) -> str:
    """Return the code of the break caused by a rule that begins in a period."""
    return f"counting:{jurisdiction}:{level}:{period}"


def may_divide(upper: Card, lower: Card, *, labelled: bool = False) -> Divisible:
    """Decide whether `upper` may be divided by `lower`, and with which labels.

    The ratio is refused if the jurisdictions differ, or if the units differ or are not known to agree; with `labelled`
    a unit problem is only a reason. Differences in the persons counted are reasons and never refuse a ratio.
    """
    reasons = [] if upper.jurisdiction == lower.jurisdiction else ["jurisdiction_differs"]
    refused = bool(reasons)
    for statement in ("count_unit", *WHOM):
        reason = _disagreement(statement, upper.get_code(statement), lower.get_code(statement))
        if reason:
            reasons.append(reason)
            refused = refused or (statement == "count_unit" and not labelled)
    return Divisible(not refused, tuple(reasons))


def statement_title(what: str, language: str = "en") -> str:
    """Return the name of a statement in a language."""
    return tell(_TITLES[what], language)


def value_in_words(what: str, value: str, language: str = "en") -> str:
    """Return the value of a statement in a language."""
    if what in _CODE_LISTS and value not in _VALUES:
        return codes.get_code_label(_CODE_LISTS[what], value, language)
    return tell(_VALUES[value], language)


def find_contradictions(rule: CountingRule, registry: Registry, period: str) -> dict[str, tuple[str, ...]]:
    """Return, by statement, differing values declared by the forms that count at the rule's level in a period.

    A statement that a form leaves out contradicts nothing. A form for all ages may contain tables of adults, so only a
    form of adults contradicts a rule on juveniles; the date basis is the same for all tables of a form.
    """
    differing: dict[str, set[str]] = {}
    for form in _forms(rule, registry, period):
        for statement, form_value in form_says(form).items():
            rule_value = getattr(rule, statement)
            if form_value != rule_value and form_value not in _SAYS_NOTHING and rule_value not in _SAYS_NOTHING:
                differing.setdefault(statement, set()).add(form_value)
    return {statement: tuple(sorted(form_value)) for statement, form_value in differing.items()}


def _rules(
    registry: Registry, jurisdiction: str, level: str, period: str, count_unit: str | None
) -> list[CountingRule]:
    """Return the rules of a card in the order of declaration. Raises NoRuleError if there are none."""
    if jurisdiction == codes.REGION:
        rules: list[CountingRule] = []
        for code in list_territories(registry):
            with suppress(NoRuleError):  # the card lists the jurisdictions in it, as a regional total does
                rules += _rules(registry, code, level, period, count_unit)
        if not rules:
            raise NoRuleError(f"no territory has a counting rule at {level} in {period}")
        return rules
    territory = registry.territory_of(jurisdiction)

    def rules_of(place: str) -> list[CountingRule]:
        return [
            r
            for r in territory.counting_rules
            if (r.jurisdiction, r.level) == (place, level)
            and overlaps_period(period, r.valid)
            and count_unit in (None, r.count_unit)
        ]

    places = [jurisdiction]
    if jurisdiction == territory.code and not rules_of(jurisdiction):
        places = [j.code for j in territory.jurisdictions if j.part_of_total]
    lacking = [place for place in places if not rules_of(place)]
    if lacking or not places:
        unit = f" of the unit {count_unit}" if count_unit else ""
        raise NoRuleError(
            f"no counting rule{unit} for {', '.join(lacking) or jurisdiction} at {level} in {period}; "
            f"write one under counting_rules in {territory.code}/territory.yml"
        )
    return [rule for place in places for rule in rules_of(place)]


def _require_single_unit(rules: Sequence[CountingRule], period: str) -> None:
    """Raise NoRuleError if a jurisdiction counts in several units at the same time."""
    for first, second in combinations(rules, 2):
        if first.jurisdiction == second.jurisdiction and ranges_overlap(first.valid, second.valid):
            raise NoRuleError(
                f"{first.jurisdiction} counts {first.count_unit} and {second.count_unit} at {first.level} in {period}; "
                "name the count_unit"
            )


def list_territories(registry: Registry) -> list[str]:
    """Return the codes of the territories of the region."""
    return [t.code for t in registry.territories.values() if t.kind == "national"]


def _territories_without_rule(registry: Registry, places: tuple[str, ...]) -> tuple[str, ...]:
    covered = {registry.territory_of(place).code for place in places}
    return tuple(code for code in list_territories(registry) if code not in covered)


def _merge_statements(what: str, forms: Mapping[CountingRule, Mapping[str, tuple[str, ...]]]) -> CountingStatement:
    rules = list(forms)
    values = list(dict.fromkeys(_value(rule, what) for rule in rules))
    value = values[0] if len(values) == 1 else NOT_STATED if NOT_STATED in values else MIXED
    statuses = [
        NOT_STATED if _value(rule, what) == NOT_STATED else "verified" if what in rule.read else rule.status
        for rule in rules
    ]
    form_values = {value for differing in forms.values() for value in differing.get(what, ())}
    return CountingStatement(what, value, max(statuses, key=STANDING.index), tuple(sorted(form_values)))


def _value(rule: CountingRule, what: str) -> str:
    value = getattr(rule, what)
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _disagreement(what: str, upper: str, lower: str) -> str | None:
    # Persons before a court are always known, so on unknown perpetrators `not_applicable` equals `excluded`.
    if what == "unknown_perpetrators":
        upper, lower = (("excluded" if value == "not_applicable" else value) for value in (upper, lower))
    if NOT_STATED in (upper, lower):
        return f"{what}_not_stated"
    return f"{what}_differs" if upper != lower or MIXED in (upper, lower) else None


def _begins_within(rule: CountingRule, span: QuarterSpan) -> str | None:
    """Return the first period of a rule if it begins within a span, after its first day; else None."""
    if rule.valid is None:
        return None
    begins = rule.valid.partition("..")[0]
    return begins if span.start < span_of(begins).start <= span.end else None


def end_of(measure: str) -> str:
    """Return the end of the stage at which a measure counts: `input`, `output` or `stock`."""
    kind = codes.get_code_attribute("measure", measure, "kind")
    if kind == "stock":
        return "stock"
    entry = kind == "entry" or codes.get_code_attribute("measure", measure, "is_entry_stage") == "true"
    return "input" if entry else "output"


def _forms(rule: CountingRule, registry: Registry, period: str) -> list[Form]:
    """Return the forms in use in a period, of the offices that count at the rule's level."""
    counting = {
        (c.source, c.instrument)
        for c in registry.territory_of(rule.jurisdiction).counts_source
        if c.jurisdiction == rule.jurisdiction
        and overlaps_period(period, c.periods)
        and any(codes.get_code_attribute("measure", m, "level_rule") == rule.level for m in c.measures)
    }
    return [
        f
        for f in registry.forms.values()
        if f.jurisdiction == rule.jurisdiction
        and (f.source, f.instrument) in counting
        and overlaps_period(period, f.valid)
    ]


def form_says(form: Form) -> dict[str, str]:
    """Return the values that a form declares for statements of a counting rule, `not_stated` if it declares none."""
    scope = form.scope
    return {
        # Each record has its own date, so a form of case records declares no moment of counting.
        "counted_at": NOT_STATED if form.instrument == "register" else form.date_basis,
        "attempts": scope.attempts,
        "juveniles": "excluded" if scope.age.startswith("Y_GE18") else NOT_STATED,
        "legal_persons": {"_T": "included", "natural": "excluded"}.get(scope.person_type, NOT_STATED),
        "unknown_perpetrators": scope.unknown_perpetrators,
    }
