"""Faults in the text around the numbers: units, actions, words against codes, periods, struck-through text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from tests.faults.edits import (
    Edit,
    chain_edits,
    change_document,
    change_json,
    change_workbook,
    docx_cell,
    each_line,
    exchange_texts,
    open_cells,
    page_cells,
    replace_once_in_part,
    replace_text,
    report_text,
    set_cells,
    set_fields,
    struck_report_cell,
    xml_part,
)
from tests.faults.fault import (
    AL,
    AL_CSV,
    BRC,
    CENTRE,
    COORDINATOR,
    FED,
    HR_PX,
    JSON,
    ME,
    ME_XLS,
    MK,
    PX,
    REPORT,
    SDMX,
    SDMX_CSV,
    SRP,
    STATE,
    Fault,
    plant_fault,
)

_CP1250, _CP1251 = "cp1250", "cp1251"


def list_faults() -> Iterator[Fault]:
    """Yield the faults of this module."""
    yield from _units_of_formats()
    yield from _actions_and_attributes()
    yield from _scale_words()
    yield from _unit_words()
    yield from _words_against_codes()
    yield from _titles()
    yield from _filenames()
    yield from _marked_text()


def _alone(family: str, name: str, file: str, edit: Edit, *places: str) -> Fault:
    """Return a fault that the file alone shows."""
    return plant_fault(family, name, file, edit, *places, history=False)


def _units_of_formats() -> Iterator[Fault]:
    family = "PX: units"
    for name, file, old, new, encoding in (
        ("thousands, Croatia", HR_PX, 'UNITS="broj"', 'UNITS="tisuće"', _CP1250),
        ("per cent, Croatia", HR_PX, 'UNITS="broj"', 'UNITS="%"', _CP1250),
        ("thousands, North Macedonia", PX, 'UNITS="лица"', 'UNITS="илјади"', _CP1251),
        ("cases, North Macedonia", PX, 'UNITS="лица"', 'UNITS="предмети"', _CP1251),
        ("per cent, North Macedonia", PX, 'UNITS="лица"', 'UNITS="проценти"', _CP1251),
    ):
        yield _alone(family, name, file, replace_text(old, new, encoding), "UNITS line 14", "UNITS*", "line 14")
    edit = replace_text('UNITS[en]="persons"', 'UNITS[en]="thousands"', _CP1251)
    yield _alone(family, "thousands in the other language", PX, edit, "UNITS[en] line 37", "UNITS*", "line 37")

    family = "JSON-stat: unit"
    places = ("obiljezje", "obiljezje*", "dimension*", "unit*", "extension*", "value*")

    def state_unit(unit: dict[str, object]) -> Edit:
        def change_content(content: Any) -> None:
            category = content["dimension"]["obiljezje"]["category"]
            category["unit"] = dict.fromkeys(category["index"], unit)

        return change_json(change_content)

    yield _alone(family, "thousands by their multiplier", JSON, state_unit({"multiplier": 3, "decimals": 0}), *places)
    yield _alone(family, "per cent by its symbol", JSON, state_unit({"symbol": "%", "position": "end"}), *places)
    yield _alone(family, "thousands by their label", JSON, state_unit({"label": "tisuće", "base": "osobe"}), *places)
    yield _alone(family, "cases by their label", JSON, state_unit({"label": "broj predmeta"}), *places)


def _actions_and_attributes() -> Iterator[Fault]:
    family = "SDMX: action"
    for action in ("Delete", "Append"):
        edit = replace_text('ss:action="Replace"', f'ss:action="{action}"')
        yield _alone(family, action, SDMX, edit, "line 13", "action*", "DataSet*", "")
    edit = replace_text("    <mes:Prepared>", "    <mes:DataSetAction>Delete</mes:DataSetAction>\n    <mes:Prepared>")
    yield _alone(
        family,
        "Delete in the header",
        SDMX,
        chain_edits(edit, replace_text(' ss:action="Replace"', "")),
        "line 7",
        "line 1*",
    )

    family = "SDMX: attributes"
    observation = 'OBS_VALUE="23" OBS_STATUS="A"'
    edit = replace_text(observation, f'{observation} UNIT_MULT="3"')
    yield _alone(family, "thousands at an observation", SDMX, edit, "line 969", "UNIT_MULT*")
    series = 'INDIKATOR="PRIJAVLJENI" DELO="KZ350_1" OBELEZJE="T"'
    edit = replace_text(series, f'{series} UNIT_MEASURE="PC"')
    yield _alone(family, "per cent at a series", SDMX, edit, "line 968", "line 969", "UNIT_MEASURE*")
    edit = replace_text(observation, 'OBS_VALUE="23" OBS_STATUS="M"')
    yield _alone(family, "missing, with a number", SDMX, edit, "line 969", "OBS_STATUS*")
    edit = replace_text(observation, f'{observation} CONF_STATUS="C"')
    yield _alone(family, "confidential", SDMX, edit, "line 969", "CONF_STATUS*")
    edit = chain_edits(
        each_line(lambda s: s.replace(",COMMENT", ",UNIT_MULT,COMMENT"), {1}),
        each_line(lambda s: s.replace(",A,Demo", ",A,3,Demo"), range(2, 122)),
    )
    yield _alone(family, "thousands in a column", SDMX_CSV, edit, "*")
    edit = each_line(lambda s: s.replace(",29,A,", ",29,M,"), {2})
    yield _alone(
        family, "missing, with a number, in a column", SDMX_CSV, edit, "line 2 column 11", "line 2*", "OBS_STATUS*"
    )


def _scale_words() -> Iterator[Fault]:
    family = "words: scale"
    yield _alone(family, "above, North Macedonia", MK, set_cells({"Т-01!A5": "(во илјади)"}), "Т-01!A5", "Т-01!*")
    title = "Т-03: Правосилно осудени полнолетни лица, 3. квартал 2026 година, во илјади"
    yield _alone(family, "title, North Macedonia", MK, set_cells({"Т-03!A4": title}), "Т-03!A4", "Т-03!*")
    edit = replace_text('<table class="tabela">', '<p>(u hiljadama)</p>\n<table class="tabela">')
    yield _alone(family, "above, Montenegro", ME, edit, "table 1*", "line 18", "*")
    edit = replace_text("<p>Знак - значи", "<p>Подаци су у хиљадама.</p>\n<p>Знак - значи")
    yield _alone(family, "below, Serbia", CENTRE, edit, "*")
    edit = replace_once_in_part(
        "word/document.xml",
        "DEMONSTRACIONI PODACI (izmišljeni)",
        "Podaci u hiljadama. DEMONSTRACIONI PODACI (izmišljeni)",
    )
    yield _alone(family, "above, State", STATE, edit, "*")
    edit = open_cells({"Табела 2!A5": "(у хиљадама)"})
    yield _alone(family, "above, Srpska", SRP, edit, "Табела 2!A5", "Табела 2!*")
    yield _alone(
        family, "above, Bosnia", COORDINATOR, set_cells({"Tabela 3!A5": "u hiljadama"}), "Tabela 3!A5", "Tabela 3!*"
    )
    edit = replace_text("Zyra e Koordinatorit Kombëtar", "(në mijëra) Zyra e Koordinatorit Kombëtar")
    yield _alone(family, "above, Albania", AL_CSV, edit, "line 2 column 1", "line 2*")
    edit = report_text(1, "DEMONSTRATION DATA, INVENTED", "VLERAT NE MIJE")
    yield _alone(family, "above, Kosovo", REPORT, edit, "*")


def _unit_words() -> Iterator[Fault]:
    family = "words: unit"
    yield _alone(
        family, "cases, North Macedonia", MK, set_cells({"Т-01!A5": "(број на предмети)"}), "Т-01!A5", "Т-01!*"
    )
    yield _alone(family, "per cent, North Macedonia", MK, set_cells({"Т-06!A5": "(%)"}), "Т-06!A5", "Т-06!*")
    yield _alone(
        family, "per cent, Albania", AL, set_cells({"Tremujori III!A4": "(në përqindje)"}), "Tremujori III!A4", "*"
    )
    edit = replace_text('<table class="tabela">', '<p>(broj predmeta)</p>\n<table class="tabela">')
    yield _alone(family, "cases, Montenegro", ME, edit, "*")
    edit = replace_text('<table class="tabela">', '<p>(у процентима)</p>\n<table class="tabela">', nth=2)
    yield _alone(family, "per cent, Serbia", CENTRE, edit, "*")
    yield _alone(
        family, "cases, Srpska", SRP, open_cells({"Табела 1!A5": "(број предмета)"}), "Табела 1!A5", "Табела 1!*"
    )
    edit = set_cells({"Tabela 1!A5": "(u procentima)"})
    yield _alone(family, "per cent, Bosnia and Herzegovina", COORDINATOR, edit, "Tabela 1!A5", "Tabela 1!*")


def _words_against_codes() -> Iterator[Fault]:
    family = "words against codes"
    edit = replace_text('"Ukupno","Muškarci","Žene"', '"Ukupno","Žene","Muškarci"', _CP1250)
    yield _alone(family, "sexes, Croatia", HR_PX, edit, "Obilježje počinitelja*", "VALUES*", "CODES*")
    old = '"Zaprimljene prijave, osobe","Zaprimljene prijave, predmeti"'
    edit = replace_text(old, '"Zaprimljene prijave, predmeti","Zaprimljene prijave, osobe"', _CP1250)
    yield _alone(family, "persons and cases, Croatia", HR_PX, edit, "Pokazatelj*", "VALUES*", "CODES*")
    edit = replace_text('"UK","M","Z","D1","D2","D3"', '"UK","M","Z","D3","D2","D1"', _CP1250)
    yield _alone(family, "codes of ages, Croatia", HR_PX, edit, "Obilježje počinitelja*", "VALUES*", "CODES*")
    edit = replace_text('"Вкупно","Машки","Женски"', '"Вкупно","Женски","Машки"', _CP1251)
    yield _alone(family, "sexes, North Macedonia", PX, edit, "Пол*", "VALUES*", "CODES*")
    edit = replace_text(
        '"Сексуална експлоатација","Принудна работа"', '"Принудна работа","Сексуална експлоатација"', _CP1251
    )
    yield _alone(family, "exploitation, North Macedonia", PX, edit, "Облик на експлоатација*", "VALUES*", "CODES*")

    def exchange_labels(dimension: str, first: str, second: str) -> Edit:
        def change_content(content: Any) -> None:
            label = content["dimension"][dimension]["category"]["label"]
            label[first], label[second] = label[second], label[first]

        return change_json(change_content)

    for name, dimension, first, second in (
        ("exploitation, Croatia", "obiljezje", "OBL-SEXUAL", "OBL-LABOUR"),
        ("sexes, Croatia, victims", "obiljezje", "SPOL-M", "SPOL-Z"),
        ("status, Croatia", "status", "POT", "IDE"),
    ):
        yield _alone(family, name, JSON, exchange_labels(dimension, first, second), dimension, f"{dimension}*")

    family = "two columns for one thing"
    edit = chain_edits(
        each_line(lambda s: s.replace(";Trgovina ljudima;", ";Organizovana trgovina ljudima;"), range(5, 54), _CP1250),
        each_line(lambda s: s.replace(";Organizovana trgovina", ";Trgovina"), range(54, 103), _CP1250),
    )
    yield _alone(family, "words of all lines, Brčko", BRC, edit, "line 5 column 3", "line *")
    edit = set_fields({"line 57 column 3": "Trgovina ljudima"}, separator=";", encoding=_CP1250)
    yield _alone(family, "words of one line, Brčko", BRC, edit, "line 57 column 3", "line 57*")
    edit = exchange_texts(";čl. 207.a;", ";čl. 207.b;", _CP1250)
    yield _alone(family, "articles of all lines, Brčko", BRC, edit, "line 5 column 2", "line *")


def _titles() -> Iterator[Fault]:
    family = "title against period"
    edit = replace_text("krijumčarenja, III. tromjesečje 2026.", "krijumčarenja, II. tromjesečje 2026.", _CP1250)
    yield _alone(family, "title, Croatia", HR_PX, edit, "TITLE*", "Tromjesečje*", "line 12")
    edit = replace_text(
        'VALUES("Tromjesečje")="III. tromjesečje 2026."', 'VALUES("Tromjesečje")="II. tromjesečje 2026."', _CP1250
    )
    yield _alone(family, "words of the quarter, Croatia", HR_PX, edit, "Tromjesečje*", "VALUES*")
    edit = replace_text("III. tromjesečje 2026.", "II. tromjesečje 2026.")
    yield _alone(family, "label, Croatia", JSON, edit, "razdoblje*")
    edit = replace_text('TLIST(Q1),"20263"', 'TLIST(Q1),"20262"', _CP1251)
    yield _alone(family, "time values, North Macedonia", PX, edit, "TIMEVAL*", "Квартал*", "line 29")
    yield _alone(
        family, "first line, Albania", AL_CSV, replace_text("invented: T3/2026", "invented: T2/2026"), "line 1*"
    )
    edit = replace_text("<h1>Статистички извештај Центра, III квартал", "<h1>Статистички извештај Центра, II квартал")
    yield _alone(family, "heading of the page, Serbia", CENTRE, edit, "*")
    edit = replace_once_in_part(
        "word/document.xml", "krijumčarenja, III kvartal 2026", "krijumčarenja, II kvartal 2026"
    )
    yield _alone(family, "title of the document, State", STATE, edit, "*")
    edit = replace_text("Tabela 2. Presuđena i osuđena lica, 2025.", "Tabela 2. Presuđena i osuđena lica, 2024.")
    yield _alone(family, "caption, Montenegro", ME, edit, "table 2*")
    edit = report_text(5, "3 t\xeb vitit 2026", "2 t\xeb vitit 2026")
    yield _alone(family, "title of a table, Kosovo", REPORT, edit, "page 5*", "*")


def _filenames() -> Iterator[Fault]:
    family = "file name against period"
    for name, file, filename in (
        ("North Macedonia", MK, "Pravosudstvo_2026_K2.xlsx"),
        ("Albania", AL_CSV, "MKR_viktimat_2026_T2.csv"),
        ("Serbia", SDMX, "SORS_KRIM_THB_2026-Q2.xml"),
        ("Croatia", JSON, "zrtve_thb_2025-3.json"),
        ("Federation", FED, "FT_FBiH_2_2026.xls"),
        ("Montenegro", ME, "ucinioci-krivicnih-djela_2024.html"),
        ("Kosovo", SDMX_CSV, "NATC_THB_VICTIMS_2024.csv"),
        ("State", STATE, "TBIH_trgovina_ljudima_2026_II.docx"),
        ("Montenegro, victims", ME_XLS, "zrtve_trgovine_ljudima_2024.xls"),
    ):
        yield plant_fault(family, name, file, lambda data: data, "*", history=False, filename=filename)


def _rich(address: str, struck: str, kept: str) -> Edit:
    """Put a number into a workbook's cell, the first characters of it struck through."""

    def change_book(book: Any) -> None:
        from openpyxl.cell.rich_text import CellRichText, TextBlock
        from openpyxl.cell.text import InlineFont

        sheet, _, place = address.partition("!")
        book[sheet][place].value = CellRichText(TextBlock(InlineFont(strike=True), struck), kept)

    return change_workbook(change_book)


