"""Reference metadata as ESMS, ESQRS and a page, and the command that writes them."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pipelines.cli.main import main
from pipelines.declarations.registry import load
from pipelines.declarations.sims import CONCEPTS, MetadataStatement, Sims, load_sims
from pipelines.warehouse.metadata import esms, esms_page
from pipelines.warehouse.metadata.esms import COMMON, GENERIC, MESSAGE, OURS, STRUCTURE, MetadataError
from pipelines.warehouse.quality.quality_figures import INDICATORS, Delivery, QualityFigure, measure_quality

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
SEEN_ELSEWHERE = {
    "CONTACT", "CONTACT_ORGANISATION", "ORGANISATION_UNIT", "DATA_DESCR", "CLASS_SYSTEM", "STAT_CONC_DEF", "STAT_UNIT",
    "STAT_POP", "COVERAGE_TIME", "UNIT_MEASURE", "INST_MANDATE", "INST_MAN_LA_OA", "CONF", "CONF_DATA_TR", "FREQ_DISS",
    "RELEVANCE", "USER_NEEDS", "ACCURACY", "ACCURACY_OVERALL", "TIMELINESS", "PUNCTUALITY", "COMPAR_GEO", "COMPAR_TIME",
    "COHER_X_DOM", "DATA_REV", "REV_POLICY", "SOURCE_TYPE", "COMMENT",
}  # fmt: skip
"""Identifiers in the European Environment Agency's importer of ESMS files."""


def _sims(**texts: MetadataStatement) -> Sims:
    filler = MetadataStatement(text="x", status="assumed")
    return Sims(territory="RS", concepts={key: texts.get(key, filler) for key in CONCEPTS})


def _ids(data: bytes) -> list[str]:
    return [str(e.get("id")) for e in etree.fromstring(data).iter(f"{{{GENERIC}}}ReportedAttribute")]


def _attribute(data: bytes, id_: str) -> etree._Element:
    (attribute,) = (e for e in etree.fromstring(data).iter(f"{{{GENERIC}}}ReportedAttribute") if e.get("id") == id_)
    return attribute


def _notes(element: etree._Element) -> dict[str, str]:
    notes = element.findall(f"{{{COMMON}}}Annotations/{{{COMMON}}}Annotation")
    return {str(n.get("id")): n.findtext(f"{{{COMMON}}}AnnotationText") or "" for n in notes}


def test_every_concept_appears_once() -> None:
    placed = [c.key for c in STRUCTURE if c.key]
    assert sorted([*placed, *OURS]) == sorted(CONCEPTS)
    ids = [c.id for c in STRUCTURE]
    assert len(set(ids)) == len(ids)
    assert {c.parent for c in STRUCTURE} - {None} <= set(ids)
    assert {i.concept for i in INDICATORS.values()} <= {c.id for c in STRUCTURE if c.esqrs}


def test_identifiers_are_verified_only_if_seen_elsewhere() -> None:
    assert {c.id for c in STRUCTURE if c.seen} == SEEN_ELSEWHERE


@pytest.mark.parametrize("territory", sorted(load_sims()))
def test_metadata_of_every_territory_survives_a_round_trip(territory: str) -> None:
    sims = load_sims()[territory]
    data = esms.build_sdmx_message(sims, "esms", prepared=NOW)
    assert esms.read_sdmx_message(data) == {key: sims.concepts[key] for key in CONCEPTS}
    assert {c.id for c in STRUCTURE if c.key} <= set(_ids(data))


@pytest.mark.parametrize(
    "text",
    [
        "Кривични законик, члан 388: трговина људима",
        "Neni 110/a – “trafikimi” <b>&amp; ç, ë</b>",
        "two\nlines",
    ],
)
def test_texts_survive_a_round_trip_unchanged(text: str) -> None:
    statement = MetadataStatement(text=text, status="stated", source="Службени гласник РС")
    sims = _sims(comment=statement, coverage=statement)
    back = esms.read_sdmx_message(esms.build_sdmx_message(sims, "esms", prepared=NOW))
    assert back["comment"] == statement == back["coverage"]


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1))
def test_any_text_survives_a_round_trip(text: str) -> None:
    statement = MetadataStatement(text=text, status="assumed")
    assert (
        esms.read_sdmx_message(esms.build_sdmx_message(_sims(timeliness=statement), "esms", prepared=NOW))["timeliness"]
        == statement
    )


