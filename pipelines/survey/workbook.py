"""Write the questionnaire of a role as a workbook to fill in without a network, and read the answers in it.

The workbook names no person, round or link: everybody with the same role and language gets the same one. Its first
column, which is hidden, has the id of each question, or of a question and one of its answers.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.core.i18n import mark, tell
from pipelines.survey.answer_rules import LONGEST_TEXT, Fault, Questionnaire
from pipelines.survey.bank import Bank, text_in
from pipelines.survey.bank_model import LANGUAGES, Question
from pipelines.survey.surveys import SurveyError

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from pipelines.model.content import Grid

MARK = "X"
"""Mark next to each answer of a question with several choices."""
_KEY = re.compile(r"([A-Z]{2}\d{2})(?::(\w+))?")
_KEYS, _TEXTS, _ANSWERS, _NOTES = 1, 2, 3, 4
_WIDTHS = {"B": 70, "C": 45, "D": 24}
_LONGEST_NAME = 31
"""Letters of a sheet's name."""


class WorkbookError(SurveyError):
    """A file is not a workbook of this questionnaire; nothing was saved."""

    def __init__(self) -> None:
        super().__init__(
            mark(
                "This file is not the workbook of this questionnaire, so nothing was saved. Download the workbook "
                "here, fill it in and save it as an Excel workbook (.xlsx)."
            )
        )


@dataclass(frozen=True, slots=True)
class WorkbookAnswers:
    """Answers of a workbook, and what is wrong with those that are not taken."""

    answers: Mapping[str, tuple[str, ...]]
    faults: Mapping[str, Fault]


def build_workbook(questionnaire: Questionnaire, title: str, language: str) -> bytes:
    """Return the workbook of a role in a language, as XLSX."""
    from openpyxl import Workbook

    book = Workbook()
    page = book.worksheets[0]
    lists = book.create_sheet("Lists")
    lists.sheet_state = "hidden"
    page.title = tell("Questionnaire", language)[:_LONGEST_NAME]
    _write_row(page, "", title, is_bold=True)
    for text in (
        tell("Fill in the third column and save the file. Then open your link and upload it there.", language),
        tell("Choose an answer from the list of the cell. If several fit, write {mark} next to each.", language,
             mark=MARK),
        tell("Write no names and no details of cases.", language),
    ):  # fmt: skip
        _write_row(page, "", text)
    _Writer(page, lists, questionnaire, language).write_questions()
    page.column_dimensions["A"].hidden = True
    for column, width in _WIDTHS.items():
        page.column_dimensions[column].width = width
    page.freeze_panes = "C2"
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]
    # Without a password: the lock prevents overwriting questions by mistake, not changing them on purpose.
    page.protection.sheet = lists.protection.sheet = True
    page.protection.formatRows = page.protection.formatColumns = False
    book.properties.creator = "RTI"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def read_answers(questionnaire: Questionnaire, grid: Grid) -> WorkbookAnswers:
    """Return the answers of a workbook that was read. Rows of other questions are passed over. Raises WorkbookError."""
    values_by_question: dict[str, list[str]] = {}
    faults: dict[str, Fault] = {}
    questions = {q.id: q for q in questionnaire.bank.list_questions(questionnaire.form, questionnaire.role)}
    is_ours = False
    for table in grid.tables:
        rows: dict[int, dict[int, str]] = {}
        for cell in table.cells:
            if cell.column in (_KEYS, _ANSWERS) and cell.text.strip():
                rows.setdefault(cell.row, {})[cell.column] = cell.text.strip()
        for row in rows.values():
            key = _KEY.fullmatch(row.get(_KEYS, ""))
            question = questions.get(key[1]) if key is not None else None
            if key is None or question is None:
                continue
            is_ours = True
            if not (text := row.get(_ANSWERS)):
                continue
            code = key[2] or _find_code(questionnaire.bank, question, text)
            if code is None:
                faults[question.id] = "unknown"
            else:
                values_by_question.setdefault(question.id, []).append(code)
    if not is_ours:
        raise WorkbookError
    answers: dict[str, tuple[str, ...]] = {}
    for question_id, values in values_by_question.items():
        cleaned, fault = questionnaire.clean_answer(questions[question_id], values)
        if fault is not None:
            faults[question_id] = fault
        elif question_id not in faults:
            answers[question_id] = cleaned
    return WorkbookAnswers(answers, faults)