def _runs(address: str, marked: str, kept: str, mark: str) -> Edit:
    """Put a number into a document's cell, the first characters of it struck through or hidden."""

    def change_content(content: Any) -> None:
        paragraph = docx_cell(content, address).paragraphs[0]
        for run in list(paragraph.runs):
            run._element.getparent().remove(run._element)
        run = paragraph.add_run(marked)
        setattr(run.font, mark, True)
        paragraph.add_run(kept)

    return change_document(change_content)


def _struck_open_cell(root: Any) -> None:
    """Put "111" into cell B8 of the first table, its first figure struck through by an automatic style."""
    office = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
    style = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
    table = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
    words = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
    styles = root.find(f"{office}automatic-styles")
    if styles is None:
        styles = ElementTree.Element(f"{office}automatic-styles")
        root.insert(0, styles)
    struck = ElementTree.SubElement(styles, f"{style}style", {f"{style}name": "struck", f"{style}family": "text"})
    ElementTree.SubElement(struck, f"{style}text-properties", {f"{style}text-line-through-style": "solid"})
    cell = list(next(root.iter(f"{table}table")).iter(f"{table}table-row"))[7][1]
    for name in (f"{office}value-type", f"{office}value"):
        cell.attrib.pop(name, None)
    cell.set(f"{office}value-type", "string")
    for child in list(cell):
        cell.remove(child)
    paragraph = ElementTree.SubElement(cell, f"{words}p")
    span = ElementTree.SubElement(paragraph, f"{words}span", {f"{words}style-name": "struck"})
    span.text, span.tail = "1", "11"


