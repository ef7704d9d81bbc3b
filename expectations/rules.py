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
            "parts.exceeded",
            "error",
            "{dim}: '{label}' is {seen}, more than {expected} in '{total}', which includes it.",
            "Correct the total or the part that is wrong.",
        ),
        Rule(
            "sum.repair",
            "information",
            "With {expected} instead of {seen} in '{label}', all {n} contradictions around this figure would be "
            "settled.",
            "Compare the figure with its source. If {expected} is right, correct it.",
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
            "plausible.outcomes",
            "warning",
            "{whole} is {expected} in {period}, but its outcomes add up to {seen}.",
            "Check these figures. If all are right, explain how they are counted.",
        ),
        Rule(
            "plausible.sanctions",
            "warning",
            "{part} is {seen} in {period}, but {whole} is {expected}; nearly every conviction has a sanction.",
            "Check both figures. If both are right, explain how they are counted.",
        ),
        Rule(
            "plausible.stocks",
            "warning",
            "{measure} at the start of {period} is {seen} in '{label}', but at the end of the period before it was "
            "{expected}; {n} such figures differ, although their total agrees.",
            "Check that no rows or columns are exchanged. If cases were recounted, explain this.",
            "history",
        ),
        Rule(
            "plausible.balance",
            "warning",
            "{measure}, {period}: {opening} at the start, {entries} in and {exits} out leave {expected}, but {seen} is "
            "given at the end.",
            "Check the stocks and the flows between them. If some entries or exits are not counted, explain this.",
            "history",
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
            "plausible.jump_of_part",
            "warning",
            "{measure} ({offence_group}; {breakdown}) is {seen} in {period}; the {n} figures before it average {mean} "
            "(probability {p}). Other surprising parts of the same total: {others}.",
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
            "All {n} figures of {period}, {not_zero} of them not zero, are the same as those of {previous}.",
            "Check that the file is that of the new period and not the old one under a new name.",
            "history",
        ),
        Rule(
            "plausible.nearly_copied",
            "warning",
            "Of the {n} figures of {period} that are not zero, {same} are the same as those of {previous} (probability "
            "{p}).",
            "Check that the file is that of the new period and not the old one under a new name.",
            "history",
        ),
        Rule(
            "plausible.table_copied",
            "warning",
            "Of the {n} figures of {period} in this table that are not zero, {same} are the same as those of "
            "{previous} (probability {p}). Other tables like this: {others}.",
            "Check that the table is that of the new period and not an old one that was left in the file.",
            "history",
        ),
        Rule(
            "plausible.rewritten",
            "warning",
            "{period} was accepted before, and this return changes {changed} of its {n} figures that are not zero.",
            "Check that the period in the file is right. If the earlier figures were wrong, explain what happened.",
            "history",
        ),
        Rule(
            "nil.after_figures",
            "warning",
            "This return reports nothing for {period}. In the {n} periods before it, all counts together were {mean} "
            "on average (probability of zero: {p}).",
            "If there was nothing, explain why. If the figures are only late or not known, withdraw this return and "
            "send them when you have them.",
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
            "plausible.sources",
            "warning",
            "{measure} in {period}: {seen} persons here; the other source of the jurisdiction has {other}, so "
            "{expected} were expected (probability {p}).",
            "Compare both sources. If both are right, explain the difference.",
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
            "coverage.categories",
            "warning",
            "{dim}: {categories} was reported for {previous}, but is nowhere in this return for {period}; {n} figures "
            "are left out, such as '{seen}'.",
            "Enter the figures, or 0 if there was nothing. If the office no longer counts them, explain this.",
            "history",
        ),
        Rule(
            "coverage.figures",
            "warning",
            "{n} of {total} figures that were reported for {previous} are not in this return for {period}, such as "
            "'{seen}'.",
            "Check that the file is complete. Enter the figures, or 0 if there was nothing; if the office no longer "
            "counts them, explain this.",
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
        Rule(
            "record.term",
            "warning",
            "The sanction ({sentence_type}) is {seen} months long; the law has none above {expected}. Persons "
            "affected: {records}.",
            "Check the length. If it is right, explain it.",
        ),
        Rule(
            "record.no_length",
            "warning",
            "The length of the sanction ({sentence_type}) is {seen} months. Persons affected: {records}.",
            "Enter the length, or leave it empty if it is not known.",
        ),
        Rule(
            "record.part_of_month",
            "warning",
            "The length of the sanction is {seen} months, not a whole number of months. Persons affected: {records}.",
            "Check the length. If it is right, explain it.",
        ),
        Rule(
            "record.person",
            "warning",
            "One person has two values of {dim} in this return: '{category}' here, '{other}' in another record. "
            "Persons affected: {records}.",
            "Correct the value, or the code of the person, that is wrong.",
        ),
        Rule(
            "record.exclusive",
            "warning",
            "'{event}' ({seen}) and '{earlier}' ({expected}) of one person exclude each other: nothing brought the "
            "case back. Persons affected: {records}.",
            "Delete the event that is wrong, or add the one that brought the case back.",
        ),
        Rule(
            "record.twice",
            "warning",
            "'{event}' of one person is dated {seen} here and {expected} in another record of this return. Persons "
            "affected: {records}.",
            "Delete the event that is wrong, or add the one that brought the case back.",
        ),
        Rule(
            "record.stage_missing",
            "warning",
            "'{event}' of {seen} has no '{earlier}' on or before that day. Persons affected: {records}.",
            "Add the missing event, or delete the one that is wrong.",
        ),
        Rule(
            "record.outcome_missing",
            "warning",
            "'{event}' of {seen} has no outcome: no conviction, acquittal, rejection or discontinuance on that day. "
            "Persons affected: {records}.",
            "Add the missing event, or delete the one that is wrong.",
        ),
        Rule(
            "record.sanctions",
            "warning",
            "The same sanction is '{category}' ({seen} months) here and '{other}' ({expected} months) in another "
            "record. Persons affected: {records}.",
            "Correct the record that is wrong.",
        ),
        Rule(
            "record.length_missing",
            "warning",
            "The sanction ({sentence_type}) has no length. Persons affected: {records}.",
            "Enter the length. If there is none, as for life imprisonment, explain it.",
        ),
        Rule(
            "record.sanction_of_age",
            "warning",
            "The sanction ({sentence_type}) does not fit the age ({category}). Persons affected: {records}.",
            "Correct the sanction or the age. If both are right, explain it.",
        ),
        Rule(
            "record.unknown",
            "warning",
            "The value of {dim} is not given for {seen} of {n} persons.",
            "Check that the column was exported. If it is not known, explain this.",
        ),
        Rule(
            "record.gap",
            "warning",
            "There is no event ({measure}) from {seen} to {expected} in {period} (probability {p}).",
            "Check that the file is complete. If there was no event, explain this.",
        ),
        Rule(
            "record.far",
            "warning",
            "The event is dated {seen}, many years before the newest event ({expected}). Records affected: {records}.",
            "Correct the date. If it is right, explain it.",
        ),
        Rule(
            "record.changed_person",
            "warning",
            "A person has another {dim} than in an earlier return: '{category}' here, '{other}' there. Persons "
            "affected: {records}.",
            "Correct the value, or the code of the person, that is wrong.",
            "history",
        ),
        Rule(
            "record.reported_before",
            "warning",
            "'{event}' of one person is dated {seen}, but another return has it on {expected}. Persons affected: "
            "{records}.",
            "Delete the event that is wrong, or add the one that brought the case back.",
            "history",
        ),
        Rule(
            "record.ended",
            "warning",
            "'{event}' ({seen}) contradicts '{earlier}' ({expected}) of the same person in another return: nothing "
            "brought the case back. Persons affected: {records}.",
            "Delete the event that is wrong, or add the one that brought the case back.",
            "history",
        ),
        Rule(
            "record.copied",
            "warning",
            "{seen} of the {n} events of {period} are also in the return for {previous}.",
            "Check that the file is that of the new period and not the old one under a new name.",
            "history",
        ),
        Rule(
            "record.number",
            "warning",
            "Proceedings in {period} ({measure}): {seen}; the {n} returns before average {mean} (probability {p}).",
            "Check that the file is complete. If it is, explain the number.",
            "history",
        ),
        Rule(
            "record.share",
            "warning",
            "The share of '{category}' ({dim}) in {period} is {seen} of {n}; in the {periods} periods before it was "
            "{share} per cent (probability {p}).",
            "Compare the column with its source. If it is right, explain it.",
            "history",
        ),
        Rule(
            "record.unusual_length",
            "warning",
            "The sanction ({sentence_type}) is {seen} months long; the longest of {n} before was {expected}. Persons "
            "affected: {records}.",
            "Check the length. If it is right, explain it.",
            "history",
        ),
        Rule(
            "record.lengths_shifted",
            "warning",
            "The {n} sanctions ({sentence_type}) of {period} average {seen} months; {expected} were expected from "
            "earlier returns (probability {p}).",
            "Check the unit of the lengths. If they are right, explain it.",
            "history",
        ),
    )
}
