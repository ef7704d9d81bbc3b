"""The rules of this package, registered in the list of `pipelines/findings/rules.py`.

Change RULES_VERSION with every change of a rule, a suite or a comparison: stored results are keyed by it.
"""

from __future__ import annotations

from pipelines.findings.rules import Rule

RULES_VERSION = "2026.5"

RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule(
            "expect.key",
            "error",
            "The figure has no {column}.",
            "The declaration of the form is wrong, not the file: let the secretariat know which form it is.",
        ),
        Rule(
            "expect.code",
            "error",
            "'{seen}' is not a code of the list {column}.",
            "The declaration of the form is wrong, not the file: let the secretariat know which form it is.",
        ),
        Rule(
            "expect.unique",
            "error",
            "The same figure appears twice in this return: {label}, {period}.",
            "Leave one of the two, or have the difference between them declared in the form.",
        ),
        Rule(
            "expect.status",
            "error",
            "The figure is {seen} with status {status}: a figure has a value, or a reason why it has none.",
            "Write the figure, or the sign for missing, not available or confidential.",
        ),
        Rule(
            "plausible.bounds",
            "warning",
            "{measure} ({offence_group}) is {seen} in {period}; {low} to {high} was expected here.",
            "Check the figure against its source. If it is right, send it with a short explanation.",
        ),
        Rule(
            "plausible.outcome",
            "warning",
            "{part} is {seen} in {period}, more than {whole} ({expected}), which includes it.",
            "Check both figures. If both are right, explain how they are counted.",
        ),
        Rule(
            "plausible.stock",
            "warning",
            "{measure} at the start of {period} is {seen}, but at the end of the period before it was {expected}.",
            "Check both stocks. If cases were recounted, explain this.",
            "history",
        ),
        Rule(
            "plausible.lag",
            "warning",
            "{seen} persons were indicted in {period}, more than the {expected} investigated in that period and the "
            "four before it together.",
            "Check both figures. If old investigations were concluded, explain this.",
            "history",
        ),
        Rule(
            "plausible.jump",
            "warning",
            "{measure} ({offence_group}) is {seen} in {period}; the {n} figures before it average {mean} "
            "(probability {p}).",
            "Check the figure against its source. If it is right, send it with a short explanation.",
            "history",
        ),
        Rule(
            "plausible.exchanged",
            "warning",
            "{measure} ({offence_group}), {period}: {seen} of {n} are women; in the {periods} periods before they "
            "were {share} per cent. Women and men seem to be swapped.",
            "Compare both columns with their source. If they are right, send them with a short explanation.",
            "history",
        ),
        Rule(
            "structure.exchanged",
            "warning",
            "{category} and {other_category} seem to be swapped in {period}: {category} is {seen}, {other_category} is "
            "{other} ({place}). In the {periods} periods before, {category} was {share} per cent of both together. "
            "Further pairs of figures like this: {others}.",
            "Compare both columns with their source. If they are right, send them with a short explanation.",
            "history",
        ),
        Rule(
            "structure.changed",
            "warning",
            "The figures by {dim} are distributed unlike those of the {periods} periods before (probability {p}). The "
            "largest difference in {period}: {category} is {seen}; {expected} was expected.",
            "Check the figure against its source. If it is right, send it with a short explanation.",
            "history",
        ),
        Rule(
            "plausible.year_so_far",
            "warning",
            "{label}: {seen} from January to {period}, less than the {expected} up to {previous}.",
            "Check the figure. If an earlier quarter was corrected, send that one again as well: until then this "
            "quarter cannot be calculated.",
            "history",
        ),
        Rule(
            "plausible.copied",
            "warning",
            "All figures of {period} are the same as those of {previous}; {n} of them are above zero.",
            "Check that the file is that of the new period and not the old one under a new name.",
            "history",
        ),
        Rule(
            "revision.changed",
            "information",
            "{label} in {period} was {expected} and is now {seen}.",
            "Nothing to do; the earlier figure is kept and the revision is shown.",
            "history",
        ),
        Rule(
            "coverage.late",
            "information",
            "The deadline has passed ({period}: {expected}).",
            "If this is the right period, you do not need to do anything; the release notes that it came late. If "
            "not, correct the period.",
        ),
        Rule(
            "coverage.too_early",
            "error",
            "The return speaks of {period}, which has not ended.",
            "Correct the period, or send the return once its period has ended.",
        ),
        Rule(
            "coverage.unexpected",
            "information",
            "No return of this kind is expected for {period} from this office.",
            "Nothing to do; it is kept in addition to those that are expected.",
        ),
        Rule(
            "coverage.gone",
            "warning",
            "'{seen}' was reported for {previous}, but is not in this return for {period}.",
            "Enter the figure, or 0 if there was nothing. If the office no longer counts it, explain this.",
            "history",
        ),
        Rule(
            "record.order",
            "error",
            "The {event} of this person is dated {seen}, before the {earlier} of {expected}.",
            "Correct the date that is wrong.",
        ),
        Rule(
            "record.period",
            "error",
            "The event is dated {seen}, outside {period}.",
            "Correct the date, or send the record with the return of its own period.",
        ),
        Rule(
            "record.cutoff",
            "error",
            "The event is dated {seen}, after the cut-off date {expected}.",
            "Correct one of the two dates.",
        ),
        Rule(
            "record.unique",
            "error",
            "The same event of the same person appears twice.",
            "Leave one of the two records.",
        ),
        Rule(
            "record.sentence",
            "error",
            "A length of {seen} months is given for the sanction {sentence_type}, which has no length.",
            "Correct the sanction or delete the length.",
        ),
        Rule(
            "record.length",
            "warning",
            "The prison sentence is {seen} months; the article allows {expected} at most.",
            "Check the length (is it in years?). If it is right, explain why it exceeds the article.",
        ),
    )
}
