"""Rules on the records of a register: persons, orders of events, sanctions, completeness, and earlier returns.

What a record must satisfy by itself is a contract (`register.py`).  `event_tables.py` computes the tables, this module
decides.  Rules on the return alone come first; those that need earlier returns have the scope `history`.
"""

from __future__ import annotations

import polars as pl

from expectations import event_comparisons, sources, tables
from expectations.event_tables import (
    BLOCK,
    CASE,
    LEVELS_OF_COURT,
    NOT_KNOWN,
    OUTCOMES_OF_COURT,
    PERSON,
    RETURN,
    list_age_limits,
    list_declared_events,
    list_declared_fields,
    pool_records,
)
from expectations.figures import Figures, PlausibilityRule, share_result
from expectations.reporting import FindingTemplate
from pipelines.declarations.registry import Registry

YEARS_OF_OTHER_CASE = 7
"""Bands of age that are further apart than this cannot be of one person in two proceedings."""
CONFLICTS_BY_CHANCE = 5
NEARLY_ALL = 0.9
FEW_PERSONS = 10
SAME_DAY_SHARE = 0.9
OUTCOME_SHARE = 0.3
"""If fewer decisions than this have an outcome, the register does not record outcomes."""
P_NUMBER = 0.004
P_SHIFT = 0.001
"""Probability that a family of tests reports anything of a sound return; each of its tests gets a part of it."""
LESS_THAN_RECENT, MORE_THAN_RECENT = 0.75, 1.33
"""A number within these factors of the four newest periods may follow a trend."""
LENGTHS_KNOWN, LONGER_THAN_ANY, P_LENGTH = 8, 1.5, 0.01
"""For the sentences of one article."""
LENGTHS_KNOWN_OVERALL, LONGER_THAN_ANY_OVERALL = 100, 1.3
"""For the sentences of all articles."""
FAR_YEARS, FAR_SHARE = 15, 0.05


# ---------------------------------------------------------------------------------------------- the return by itself


def find_contradicting_persons(figures: Figures) -> pl.DataFrame:
    """Return persons with two sexes in one return, or two bands of age in one proceeding."""
    return pool_records(_list_contradicting_persons(figures), ["dim"])


@share_result
def _list_contradicting_persons(figures: Figures) -> pl.DataFrame:
    new = figures.known_events.filter("is_new")
    columns = [*PERSON, "proceeding", "sex", "age"]
    new = new.unique(columns, keep="first", maintain_order=True)
    pairs = new.join(new.select(*columns, "row"), on=PERSON, suffix="_first")
    return _list_differing(pairs.filter(pl.col("row_first") < pl.col("row")), figures.registry, in_return=True)


def _list_differing(pairs: pl.DataFrame, registry: Registry, *, in_return: bool) -> pl.DataFrame:
    """Return the pairs of records of one person that differ in sex, or too much in age: `dim, category, other`."""
    is_same_case = pl.col("proceeding") == pl.col("proceeding_first")
    known_sex = ~pl.col("sex").is_in(NOT_KNOWN) & ~pl.col("sex_first").is_in(NOT_KNOWN)
    sexes = pairs.filter(known_sex & (pl.col("sex") != pl.col("sex_first")))
    limits = list_age_limits()
    ages = pairs.filter(pl.col("age") != pl.col("age_first")).join(limits, on="age", maintain_order="left")
    ages = ages.join(
        limits.rename({name: f"{name}_first" for name in limits.columns}), on="age_first", maintain_order="left"
    )
    distance = pl.max_horizontal(pl.col("low") - pl.col("high_first"), pl.col("low_first") - pl.col("high"))
    ages = ages.filter((is_same_case & (distance >= 0)) | (distance >= YEARS_OF_OTHER_CASE))
    if in_return:
        # Reading has compared the ages in years.
        fields = list_declared_fields(registry)
        ages = ages.filter(~pl.col("form").is_in([form for form, names in fields.items() if "age_years" in names]))
    differences = pl.concat(
        [
            rows.select(
                *pairs.columns,
                pl.lit(dim).alias("dim"),
                pl.col(dim).alias("category"),
                pl.col(f"{dim}_first").alias("other"),
            )
            for dim, rows in (("sex", sexes), ("age", ages))
        ]
    )
    persons = _drop_numbers_within_cases(differences, pairs, is_same_case)
    return persons.sort("row", "row_first").unique([*PERSON, "dim"], keep="first", maintain_order=True)