def test_message_is_sdmx_ml_2_1_and_another_library_reads_it() -> None:
    """Order and names of the elements as in SDMXMetadataGeneric.xsd; read by a library that is not ours.

    Annotations, which the schema allows at a report and at each attribute, are removed first: the library rejects them.
    """
    import sdmx

    data = esms.build_sdmx_message(_sims(), "esms", prepared=NOW, footnote="n")
    root = etree.fromstring(data)
    header, metadata_set = root
    assert [etree.QName(e).localname for e in header] == ["ID", "Test", "Prepared", "Sender", "Structure"]
    assert metadata_set.tag == f"{{{MESSAGE}}}MetadataSet" and metadata_set.get("structureRef") == header[-1].get(
        "structureID"
    )
    (report,) = metadata_set
    assert [etree.QName(e).localname for e in report] == ["Annotations", "Target", "AttributeSet"]
    for attribute in root.iter(f"{{{GENERIC}}}ReportedAttribute"):
        names = [etree.QName(e).localname for e in attribute]
        assert names == [n for n in ("Annotations", "StructuredText", "AttributeSet") if n in names]
        inside = attribute.find(f"{{{GENERIC}}}AttributeSet")
        assert inside is None or len(inside)
    for notes in list(root.iter(f"{{{COMMON}}}Annotations")):
        above = notes.getparent()
        assert above is not None
        above.remove(notes)
    message = sdmx.read_sdmx(io.BytesIO(etree.tostring(root)))
    assert isinstance(message, sdmx.message.MetadataMessage)
    (read,) = message.data[0].report
    tops = [c.id for c in STRUCTURE if c.parent is None]
    assert [attribute.value_for for attribute in read.metadata] == tops


def test_breaks_are_listed_under_comparability_over_time() -> None:
    """Albania: articles 110/b and 110/c, 2013, of a date that is not verified."""
    data = esms.build_sdmx_message(load_sims()["AL"], "esms", prepared=NOW)
    assert (
        "AL, 2013, law, unverified: Articles 110/b and 110/c added" in _notes(_attribute(data, "COMPAR_TIME"))["break"]
    )


def test_unverified_statements_are_marked() -> None:
    data = esms.build_sdmx_message(_sims(), "esms", prepared=NOW)
    assert _notes(_attribute(data, "REF_AREA"))["unverified"] == "identifier"
    assert "unverified" not in _notes(_attribute(data, "TIMELINESS"))
    (report,) = etree.fromstring(data).iter(f"{{{GENERIC}}}Report")
    assert "metadata structure" in _notes(report)["unverified"]


def test_unknown_concept_is_rejected() -> None:
    strange = _sims().model_copy(
        update={"concepts": _sims().concepts | {"mood": MetadataStatement(text="x", status="unknown")}}
    )
    with pytest.raises(MetadataError, match="mood: no such concept"):
        esms.build_sdmx_message(strange, "esms", prepared=NOW)
    with pytest.raises(MetadataError, match="mood"):
        esms_page.render_page(strange, "Serbia")
    data = esms.build_sdmx_message(_sims(), "esms", prepared=NOW).replace(b'id="TIMELINESS"', b'id="TIMELYNESS"')
    with pytest.raises(MetadataError, match="TIMELYNESS: no such concept"):
        esms.read_sdmx_message(data)
    with pytest.raises(MetadataError, match="no such indicator"):
        esms.build_sdmx_message(_sims(), "esqrs", prepared=NOW, figures={"X": QualityFigure(1.0, "days")})


