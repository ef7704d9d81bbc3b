"""Severity, message and remedy of the rules on reading a return that no reader declares itself."""

from __future__ import annotations

from pipelines.findings.finding import Severity

RETURN_RULES: dict[str, tuple[Severity, str, str]] = {
    "return.not_recognised": (
        "error",
        "This file is not a known form. Nearest: {nearest}.",
        "Send the file on the form agreed for it, or name the form. If the office has changed its form, the new layout "
        "must be declared first.",
    ),
    "return.other_form": (
        "error",
        "This file is on the form {seen}, not on {expected}.",
        "Check the office, the form and the file: one of them does not match the others. Send each file on its own "
        "form.",
    ),
    "return.wrong_format": (
        "error",
        "The form {form} comes as {expected}, but this file is {seen}.",
        "Send the file in the format agreed, or declare the further format in the form.",
    ),
    "return.empty": (
        "error",
        "The return contains no number and does not report that there was nothing to count.",
        "Fill in the tables, or confirm that there was nothing (nil return).",
    ),
    "nil.with_figures": (
        "error",
        "The file reports that there was nothing to count, but it also contains figures.",
        "Delete either the sentence or the figures.",
    ),
    "table.not_found": (
        "error",
        "The table with the heading '{corner}'{under} was not found.{nearest}",
        "Restore the heading and title of the table as they are in the form.",
    ),
    "table.twice": (
        "error",
        "The table with the heading '{corner}' appears here a second time; the first is at {other}.",
        "Delete the table that does not belong to this return.",
    ),
    "table.title_missing": (
        "error",
        "The table is here, but there is no title like '{title}' above it.{nearest}",
        "Restore the title, with its period, as it is in the form.",
    ),
    "table.period_missing": (
        "error",
        "The table '{corner}' is in the file for {seen}, but not for {expected}, for which other tables are.",
        "Put the table of each period in, or send a file for each period.",
    ),
    "table.unread": (
        "error",
        "This table has the headings of the form's table '{corner}', but was not read: the name of its sheet or its "
        "title differs from the form.{nearest}",
        "Restore the name of the sheet and the title, with its period, or delete the table.",
    ),
    "table.undeclared": (
        "warning",
        "This table holds figures that belong to no declared table; they were not read.",
        "Delete it, or have it declared in the form.",
    ),
    "heading.undeclared": (
        "error",
        "The form has no column with the heading '{seen}'.{nearest}",
        "Change it back to the heading of the form. If you need a new column, ask the secretariat.",
    ),
    "heading.missing": (
        "error",
        "The heading '{expected}' is missing from this table.",
        "Put the column back, or correct its heading; leave its cells with the sign for missing if there is no figure.",
    ),
    "heading.blank": (
        "error",
        "Column {column} holds figures but has no heading.",
        "Write its heading, or delete the figures.",
    ),
    "label.undeclared": (
        "error",
        "The form has no row with the label '{seen}'.{nearest}",
        "Change it back to the label of the form. If you need a new row, ask the secretariat.",
    ),
    "label.missing": (
        "error",
        "The row '{expected}' is missing from this table.",
        "Put the row back, or correct its label.",
    ),
    "label.absent": (
        "warning",
        "The row '{expected}' is in another table of this file, but not in this one.",
        "Add the row, with 0 if there was nothing. If it does not belong here, explain this.",
    ),
    "label.blank": ("error", "The row holds figures but has no label.", "Write its label, or delete the figures."),
    "label.not_valid": (
        "error",
        "'{seen}' is declared for {expected}, not for {period}.",
        "Use the word of the form that is valid for this period.",
    ),
    "cell.empty": (
        "error",
        "The cell is empty.",
        "Write 0 if nothing happened, or the sign for missing if it is not known.",
    ),
    "cell.not_a_number": (
        "error",
        "'{seen}' is not a number, and not a sign that this form uses. Expected {expected}.",
        "Write the number alone. If signs are listed as expected, you can write one of them.",
    ),
    "cell.number_as_text": (
        "information",
        "The number '{seen}' is stored as text; it was read as {value}.",
        "Nothing to do; formatting the cell as a number avoids mistakes.",
    ),
    "cell.date": (
        "error",
        "The cell holds a date ({seen}) where {expected} is expected.",
        "The spreadsheet has probably turned a label or number into a date: format the cell as text and type it again.",
    ),
    "cell.error": ("error", "The cell shows the error {seen}.", "Correct the formula, or type the number."),
    "cell.formula": (
        "error",
        "The formula in this cell was never calculated, so its result is not in the file.",
        "Open the file in the spreadsheet program, recalculate, and save it; or type the number.",
    ),
    "cell.boolean": ("error", "The cell holds {seen}, not a number.", "Type the number."),
    "cell.percent": (
        "error",
        "The cell is formatted as per cent ({seen}); a count is expected.",
        "Type the count and format the cell as a whole number.",
    ),
    "cell.shown_otherwise": (
        "error",
        "The cell holds {seen}, but its format hides the number or shows another one.",
        "Format the cell as a whole number, and see whether the figure shown then is the right one.",
    ),
    "cell.merged_value": (
        "error",
        "This number is in a merged cell that spans several rows or columns, so its place is uncertain.",
        "Undo the merge and write each number in its own cell.",
    ),
    "cell.hidden": (
        "error",
        "{what} is hidden and holds values.",
        "Unhide it if it belongs to the return, or delete it.",
    ),
    "cell.struck": (
        "error",
        "The cell contains '{seen}', which is struck through, deleted or hidden, so its number is uncertain.",
        "Delete that text for good (accept the changes in Word), so that only the number that counts is left.",
    ),
    "cell.unbound": (
        "warning",
        "The number {seen} is outside every declared table and was not read.",
        "Delete it, or have the table declared.",
    ),
    "cell.lookalike": (
        "information",
        "'{seen}' mixes Latin and Cyrillic letters that look alike; it was read as the word of one script.",
        "Nothing to do; typing the word again corrects it.",
    ),
    "mark.undeclared": (
        "warning",
        "The note mark '{seen}' is not declared, so its meaning is not known.",
        "Explain the mark, or have it declared in the form.",
    ),
    "value.negative": ("error", "A count cannot be negative: {seen}.", "Correct the number."),
    "value.fraction": (
        "error",
        "A count is a whole number: {seen}.",
        "Correct the number; check which sign is the decimal sign and which the thousands sign.",
    ),
    "key.duplicate": (
        "error",
        "This number has the same meaning as the one at {other} ({what}).",
        "Delete one of the two, or correct the label of one.",
    ),
    "sum.differs": (
        "error",
        "{dim}: the parts add up to {expected}, but the total says {seen}.",
        "Correct the total or the part that is wrong.",
    ),
    "sum.exceeded": (
        "error",
        "{dim}: the parts given add up to {expected}, more than the total {seen}.",
        "Correct the total or the part that is wrong.",
    ),
    "period.missing": (
        "error",
        "The period could not be read: neither title, sheet, heading nor label names {what}.",
        "Write the year and quarter where the form has them.",
    ),
    "period.contradiction": (
        "error",
        "The period here is {seen}, elsewhere in this file {expected}.",
        "Correct the one that is wrong.",
    ),
    "period.file_name": (
        "warning",
        "The name of the file says {seen}, but its figures are for {expected}.",
        "Check that this is the file you meant to send. If it is, explain this, and name the next one after its "
        "period.",
    ),
    "period.outside_form": (
        "error",
        "The period {seen} is outside the validity of the form {form} ({expected}).",
        "Send the period on the form that is valid for it; check the year and quarter in the title.",
    ),
    "article.not_in_force": (
        "warning",
        "Article {article} was not in force in {period} by the law on record.",
        "Check the article; a decision under an earlier law is right and needs only this confirmation.",
    ),
    "article.unknown": (
        "error",
        "Article {article} is not in the law on record of {jurisdiction}.",
        "Check the article; a new article must be entered in the law file first.",
    ),
    "form.contradiction": (
        "error",
        "The form contradicts itself about this number: {what}.",
        "The declaration of the form must be corrected; the return itself may be right.",
    ),
    "form.incomplete": (
        "error",
        "The form does not say the {what} of this number.",
        "The declaration of the form must be corrected; the return itself may be right.",
    ),
    "cube.dimension_undeclared": (
        "error",
        "The dimension '{seen}' is not declared.{nearest}",
        "Remove it from the table, or have it declared in the form.",
    ),
    "cube.dimension_missing": (
        "error",
        "The dimension '{expected}' is missing.",
        "Save the table with this dimension.",
    ),
    "cube.member_undeclared": (
        "error",
        "'{seen}' of the dimension {dimension} is not declared.{nearest}",
        "Use the codes of the form; a new one must be declared before it can be read.",
    ),
    "cube.words_differ": (
        "error",
        "The code {code} is labelled '{seen}' in this file, but in the form it is '{expected}'.",
        "Check whether codes or labels were exchanged. Give each code its own label, with the figures that belong to "
        "it.",
    ),
    "line.words_differ": (
        "error",
        "This line says '{seen}' in words, but its code means '{expected}'.",
        "Check whether codes or words were exchanged, and which of them the figures belong to.",
    ),
    "cube.attribute_undeclared": (
        "error",
        "The attribute {seen} is not declared.",
        "Remove it, or have it declared in the form.",
    ),
    "cube.attribute_code": (
        "error",
        "The attribute {attribute} has the value '{seen}', which is not declared.",
        "Use the codes of the form.",
    ),
    "cube.status_with_value": (
        "error",
        "The status of this observation says that there is no figure, but it holds {seen}.",
        "Delete the figure, or correct the status.",
    ),
    "cube.property": ("error", "{keyword} should be {expected} but is {seen}.", "Save the table with this setting."),
    "cube.action": (
        "error",
        "The file asks for the action {seen}, but this form takes {expected}.",
        "Send the whole return with the action Replace. What a full return leaves out is withdrawn, so nothing can be "
        "added to one or changed in it.",
    ),
    "unit.scaled": (
        "error",
        "'{seen}' says that the figures are in thousands or another multiple; counts in single units are expected.",
        "Send the counts in single units, not rounded. If they are, delete these words.",
    ),
    "unit.share": (
        "error",
        "'{seen}' says that the figures are percentages, shares or rates; counts are expected.",
        "Send the counts. If the figures are counts, delete these words.",
    ),
    "unit.cases": (
        "error",
        "'{seen}' says that cases or offences are counted, but this form counts something else here.",
        "Send the figures that the form asks for. If they are, correct these words.",
    ),
    "unit.persons": (
        "error",
        "'{seen}' says that persons are counted, but this form counts something else here.",
        "Send the figures that the form asks for. If they are, correct these words.",
    ),
    "unit.unknown": (
        "warning",
        "The unit '{seen}' is not known to mean a count.",
        "Write 'number' or 'persons' as the unit if the figures are counts; otherwise send counts.",
    ),
    "list.incomplete": (
        "error",
        "{count} codes of the form are nowhere in this file, such as '{expected}' under '{seen}'; the file may be cut "
        "short.",
        "Send the whole file, with every code of the form and 0 where there was nothing.",
    ),
    "list.cut": (
        "error",
        "{dim}: {count} parts are missing from the breakdown of '{seen}' and others like it; the file may be cut "
        "short.",
        "Send the whole file, with every part of each breakdown and 0 where there was nothing.",
    ),
    "cube.absent": (
        "error",
        "{count} combinations are left out, such as {seen}; this form allows no gaps.",
        "Write every combination, with 0 or the sign for missing.",
    ),
    "record.date": ("error", "'{seen}' is not a date written as {expected}.", "Write the date in the form's way."),
    "record.blank": ("error", "The field '{field}' is empty.", "Fill it in; every record needs it."),
    "record.value": ("error", "'{seen}' is not a value of '{field}'. Expected {expected}.", "Correct the value."),
    "record.no_event": ("error", "The record holds no event.", "Enter the date of at least one event."),
    "record.age": (
        "warning",
        "The age of this person is {seen}; {expected} whole years were expected.",
        "Correct the age, or leave it empty if it is not known.",
    ),
    "record.ages": (
        "warning",
        "The same person is {seen} years old here and {expected} in another record.",
        "Correct the age or the code of the person that is wrong.",
    ),
    "record.sanction_alone": (
        "warning",
        "A sanction or its length is given, but the record has no conviction.",
        "Enter the conviction, or delete the sanction and its length.",
    ),
    "record.outside_period": (
        "error",
        "The event of {seen} is outside the period of the return ({expected}).",
        "Correct the date, or send the record in the return of its own period.",
    ),
    "record.before_start": (
        "error",
        "The event of {seen} is before the registration of the request on {expected}.",
        "Correct the date that is wrong.",
    ),
    "record.after_cutoff": (
        "error",
        "The event of {seen} is after the cut-off date {expected}.",
        "Correct the date or the cut-off date.",
    ),
    "correction.applied": (
        "information",
        "A known error of the source was corrected: {seen} was read as {expected} ({reason}).",
        "Nothing to do.",
    ),
    "correction.stale": (
        "error",
        "The correction {id} expects {expected} here, but the file holds {seen}.",
        "If the source has corrected its error, remove the correction from corrections.yml.",
    ),
    "correction.not_found": (
        "error",
        "The correction {id} concerns a number that this return does not hold ({what}).",
        "If the source has changed, remove or correct the entry in corrections.yml.",
    ),
    "person.column": (
        "error",
        "A column or field for names, dates of birth, addresses, telephone numbers or document numbers of persons is "
        "filled in here. The file was not kept.",
        "Delete it from your file and send the file again. Use only pseudonyms of your office to distinguish persons.",
    ),
    "person.number": (
        "error",
        "This cell contains a personal identity number ({kind}). The file was not kept.",
        "Delete it, or replace it with a pseudonym of your office, and send the file again. If it is another kind "
        "of number, let the secretariat know which cell it is.",
    ),
    "person.name": (
        "error",
        "This cell seems to contain the name of a person. The file was not kept.",
        "Delete it and send the file again. If it is not the name of a person, let the secretariat know which cell "
        "it is.",
    ),
    "findings.capped": (
        "information",
        "{count} more findings of the rule {rule} are not listed.",
        "Correct those listed first and check again.",
    ),
}