def _drop_numbers_within_cases(differences: pl.DataFrame, pairs: pl.DataFrame, is_same_case: pl.Expr) -> pl.DataFrame:
    """Drop differences between proceedings if many persons differ: their codes are then numbers within a proceeding."""
    cases = pl.struct("proceeding", "person").n_unique()
    recurring = pairs.filter(~is_same_case).group_by(RETURN).agg(cases.alias("recurring"))
    differing = differences.filter(~is_same_case).group_by(RETURN).agg(cases.alias("differing"))
    numbered = recurring.join(differing, on=RETURN).filter(
        (pl.col("differing") > CONFLICTS_BY_CHANCE) & (pl.col("differing") > pl.col("recurring") / 5)
    )
    others = differences.filter(~is_same_case).join(numbered, on=RETURN, how="anti")
    return pl.concat([differences.filter(is_same_case), others])


def find_exclusive_events(figures: Figures) -> pl.DataFrame:
    """Return events of a person that exclude each other within a return: two outcomes, an event after an exit."""
    return pool_records(figures.event_pairs.filter(~pl.col("is_repeated")))


def find_repeated_events(figures: Figures) -> pl.DataFrame:
    """Return events that one return has twice, on two days, without an event that brought the case back."""
    return pool_records(figures.event_pairs.filter("is_repeated"))


def find_missing_stages(figures: Figures) -> pl.DataFrame:
    """Return outcomes without the decision, and sanctions without the conviction, that they are part of.

    An outcome is a decision, so it has one in the same return.  A sanction can follow its conviction in a later
    quarter, so it is only asked of a register that dates nearly all sanctions on a day of their conviction.
    """
    new = figures.known_events.filter("is_new")
    declared = list_declared_events(figures.registry)
    missing = []
    for level in LEVELS_OF_COURT:
        decision, conviction, sanction = (f"{stage}_{level}" for stage in ("adjudicated", "convicted", "sentenced"))
        exits = pl.col("event").is_in(OUTCOMES_OF_COURT) & (pl.col("level") == level)
        needs = ((exits | (pl.col("event") == conviction), decision), (pl.col("event") == sanction, conviction))
        for needing, needed in needs:
            able = [form for form, events in declared.items() if needed in events]
            needing_events = new.filter(needing & pl.col("form").is_in(able))
            stages = new.filter(pl.col("event") == needed).select(*CASE, pl.col("event_date").alias("day"))
            with_day = needing_events.join(stages.group_by(CASE).agg(pl.col("day").min()), on=CASE, how="left")
            with_day = with_day.with_columns(
                has_stage=(pl.col("day") <= pl.col("event_date")).fill_null(False), earlier=pl.lit(needed)
            )
            if needed == conviction:
                share = pl.col("has_stage").mean().over(RETURN)
                is_absent = (share == 0) & (pl.len().over(RETURN) >= CONFLICTS_BY_CHANCE)
                with_day = with_day.filter((share >= SAME_DAY_SHARE) | is_absent)
            missing.append(with_day.filter(~pl.col("has_stage")))
    rows = pl.concat(missing).sort("row").unique([*CASE, "level"], keep="first", maintain_order=True)
    return pool_records(rows)


def find_missing_outcomes(figures: Figures) -> pl.DataFrame:
    """Return decisions without an outcome on that day, of a register that can report all outcomes."""
    new = figures.known_events.filter("is_new")
    declared = list_declared_events(figures.registry)
    missing = []
    for level in LEVELS_OF_COURT:
        outcomes = {f"convicted_{level}", *OUTCOMES_OF_COURT}
        able = [form for form, events in declared.items() if outcomes <= events]
        decisions = new.filter((pl.col("event") == f"adjudicated_{level}") & pl.col("form").is_in(able))
        outcome_days = new.filter(pl.col("event").is_in(outcomes) & (pl.col("level") == level))
        outcome_days = outcome_days.select(*CASE, "event_date", has_outcome=pl.lit(True)).unique()
        with_outcome = decisions.join(
            outcome_days, on=[*CASE, "event_date"], how="left", maintain_order="left"
        ).with_columns(pl.col("has_outcome").fill_null(False))
        records_outcomes = pl.col("has_outcome").mean().over(RETURN) >= OUTCOME_SHARE
        missing.append(with_outcome.filter(records_outcomes & ~pl.col("has_outcome")))
    return pool_records(pl.concat(missing).sort("row"))