def _find_code(bank: Bank, question: Question, text: str) -> str | None:
    """Return the code of an answer from its text in any language; the text itself for free text."""
    if question.kind == "free_text":
        return text
    cleaned_text = " ".join(text.casefold().split())
    for code in bank.list_codes(question):
        labels = (bank.answer_text(question, code, language) for language in (*LANGUAGES, "sr-Latn"))
        if cleaned_text in (code, *(label.casefold() for label in labels)):
            return code
    return None


class _Writer:
    """Write the questions below one another, and the lists of their answers on a sheet of their own."""

    def __init__(self, page: Worksheet, lists: Worksheet, questionnaire: Questionnaire, language: str) -> None:
        self.page, self.lists = page, lists
        self.questionnaire, self.bank, self.language = questionnaire, questionnaire.bank, language
        self.rules: dict[tuple[str, ...], Any] = {}

    def write_questions(self) -> None:
        theme = ""
        for question in self.bank.list_questions(self.questionnaire.form, self.questionnaire.role):
            if self.bank.theme_by_question[question.id] != theme:
                theme = self.bank.theme_by_question[question.id]
                _write_row(self.page, "", "")
                _write_row(self.page, "", text_in(self.bank.lists.themes[theme], self.language), is_bold=True)
            self._write_question(question)

    def _write_question(self, question: Question) -> None:
        text = text_in(question.wording.text, self.language)
        notes = [tell("(needs an answer)", self.language)] if self.questionnaire.is_required(question) else []
        if question.show_if is not None:
            before = self.bank.find_question(question.show_if.question)
            answers = [self.bank.answer_text(before, code, self.language) for code in question.show_if.answers]
            notes.append(
                tell(
                    "Only if you answered “{answers}” to: {question}",
                    self.language,
                    answers="”, “".join(answers),
                    question=text_in(before.wording.text, self.language),
                )
            )
        note = " ".join(notes)
        options = {
            code: self.bank.answer_text(question, code, self.language) for code in self.bank.list_codes(question)
        }
        if question.kind == "multiple":
            _write_row(self.page, "", text, note, is_bold=True)
            for code, label in options.items():
                _write_row(self.page, f"{question.id}:{code}", f"    {label}")
                self._allow((MARK,))
        else:
            _write_row(self.page, question.id, text, note)
            self._allow(tuple(options.values()))

    def _allow(self, answers: tuple[str, ...]) -> None:
        """Unlock the answer of the row written last, and offer a list of answers; without one, a text."""
        from openpyxl.styles import Alignment, Border, PatternFill, Protection, Side

        cell = self.page.cell(self.page.max_row, _ANSWERS)
        line = Side(style="thin", color="FFB6C2CF")
        cell.protection = Protection(locked=False)
        cell.border = Border(left=line, right=line, top=line, bottom=line)
        cell.fill = PatternFill("solid", fgColor="FFFFFFFF")
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.number_format = "@"
        if answers not in self.rules:
            self.rules[answers] = self._make_rule(answers)
            self.page.add_data_validation(self.rules[answers])
        self.rules[answers].add(cell)

    def _make_rule(self, answers: tuple[str, ...]) -> Any:
        from openpyxl.utils import get_column_letter
        from openpyxl.worksheet.datavalidation import DataValidation

        if not answers:
            rule = DataValidation(type="textLength", operator="lessThanOrEqual", formula1=str(LONGEST_TEXT))
            rule.error = tell("At most {n} characters.", self.language, n=LONGEST_TEXT)
        else:
            column = len(self.rules) + 1
            for number, answer in enumerate(answers, start=1):
                self.lists.cell(number, column, answer)
            letter = get_column_letter(column)
            rule = DataValidation(type="list", formula1=f"Lists!${letter}$1:${letter}${len(answers)}")
            rule.error = tell("Choose an answer from the list.", self.language)
        rule.allow_blank = rule.showErrorMessage = True
        return rule


def _write_row(page: Worksheet, key: str, text: str, note: str = "", *, is_bold: bool = False) -> None:
    from openpyxl.styles import Alignment, Font

    row = page.max_row + 1 if page.max_row > 1 or page.cell(1, _TEXTS).value else 1
    for column, content in ((_KEYS, key), (_TEXTS, text), (_NOTES, note)):
        cell = page.cell(row, column)
        # A label such as `=1` must stay a text.
        cell.value, cell.data_type = content or None, "s" if content else "n"
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    page.cell(row, _TEXTS).font = Font(bold=is_bold)
    page.cell(row, _NOTES).font = Font(color="FF4B5563", size=10)
