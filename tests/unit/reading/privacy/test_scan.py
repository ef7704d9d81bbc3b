"""Direct identifiers of persons: numbers by their check digits, columns and fields, names, and where they hide."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from pipelines.findings.rules import find_rule
from pipelines.model.content import Cube, CubeObservation, Grid, Member, SourceCell, SourceDimension, SourceTable, Where
from pipelines.reading.formats.read import read_content
from pipelines.reading.privacy import columns, names, numbers
from pipelines.reading.privacy.scan import scan_content

JMBG = "0101006500006"
"""The example in the public description of the scheme; it belongs to nobody."""


# ------------------------------------------------------------------------------------------------------------- numbers


def _jmbg(day: date, region: int, serial: int) -> str:
    """Compute it by the published formula in pairs: 7(a+g) + 6(b+h) + 5(c+i) + 4(d+j) + 3(e+k) + 2(f+l)."""
    twelve = f"{day:%d%m}{day.year % 1000:03d}{region:02d}{serial:03d}"
    a, b, c, d, e, f, g, h, i, j, k, m = (int(x) for x in twelve)
    check = 11 - (7 * (a + g) + 6 * (b + h) + 5 * (c + i) + 4 * (d + j) + 3 * (e + k) + 2 * (f + m)) % 11
    return twelve + str(check if check < 10 else 0)


@given(st.dates(date(1920, 1, 1), date(2020, 1, 1)), st.integers(0, 99), st.integers(0, 999), st.integers(0, 12))
def test_jmbg_is_recognised_and_one_wrong_digit_is_not(day: date, region: int, serial: int, at: int) -> None:
    number = _jmbg(day, region, serial)
    assert numbers.is_jmbg(number)
    assert numbers.scheme_in(f"osoba {number[:7]} {number[7:]}, K") == "JMBG/EMBG"
    assert numbers.scheme_of(int(number)) == "JMBG/EMBG"
    changed = number[:at] + str((int(number[at]) + 1) % 10) + number[at + 1 :]
    # Where 0 is written for a check digit of 10, one wrong digit may fit by the other meaning of 0.
    if changed[-1] != "0" and number[-1] != "0":
        assert not numbers.is_jmbg(changed)


def test_jmbg_needs_a_possible_day_of_birth() -> None:
    tomorrow = date.today() + timedelta(days=400)
    for good in (JMBG, _jmbg(date(1999, 12, 31), 91, 7), _jmbg(date(2024, 2, 29), 20, 1)):
        assert numbers.is_jmbg(good)
    for bad in ("3002990710006", "0113990710006", _jmbg(tomorrow, 71, 1), _jmbg(date(1870, 1, 1), 71, 1), JMBG[:-1]):
        assert not numbers.is_jmbg(bad)


@pytest.mark.parametrize(
    "text",
    [
        "01 01 006 50 000 6", "01.01.006.50.0006", "0101006/500006", "0101006–500006", "0101006\u2011500006",
        "0101006\u2009500006", "0101006\u200b500006",
        "".join(chr(0xFF10 + int(digit)) for digit in "0101006500006"),
        "JMBG0101006500006", "JMBG_0101006500006", "x0101006500006.xlsx", "K,0101006500006,5", "12 0101006500006 3",
        "101006500006", "101006500006,00", "101.006.500.006", "HR33392005961", "OIB: 333 920 059 61", "oib_33392005961",
    ],
)  # fmt: skip
def test_number_is_recognised_in_every_notation(text: str) -> None:
    assert numbers.scheme_in(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "333 920 059 61",  # one in ten numbers passes this check: groups of counts are none
        "0 1 0 1 0 0 6 5 0 0 0 0 6",  # a row of counts
        "00101006500006", "01010065000061", "0101006500007", "101006500007", "1.101006500006",
        "K. 12/2025, 33392005961/3",
    ],
)  # fmt: skip
def test_similar_digits_are_not_an_identifier(text: str) -> None:
    assert numbers.scheme_in(text) is None


@pytest.mark.parametrize("good", ["33392005961", "69435151530"])
def test_oib(good: str) -> None:
    assert numbers.is_oib(good)
    assert numbers.scheme_in(f"OIB: {good}.") == "OIB"
    for at in range(11):
        assert not numbers.is_oib(good[:at] + str((int(good[at]) + 1) % 10) + good[at + 1 :])


@pytest.mark.parametrize(
    "good", ["I05101999I", "I90201535E", "J45423004V", "H71211672R", "I85413200A", "J00101999W", "j00101999w"]
)
def test_nid(good: str) -> None:
    """Examples of two published implementations."""
    assert numbers.scheme_in(f"({good})") == "NID"


@pytest.mark.parametrize("bad", ["H71211672A", "I90201535M", "H73211672R", "Z71211672R", "H71311672R", "J00230123C"])
def test_not_nid(bad: str) -> None:
    assert numbers.scheme_in(bad) is None


def test_kosovo() -> None:
    assert numbers.is_kosovo("1234567892")
    assert not numbers.is_kosovo("1234567893")
    assert numbers.scheme_in("1234567892") is None


@pytest.mark.parametrize(
    "text",
    [
        "12345678901234567",
        "1.234.567.890.123",
        "K-2024/33392005961",
        "0.33392005961",
        "33392005961/24",
        "20260331",
        "",
        "5",
    ],
)
def test_other_numbers_are_ignored(text: str) -> None:
    assert numbers.scheme_in(text) is None


@pytest.mark.parametrize("length", [32, 40, 64])
def test_digits_within_the_digest_of_a_file_are_not_an_identifier(length: int) -> None:
    for number in ("33392005961", JMBG):
        digest = f"a{number}".ljust(length, "e")
        assert numbers.scheme_in(f"SHA-256: {digest}.") is None
        for text in (digest[1:], f"{digest}0", f"{digest} {number}"):
            assert numbers.scheme_in(text) is not None, text


def test_random_numbers_are_rarely_mistaken_for_identifiers() -> None:
    """Never for counts, one in thousands for 13 digits and one in ten for 11 digits, as documented."""
    chance = random.Random(7)
    for digits in range(1, 10):
        assert not any(numbers.scheme_of(chance.randrange(10 ** (digits - 1), 10**digits)) for _ in range(2_000))
    thirteen = sum(numbers.scheme_of(chance.randrange(10**12, 10**13)) is not None for _ in range(50_000))
    eleven = sum(numbers.scheme_of(chance.randrange(10**10, 10**11)) is not None for _ in range(20_000))
    assert thirteen / 50_000 < 0.001
    assert 0.08 < eleven / 20_000 < 0.12


# ------------------------------------------------------------------------------------------------------ words and names


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("Ime i prezime", "name"), ("IME I PREZIME OKRIVLJENOG", "name"), ("Име и презиме", "name"),
        ("Prezime:", "name"),
        ("Emri dhe mbiemri", "name"), ("Презиме и име на обвинетиот", "name"), ("Full name", "name"), ("Ime", "name"),
        ("Имe и презиме", "name"), ("Atësia", "parent"), ("Ime oca", "parent"), ("Татково име", "parent"),
        ("Datum rođenja", "birth_date"), ("Datum rodjenja (dd.mm.gggg)", "birth_date"), ("Датум рођења", "birth_date"),
        ("Датум на раѓање", "birth_date"), ("Datëlindja", "birth_date"), ("Date of birth", "birth_date"),
        ("Adresa", "address"), ("Адреса", "address"), ("Adresa e banimit", "address"), ("Broj telefona", "phone"),
        ("Телефон", "phone"), ("Nr. i telefonit", "phone"), ("JMBG", "personal_number"),
        ("JMBG okrivljenog", "personal_number"),
        ("ЕМБГ", "personal_number"), ("OIB", "personal_number"), ("Numri personal", "personal_number"),
        ("Матичен број", "personal_number"), ("Broj lične karte", "document"), ("Број на пасош", "document"),
        ("Nr. i letërnjoftimit", "document"), ("Broj putovnice", "document"),
    ],
)  # fmt: skip
def test_headings_that_ask_for_persons(heading: str, kind: str) -> None:
    assert columns.kind_of(heading) == kind


@pytest.mark.parametrize(
    "heading",
    ["Naziv suda", "Dob", "Starost", "Sud", "Adresat", "Emri i gjykatës", "Broj predmeta", "Osoba", "Oznaka lica",
     "Name", "Name of court", "Gjendja civile", "Датум", "Имена места", "Broj osoba prema datumu", ""],
)  # fmt: skip
def test_headings_that_do_not_ask_for_persons(heading: str) -> None:
    assert columns.kind_of(heading) is None


def test_name_detection_reaches_the_documented_recall() -> None:
    from tests.persons.measuring import measure_recognition

    measures = measure_recognition()
    assert all(measure.recall >= 0.75 and measure.precision >= 0.95 for measure in measures.values())
    assert all(measure.persons and measure.others for measure in measures.values())
    assert names.is_given("Ana") and not names.is_given("ana")


# ---------------------------------------------------------------------------------------------------------------- files


def _book(write: Callable[[Any, Any], None], sheet: str = "List1") -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    write(book, book.add_worksheet(sheet))
    book.close()
    return buffer.getvalue()


def _columns(*rows: tuple[object, ...]) -> Callable[[Any, Any], None]:
    def write_columns(_book: Any, sheet: Any) -> None:
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                sheet.write(r, c, value)

    return write_columns


def _comment(_book: Any, sheet: Any) -> None:
    sheet.write("A1", 3)
    sheet.write_comment("A1", f"to je {JMBG}")


def _hidden_sheet(book: Any, sheet: Any) -> None:
    sheet.write("A1", 3)
    hidden_sheet = book.add_worksheet("skriveno")
    hidden_sheet.write("B2", "Ivan Horvat")
    hidden_sheet.hide()


def _hidden_row(_book: Any, sheet: Any) -> None:
    sheet.write("A1", 3)
    sheet.write("A2", "33392005961")
    sheet.set_row(1, None, None, {"hidden": True})


@pytest.mark.parametrize(
    ("write", "rule_id", "place"),
    [
        (_columns(("Predmet", "Ime i prezime"), ("K 1", "A. B.")), "person.column", "List1!B1"),
        (_columns(("Predmet", "Datum rođenja"), ("K 1", 33000)), "person.column", "List1!B1"),
        (_columns(("Adresa:", "Glavna 5")), "person.column", "List1!A1"),
        (_columns(("Ime i prezime: X Y",)), "person.column", "List1!A1"),
        (_columns(("K 1", int(JMBG))), "person.number", "List1!B1"),
        (_columns(("K 1", JMBG)), "person.number", "List1!B1"),
        (_columns(("K 1", "Petar Petrović")), "person.name", "List1!B1"),
        (_columns(("Marko",), ("Ana",), ("Ivan",)), "person.name", "List1!A1"),
        (_columns(*((n,) for n in ("1234567892", "1000000007", "1100000004"))), "person.number", "List1!A1"),
        (_comment, "person.number", "List1!A1"),
        (_hidden_sheet, "person.name", "skriveno!B2"),
        (_hidden_row, "person.number", "List1!A2"),
    ],
)
def test_scan_content_finds_persons_planted_in_a_workbook(
    write: Callable[[Any, Any], None], rule_id: str, place: str
) -> None:
    findings = scan_content(read_content(_book(write), "a.xlsx"))
    assert (rule_id, place) in [(f.rule, str(f.where)) for f in findings]
    assert all(f.severity == "error" and f.seen is None and f.expected is None for f in findings)
    assert not any(secret in repr(findings) for secret in (JMBG, "Petrović", "Horvat", "33392005961", "Glavna"))


def test_findings_do_not_repeat_a_sheet_name_with_a_person() -> None:
    data = _book(_columns(("K 1", JMBG)), "Petar Petrović")
    findings = scan_content(read_content(data, "a.xlsx"))
    assert {f.rule for f in findings} == {"person.name", "person.number"}
    assert "Petar" not in repr(findings)
    assert [str(f.where) for f in findings if f.rule == "person.number"] == ["table 1 B1"]


def test_empty_column_and_contact_of_the_compiler_are_accepted() -> None:
    assert scan_content(read_content(_book(_columns(("Predmet", "Ime i prezime"), ("K 1", ""))), "a.xlsx")) == []
    contact = read_content(_book(_columns(("Kontakt: Ivan Horvat", "Ana Marić", 5))), "a.xlsx")
    assert {f.rule for f in scan_content(contact)} == {"person.name"}
    assert scan_content(contact, contacts={(0, 1, 2)}, is_contact=lambda text: text.startswith("Kontakt:")) == []


def test_file_name_is_scanned() -> None:
    grid = read_content(_book(_columns((1,))), "a.xlsx")
    assert [f.rule for f in scan_content(grid, f"prijava_{JMBG}.xlsx")] == ["person.number"]
    assert [f.rule for f in scan_content(grid, "Petar_Petrović.xlsx")] == ["person.name"]
    assert scan_content(grid, "registar_2024_1tr.csv") == []


def test_text_outside_tables_of_a_document_is_scanned() -> None:
    import docx

    document = docx.Document()
    document.add_paragraph("Prilog: iskaz koji je dala Ana Marić")
    document.add_table(1, 1).cell(0, 0).text = "1"
    buffer = io.BytesIO()
    document.save(buffer)
    assert [(f.rule, str(f.where)) for f in scan_content(read_content(buffer.getvalue(), "a.docx"))] == [
        ("person.name", "table 1"),
        ("person.name", "Paragraph line 1"),
    ]
    page = f"<html><body><p>Napomena: {JMBG}</p><p>x</p><table><tr><td>1</td></tr></table></body></html>"
    assert [f.rule for f in scan_content(read_content(page.encode(), "a.html"))] == ["person.number"]


def test_headers_footers_and_properties_are_scanned() -> None:
    import docx

    document = docx.Document()
    document.add_table(1, 1).cell(0, 0).text = "1"
    document.sections[0].footer.paragraphs[0].text = "obradio Ivan Horvat"
    buffer = io.BytesIO()
    document.save(buffer)
    assert [(f.rule, str(f.where)) for f in scan_content(read_content(buffer.getvalue(), "a.docx"))] == [
        ("person.name", "Footer")
    ]

    def write_sheet(book: Any, sheet: Any) -> None:
        sheet.write("A1", 1)
        sheet.set_header(f"&C{JMBG}")
        book.set_properties({"subject": "predmet Ivan Horvat", "author": "Ana Marić"})

    findings = scan_content(read_content(_book(write_sheet), "a.xlsx"))
    assert [(f.rule, str(f.where)) for f in findings] == [
        ("person.number", "sheet List1 Header"),
        ("person.name", "Property subject"),
    ]


def test_text_outside_tables_of_a_pdf_is_scanned() -> None:
    from reportlab.pdfgen import canvas

    buffer = io.BytesIO()
    page = canvas.Canvas(buffer)
    page.drawString(50, 100, f"Broj {JMBG}")
    page.grid([50, 150, 250], [600, 620, 640])
    page.drawString(60, 605, "Broj osoba")
    page.drawString(160, 605, "12")
    page.save()
    findings = scan_content(read_content(buffer.getvalue(), "a.pdf"))
    assert [(f.rule, str(f.where)) for f in findings] == [("person.number", "page 1")]


def test_labels_members_notes_and_attributes_of_cubes_are_scanned() -> None:
    def build_cube(**parts: Any) -> Cube:
        dimension = SourceDimension(
            parts.get("id", "Sud"), {"hr": parts.get("label", "Sud")}, (Member("a", parts.get("members", {})),)
        )
        notes, attributes = parts.get("notes", ()), parts.get("attributes", {})
        observation = CubeObservation(("a",), parts.get("value", 3), None, Where(line=9), notes, attributes)
        return Cube("px", (dimension,), (observation,), properties=parts.get("properties", {}))

    assert scan_content(build_cube(properties={"CONTACT": "Ivan Horvat", "NOTE": "Ukupno osoba"})) == []
    for parts, expected in (
        ({"label": "Ime i prezime"}, "person.column"),
        ({"members": {"hr": "Ivan Horvat"}}, "person.name"),
        ({"notes": (f"v. {JMBG}",)}, "person.number"),
        ({"attributes": {"JMBG": "x"}}, "person.column"),
        ({"value": int(JMBG)}, "person.number"),
        ({"properties": {"NOTE": "Slučaj koji vodi Ivan Horvat"}}, "person.name"),
    ):
        assert [f.rule for f in scan_content(build_cube(**parts))] == [expected]


def test_many_findings_are_counted_and_not_listed() -> None:
    cells = tuple(SourceCell(r, 1, "Ana Marić", "Ana Marić", Where(line=r)) for r in range(1, 51))
    findings = scan_content(Grid("csv", (SourceTable("t", cells),)))
    assert len(findings) == 21
    assert findings[-1].params == {"rule": "person.name", "count": 30}


def test_each_rule_has_a_message() -> None:
    for identity in ("person.column", "person.number", "person.name"):
        assert find_rule(identity).message and find_rule(identity).remedy


# -------------------------------------------------------------------------------------- other parts of the file


def _with_part(name: str, content: str) -> bytes:
    """Build a workbook of harmless cells with one additional part."""
    plain = io.BytesIO()
    with xlsxwriter.Workbook(plain, {"in_memory": True}) as book:
        book.add_worksheet("Table").write_row(0, 0, ["Reported", 5])
    buffer = io.BytesIO()
    with zipfile.ZipFile(plain) as before, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as after:
        for part_name in before.namelist():
            if part_name != name:
                after.writestr(part_name, before.read(part_name))
        after.writestr(name, content)
    return buffer.getvalue()


_NUMBERED = {
    "xl/pivotCache/pivotCacheRecords1.xml": '<r><n v="101006500006"/></r>',
    "xl/externalLinks/externalLink1.xml": f"<e><v>{JMBG}</v></e>",
    "xl/drawings/drawing9.xml": "<p><r><t>0101006</t></r><r><t>500006</t></r></p>",
    "xl/charts/chart9.xml": f"<c><v>{JMBG}</v></c>",
    "docProps/custom.xml": f"<p><lpwstr>{JMBG}</lpwstr></p>",
    "customXml/item1.xml": f'<a b="{JMBG}"/>',
    "xl/sharedStrings.xml": f"<sst><si><t>Reported</t></si><si><t>{JMBG}</t></si></sst>",
    "xl/worksheets/_rels/sheet1.xml.rels": f'<r Target="https://cases.example.org/?id={JMBG}"/>',
}


@pytest.mark.parametrize("name", _NUMBERED)
def test_number_in_another_part_of_the_file_is_found(name: str) -> None:
    data = _with_part(name, _NUMBERED[name])
    findings = scan_content(Grid("xlsx", ()), "x.xlsx", data=data)
    assert [f.rule for f in findings] == ["person.number"]
    assert JMBG not in str(findings)
    assert not scan_content(
        Grid("xlsx", ()), "x.xlsx", data=_with_part(name, _NUMBERED[name].replace("50000", "51000"))
    )


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("xl/pivotCache/pivotCacheDefinition1.xml", '<d><s v="Ivan Horvat"/></d>', "person.name"),
        ("xl/drawings/drawing9.xml", "<p><r><t>Predmet: Ivan Horvat</t></r></p>", "person.name"),
        ("xl/externalLinks/externalLink1.xml", "<e><v>Ime i prezime: I. H.</v></e>", "person.column"),
    ],
)
def test_name_in_another_part_of_the_file_is_found(name: str, content: str, rule: str) -> None:
    assert [f.rule for f in scan_content(Grid("xlsx", ()), "x.xlsx", data=_with_part(name, content))] == [rule]


def test_parts_written_by_programs_have_no_finding() -> None:
    content = f'<p><a t="ContentTypeId">0x{JMBG}ABCDEF</a></p>'
    assert not scan_content(Grid("xlsx", ()), "x.xlsx", data=_with_part("customXml/item1.xml", content))
    assert not scan_content(Grid("csv", ()), "x.csv", data=b"PK;1\n")
