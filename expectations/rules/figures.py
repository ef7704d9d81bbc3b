"""Rules on figures: their codes, sums and parts, and their plausibility next to earlier figures."""

from __future__ import annotations

from pipelines.findings.rules import Rule

RULES = (
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
        "{dim}: '{label}' is {seen}. It is part of '{total}', which is only {expected}.",
        "Correct the total or the part that is wrong.",
    ),
    Rule(
        "sum.repair",
        "information",
        "With {expected} instead of {seen} in '{label}', all {n} contradictions around this figure would be settled.",
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
        "{part} is {seen} in {period}. It is part of the figure for {whole}, which is only {expected}.",
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
        "{measure}, {period}, '{label}': {opening} at the start, {entries} in and {exits} out leave {expected}, but "
        "{seen} is given at the end.",
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
)