@pytest.mark.parametrize("data", [b"<a", b"<a/>", b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'])
def test_read_sdmx_message_rejects_other_files(data: bytes) -> None:
    with pytest.raises(MetadataError):
        esms.read_sdmx_message(data)


# -- quality


def test_the_quality_report_has_its_subset_with_figures_or_the_reason() -> None:
    given_ = {"TIMELAG_FIRST": QualityFigure(51.5, "days", 4)}
    data = esms.build_sdmx_message(_sims(), "esqrs", prepared=NOW, figures=given_)
    ids = _ids(data)
    assert set(ids) == {c.id for c in STRUCTURE if c.esqrs} | set(INDICATORS)
    assert "STAT_UNIT" not in ids
    lag, rate = _attribute(data, "TIMELAG_FIRST"), _attribute(data, "PUNCTUALITY_RATE")
    assert (lag.get("value"), _notes(lag)["unit"], _notes(lag)["n"]) == ("51.5", "days", "4")
    assert (rate.get("value"), _notes(rate)["reason"]) == ("n/a", "not given")
    above = lag.getparent()
    assert above is not None and above.getparent().get("id") == "TIMELINESS"  # type: ignore[union-attr]


def test_measure_quality_by_hand() -> None:
    """Measure three returns of 2026: one on time, one two days late, one overdue; 30 of 40 cells."""
    first = Delivery(date(2026, 3, 31), date(2026, 5, 15), date(2026, 5, 15), date(2026, 6, 30), 10, 10)
    late = Delivery(date(2026, 6, 30), date(2026, 8, 14), date(2026, 8, 16), date(2026, 9, 28), 20, 20)
    lost = Delivery(date(2026, 9, 30), date(2026, 11, 14), None, None, 0, 10)
    figures = measure_quality([first, late, lost], date(2026, 11, 20))
    assert figures["COMPLETENESS_RATE"] == QualityFigure(0.75, "fraction", 3)
    assert figures["TIMELAG_FIRST"] == QualityFigure(90.5, "days", 2)  # 91 and 90
    assert figures["PUNCTUALITY_RATE"].value == pytest.approx(1 / 3) and figures["PUNCTUALITY_RATE"].n == 3
    assert figures["PUNCTUALITY_RATE"].format_value() == "0.3333"
    early = measure_quality([first, late, lost], date(2026, 5, 20))
    assert (early["PUNCTUALITY_RATE"].value, early["PUNCTUALITY_RATE"].n) == (1.0, 1)


def test_measure_quality_without_deliveries_gives_reasons_and_no_zero() -> None:
    figures = measure_quality([], date(2026, 11, 20))
    assert {id_: (f.value, f.reason) for id_, f in figures.items()} == {
        "COMPLETENESS_RATE": (None, "no cell is required"),
        "TIMELAG_FIRST": (None, "nothing was published"),
        "TIMELAG_FINAL": (None, "nothing was published as final"),
        "PUNCTUALITY_RATE": (None, "nothing was due"),
        "PUNCTUALITY_DAYS": (None, "nothing came"),
    }
    assert figures["TIMELAG_FIRST"].format_value() == "n/a"
    assert (
        QualityFigure(0.0, "days", 1).format_value() == "0" and QualityFigure(100.0, "days", 1).format_value() == "100"
    )


# -- page and command


def test_the_page_shows_every_text_and_escapes_it() -> None:
    sims = _sims(comment=MetadataStatement(text="<script>Ž</script>", status="stated", source="a & b"))
    page = esms_page.render_page(sims, "Serbia")
    assert "&lt;script&gt;Ž&lt;/script&gt;" in page and "<script" not in page and "a &amp; b" in page
    assert all(f'id="{key}"' in page for key in CONCEPTS)
    assert (
        etree.fromstring(page.removeprefix("<!doctype html>").replace('<meta charset="utf-8">', "").encode())
        is not None
    )


def test_kosovo_always_has_its_footnote(tmp_path: Path) -> None:
    for form, file in (("html", "a.html"), ("esms", "a.xml"), ("esqrs", "b.xml")):
        assert main(["metadata", "XK", "--format", form, "-o", str(tmp_path / file)]) == 0
        assert "resolution 1244 (1999)" in (tmp_path / file).read_text(encoding="utf-8")
    assert 'href="#footnote"' in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_the_command_prints_or_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTI_NOW", "2026-11-20T09:00:00Z")
    assert main(["metadata", "RS"]) == 0
    printed = capsys.readouterr().out.strip().encode()
    output_path = tmp_path / "rs.xml"
    assert main(["metadata", "RS", "-o", str(output_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"territory": "RS", "format": "esms", "file": str(output_path)}
    assert output_path.read_bytes().strip() == printed
    assert esms.read_sdmx_message(output_path.read_bytes()) == {
        key: load_sims()["RS"].concepts[key] for key in CONCEPTS
    }
    assert main(["metadata", "RS", "--format", "html", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["content"].startswith("<!doctype html>")


@pytest.mark.parametrize("territory", sorted(set(load_sims()) - {"QP", "ZZ"}))
def test_every_instrument_has_its_own_description(territory: str) -> None:
    """Require own texts for victims and registers, since the common texts describe counts of proceedings."""
    sims = load_sims()[territory]
    sent = {expected.instrument for expected in load().territories[territory].calendar} - {"justice"}
    assert set(sims.instruments) == sent
    for instrument in sent:
        common, specific = sims.concepts, sims.select_instrument(instrument).concepts
        assert list(specific) == list(common), "every concept is answered"
        for concept in ("statistical_unit", "statistical_population", "source_data", "data_description"):
            assert specific[concept].text != common[concept].text, (instrument, concept)
        assert specific["reference_area"] == common["reference_area"]
    assert sims.select_instrument("justice") == sims


def test_the_command_writes_the_metadata_of_one_instrument(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output_path = tmp_path / "rs.xml"
    assert main(["metadata", "RS", "--instrument", "victims", "-o", str(output_path)]) == 0
    assert esms.read_sdmx_message(output_path.read_bytes()) == {
        key: load_sims()["RS"].select_instrument("victims").concepts[key] for key in CONCEPTS
    }
    text = output_path.read_text(encoding="utf-8")
    assert "<mes:ID>ESMS_MSD_RS_VICTIMS</mes:ID>" in text
    assert ">Victims<" in text
    assert main(["metadata", "AL", "--instrument", "register"]) == 3
    assert "AL has no register; there are cooperation, justice, requests, victims" in capsys.readouterr().err


def test_command_reports_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metadata", "ZZ"]) == 3
    assert "there are AL, BA" in capsys.readouterr().err
    assert main(["metadata", "RS", "-o", str(tmp_path / "no" / "a.xml")]) == 3
    assert "name another file" in capsys.readouterr().err
    assert main(["metadata", "RS", "--format", "pdf"]) == 3