def find_differing_sanctions(figures: Figures) -> pl.DataFrame:
    """Return a sanction that two events of one person on one day and level describe differently."""
    sanctions = figures.known_events.filter(pl.col("is_new") & ~pl.col("sentence_type").is_in(NOT_KNOWN))
    same = [*CASE, "level", "event_date", "law_article"]
    pairs = sanctions.join(sanctions.select(*same, "row", "sentence_type", "sentence_months"), on=same, suffix="_first")
    is_other_type = pl.col("sentence_type") != pl.col("sentence_type_first")
    # A length that cannot be right is reported as such.
    months, other_months = pl.col("sentence_months"), pl.col("sentence_months_first")
    by_law = tables.longest_months_by_law(figures.registry)
    is_sound = [(n > 0) & (n <= by_law) & (n == n.round()) for n in (months, other_months)]
    is_other_length = (months != other_months) & is_sound[0] & is_sound[1]
    differing = pairs.filter((pl.col("row_first") < pl.col("row")) & (is_other_type | is_other_length.fill_null(False)))
    differing = differing.sort("row").unique([*CASE, "level"], keep="first", maintain_order=True)
    return pool_records(
        differing.with_columns(
            category="sentence_type",
            other="sentence_type_first",
            given=_describe_months("sentence_months"),
            expected=_describe_months("sentence_months_first"),
        )
    )


def _describe_months(column: str) -> pl.Expr:
    return pl.col(column).round(1).cast(pl.String).str.strip_suffix(".0").fill_null("\N{EN DASH}")


def find_missing_lengths(figures: Figures) -> pl.DataFrame:
    """Return prison sentences without a length, in a register that has a column for it."""
    fields = list_declared_fields(figures.registry)
    able = [form for form, names in fields.items() if names & {"sentence_months", "sentence_years"}]
    prison = figures.known_events.filter(
        pl.col("is_new") & pl.col("sentence_type").is_in(["prison", "prison_suspended"]) & pl.col("form").is_in(able)
    )
    sentence = [*CASE, "level", "event_date", "sentence_type"]
    has_length = pl.col("sentence_months").is_not_null().any().over(sentence)
    rows = prison.filter(~has_length).unique([*CASE, "sentence_type"], keep="first", maintain_order=True)
    return pool_records(rows)


def find_sanctions_of_other_ages(figures: Figures) -> pl.DataFrame:
    """Return juvenile sanctions of adults over 21, and prison of children: by the code list they exclude each other."""
    rows = figures.known_events.filter("is_new").join(list_age_limits(), on="age", maintain_order="left")
    is_grown = (pl.col("sentence_type") == "juvenile") & (pl.col("low") >= 21)
    is_child = pl.col("sentence_type").is_in(["prison", "prison_suspended"]) & (pl.col("high") <= 18)
    rows = rows.filter(is_grown | is_child).unique(CASE, keep="first", maintain_order=True)
    return pool_records(rows)


@share_result
def find_unknown_columns(figures: Figures) -> pl.DataFrame:
    """Return returns in which the sex or age of nearly all persons is unknown, although the register has a column."""
    fields = list_declared_fields(figures.registry)
    rows = []
    for dim, names in (("sex", {"sex"}), ("age", {"age", "age_years"})):
        able = [form for form, declared in fields.items() if declared & names]
        persons = figures.known_events.filter(pl.col("is_new") & pl.col("form").is_in(able)).unique(
            PERSON, keep="first", maintain_order=True
        )
        rows.append(
            persons.group_by(RETURN, maintain_order=True)
            .agg(
                pl.lit(dim).alias("dim"),
                pl.col("place").first(),
                pl.len().cast(pl.Int64).alias("n"),
                (pl.col(dim) == "_U").sum().cast(pl.Int64).alias("unknown"),
            )
            .filter((pl.col("n") >= FEW_PERSONS) & (pl.col("unknown") >= NEARLY_ALL * pl.col("n")))
        )
    return pl.concat(rows)


def find_gaps(figures: Figures) -> pl.DataFrame:
    """Return the least likely stretch of days without events in each period: at its start, its end, or within it."""
    return figures.gaps


def find_far_dates(figures: Figures) -> pl.DataFrame:
    """Return the few events that are many years before the others, in a return without a period of its own."""
    new = figures.known_events.filter("is_new")
    newest = pl.col("event_date").max().over(RETURN)
    is_far = pl.col("event_date") < newest.dt.offset_by(f"-{FAR_YEARS}y")
    far = new.with_columns(newest=newest).filter(is_far & (is_far.mean().over(RETURN) < FAR_SHARE))
    return pool_records(far)


# ---------------------------------------------------------------------------------------------------- with history