def _marked_text() -> Iterator[Fault]:
    family = "struck-through text"
    yield _alone(family, "acquitted, North Macedonia", MK, _rich("Т-02!F11", "1", "3"), "Т-02!F11")
    yield _alone(family, "pending, North Macedonia", MK, _rich("Т-06!E10", "5", "59"), "Т-06!E10")
    yield _alone(
        family,
        "form of exploitation, Bosnia",
        COORDINATOR,
        _rich("Tabela 3!E13", "2", "0"),
        "Tabela 3!E13",
        "Tabela 3!E7",
    )
    yield _alone(family, "pending, State", STATE, _runs("table 1 R6C13", "3", "38", "strike"), "table 1 R6C13")
    yield _alone(family, "cases, State", STATE, _runs("table 1 R6C2", "1", "15", "double_strike"), "table 1 R6C2")
    edit = page_cells({"table 1 R4C12": "<s>1</s>8"})
    yield _alone(family, "indicted, Montenegro", ME, edit, "table 1 R4C12 line 24")
    edit = page_cells({"table 1 R6C12": '<span style="text-decoration: line-through">1</span>14'})
    yield _alone(family, "by a style, Montenegro", ME, edit, "table 1 R6C12 line 26")
    yield _alone(family, "reported, Srpska", SRP, xml_part("content.xml", _struck_open_cell), "Табела 1!B8")
    edit = struck_report_cell(1, 7, 1, "1")
    yield _alone(family, "indicted, Kosovo", REPORT, edit, "page 1 box (439,253,491,264)", "page 1 box (*")
    edit = struck_report_cell(5, 1, 2, "6")
    yield _alone(family, "pending, Kosovo", REPORT, edit, "page 5 box (*")

    family = "hidden or deleted text"
    yield _alone(family, "hidden, State", STATE, _runs("table 1 R6C13", "3", "38", "hidden"), "table 1 R6C13")
    yield _alone(
        family, "hidden in a label's cell, State", STATE, _runs("table 3 R6C12", "1", "6", "hidden"), "table 3 R6C12"
    )
    edit = page_cells({"table 1 R4C12": "<del>4</del><ins>8</ins>"})
    yield _alone(family, "deleted, Montenegro", ME, edit, "table 1 R4C12 line 24")
    edit = page_cells({"table 1 R4C12": '<span style="display:none">1</span>8'})
    yield _alone(family, "hidden by a style, Montenegro", ME, edit, "table 1 R4C12 line 24")
    edit = page_cells({"table 3 R2C4": "<span hidden>1</span>9"})
    yield _alone(family, "hidden by an attribute, Serbia", CENTRE, edit, "table 3 R2C4 line 57", "table 3 R2*")
    edit = page_cells({"table 2 R2C3": "<del>6</del>5"})
    yield _alone(family, "deleted, Serbia", CENTRE, edit, "table 2 R2C3 line 44", "table 2 R2*")