def find_changed_persons(figures: Figures) -> pl.DataFrame:
    """Return persons whose sex, or age in one proceeding, differs from an earlier return."""
    events = figures.known_events
    new = events.filter("is_new").unique([*PERSON, "proceeding", "sex", "age"], keep="first", maintain_order=True)
    earlier = events.filter(~pl.col("is_new")).select(*PERSON, "proceeding", "sex", "age", "row")
    earlier = earlier.unique([*PERSON, "proceeding", "sex", "age"], keep="first", maintain_order=True)
    pairs = new.join(earlier, on=PERSON, suffix="_first")
    differing = _list_differing(pairs, figures.registry, in_return=False)
    # Other rules report these persons.
    differing = differing.join(_list_contradicting_persons(figures), on=[*PERSON, "dim"], how="anti")
    differing = differing.join(figures.shifted_shares, on=[*RETURN, "dim"], how="anti")
    return pool_records(differing.sort("row"), ["dim"])


def find_events_reported_before(figures: Figures) -> pl.DataFrame:
    """Return events that an earlier return has on another day, in a case that nothing brought back."""
    pairs = figures.event_pairs_with_earlier.filter("is_repeated")
    return pool_records(_drop_copies(pairs, figures))


def find_events_of_ended_cases(figures: Figures) -> pl.DataFrame:
    """Return events that contradict an earlier return: an earlier stage after a later one, or another outcome."""
    pairs = figures.event_pairs_with_earlier.filter(~pl.col("is_repeated"))
    return pool_records(_drop_copies(pairs, figures))


def find_copied_periods(figures: Figures) -> pl.DataFrame:
    """Return periods most of whose events an earlier period already has."""
    return figures.copied_event_periods


def _drop_copies(rows: pl.DataFrame, figures: Figures) -> pl.DataFrame:
    return rows.join(figures.copied_event_periods, on=RETURN, how="anti", maintain_order="left")


def find_surprising_numbers(figures: Figures) -> pl.DataFrame:
    """Return the most surprising number of proceedings of a period, of all events or of one kind, given those before.

    It is also clearly outside the four newest, as a steady trend is not.
    """
    scored = event_comparisons.score_numbers(figures.known_events)
    is_outside = (pl.col("value") < LESS_THAN_RECENT * pl.col("low")) | (
        pl.col("value") > MORE_THAN_RECENT * pl.col("high")
    )
    numbers = scored.filter((pl.col("p") < P_NUMBER) & is_outside).unique(BLOCK, keep="first", maintain_order=True)
    # Lost days, and a difference from the other source, are reported as such.
    for reported in (figures.gaps, sources.find_differing_sources(figures)):
        numbers = numbers.join(reported, on=["submission_id", "freq", "period"], how="anti", maintain_order="left")
    return _drop_copies(numbers, figures)


def find_shifted_shares(figures: Figures) -> pl.DataFrame:
    """Return the category whose share of a period is the most surprising given the shares before."""
    shares = _drop_copies(figures.shifted_shares, figures)
    # A column that is nearly empty is reported as such.
    shares = shares.join(find_unknown_columns(figures), on=[*RETURN, "dim"], how="anti", maintain_order="left")
    return shares.unique(BLOCK, keep="first", maintain_order=True)


def find_unusual_lengths(figures: Figures) -> pl.DataFrame:
    """Return sentences that are far longer than any known before, of their article or of all articles.

    Of an article, a sentence is more than half as long again as the longest of at least eight, and its p-value, times
    the number of sentences in the return, is below 0.01.  Of all articles, it is 30 per cent longer than the longest of
    at least a hundred.  A term that exceeds the law is reported as such.
    """
    scored = event_comparisons.score_lengths(figures.known_events).with_columns(
        by_law=tables.longest_months_by_law(figures.registry)
    )
    months = pl.col("sentence_months")
    is_far = (pl.col("known") >= LENGTHS_KNOWN) & (months > LONGER_THAN_ANY * pl.col("longest"))
    is_far = (is_far & (pl.col("p") < P_LENGTH)).fill_null(False)
    is_longest = (pl.col("known_overall") >= LENGTHS_KNOWN_OVERALL) & (
        months > LONGER_THAN_ANY_OVERALL * pl.col("longest_overall")
    )
    lengths = scored.filter((is_far | is_longest.fill_null(False)) & (months <= pl.col("by_law")))
    return pool_records(
        lengths.with_columns(
            known=pl.when(is_far).then("known").otherwise("known_overall"),
            longest=pl.when(is_far).then("longest").otherwise("longest_overall"),
        )
    )


def find_shifted_lengths(figures: Figures) -> pl.DataFrame:
    """Return periods whose sentences are longer or shorter as a whole than before, as lengths in years would be."""
    shifts = event_comparisons.score_shift_of_lengths(figures.known_events, LENGTHS_KNOWN)
    return shifts.filter(pl.col("p") < P_SHIFT).unique(BLOCK, keep="first", maintain_order=True)


_PERSON = {"dim": "dim", "category": "category", "other": "other", "records": "records"}
_PAIR = {"event": "event", "earlier": "event_first", "records": "records"}
FILE_RULES = (
    PlausibilityRule(find_contradicting_persons, FindingTemplate("record.person", "category", "other", params=_PERSON)),
    PlausibilityRule(
        find_exclusive_events, FindingTemplate("record.exclusive", "event_date", "event_date_first", params=_PAIR)
    ),
    PlausibilityRule(
        find_repeated_events, FindingTemplate("record.twice", "event_date", "event_date_first", params=_PAIR)
    ),
    PlausibilityRule(
        find_missing_stages,
        FindingTemplate(
            "record.stage_missing",
            "event_date",
            params={"event": "event", "earlier": "earlier", "records": "records"},
        ),
    ),
    PlausibilityRule(
        find_missing_outcomes,
        FindingTemplate("record.outcome_missing", "event_date", params={"event": "event", "records": "records"}),
    ),
    PlausibilityRule(
        find_differing_sanctions,
        FindingTemplate(
            "record.sanctions",
            "given",
            "expected",
            params={"category": "category", "other": "other", "records": "records"},
            constants={"dim": "sentence_type"},
        ),
    ),
    PlausibilityRule(
        find_missing_lengths,
        FindingTemplate("record.length_missing", params={"sentence_type": "sentence_type", "records": "records"}),
    ),
    PlausibilityRule(
        find_sanctions_of_other_ages,
        FindingTemplate(
            "record.sanction_of_age",
            "age",
            params={"sentence_type": "sentence_type", "category": "age", "records": "records"},
            constants={"dim": "age"},
        ),
    ),
    PlausibilityRule(
        find_unknown_columns, FindingTemplate("record.unknown", "unknown", params={"dim": "dim", "n": "n"})
    ),
    PlausibilityRule(
        find_gaps,
        FindingTemplate(
            "record.gap", "gap_start", "gap_end", params={"period": "period", "measure": "event", "p": "p"}
        ),
    ),
    PlausibilityRule(
        find_far_dates,
        FindingTemplate("record.far", "event_date", "newest", params={"records": "records"}),
    ),
)
"""Rules on a return by itself, in the order of their findings."""
HISTORY_RULES = (
    PlausibilityRule(
        find_changed_persons, FindingTemplate("record.changed_person", "category", "other", params=_PERSON)
    ),
    PlausibilityRule(
        find_events_reported_before,
        FindingTemplate("record.reported_before", "event_date", "event_date_first", params=_PAIR),
    ),
    PlausibilityRule(
        find_events_of_ended_cases, FindingTemplate("record.ended", "event_date", "event_date_first", params=_PAIR)
    ),
    PlausibilityRule(
        find_copied_periods,
        FindingTemplate("record.copied", "copied", params={"n": "n", "period": "period", "previous": "previous"}),
    ),
    PlausibilityRule(
        find_surprising_numbers,
        FindingTemplate(
            "record.number",
            "value",
            params={"measure": "event", "period": "period", "n": "n", "mean": "mean", "p": "p"},
        ),
    ),
    PlausibilityRule(
        find_shifted_shares,
        FindingTemplate(
            "record.share",
            "value",
            params={
                "dim": "dim",
                "category": "category",
                "period": "period",
                "n": "n",
                "share": "share",
                "periods": "periods",
                "p": "p",
            },
        ),
    ),
    PlausibilityRule(
        find_unusual_lengths,
        FindingTemplate(
            "record.unusual_length",
            "sentence_months",
            "longest",
            params={"sentence_type": "sentence_type", "n": "known", "records": "records"},
        ),
    ),
    PlausibilityRule(
        find_shifted_lengths,
        FindingTemplate(
            "record.lengths_shifted",
            "sentence_months",
            "expected",
            params={"sentence_type": "sentence_type", "period": "period", "n": "n", "p": "p"},
        ),
    ),
)
"""Rules that compare a return with earlier ones."""
RULES = (*FILE_RULES, *HISTORY_RULES)
