"""Check SDMX-JSON messages with the schema of their dataflow, by an independent validator."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pipelines.dissemination.files import join_content
from pipelines.dissemination.structures import StructureError
from pipelines.dissemination.writers.sdmx_json import write_sdmx_json
from pipelines.dissemination.writers.sdmx_json_schema import write_data_schema
from tests.support.open_data import make_small_extract

EXTRACT = make_small_extract()


def make_validator(at_observation: str) -> Draft202012Validator:
    """Return a validator with the schema of the small dataflow, which is itself a valid schema."""
    structures, flow = EXTRACT.structures, EXTRACT.dataflow
    schema = json.loads(write_data_schema(flow.structure, structures.codelists, EXTRACT.urn, at_observation))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def write_message(at_observation: str, detail: str = "full") -> bytes:
    return join_content(write_sdmx_json(EXTRACT, "2.0", at_observation, detail=detail))


def list_structures(message: dict[str, Any]) -> dict[str, Any]:
    (structure,) = message["data"]["structures"]
    return structure


@pytest.mark.parametrize("at_observation", ["TIME_PERIOD", "REF_AREA", "AllDimensions"])
def test_schema_accepts_messages_of_its_dataflow_and_no_others(at_observation: str) -> None:
    validator = make_validator(at_observation)
    for detail in ("full", "dataonly", "nodata", "serieskeysonly"):
        validator.validate(json.loads(write_message(at_observation, detail)))
    message = write_message(at_observation)
    for correct, wrong in (
        (b'"id":"AA"', b'"id":"ZZ"'),
        (b"[12,", b'["twelve",'),
        (b'"id":"FREQ"', b'"id":"FREQUENCY"'),
        (b'"value":"2024-Q2"', b'"value":"spring"'),
        (b'"id":"OBS_STATUS"', b'"id":"SEX"'),
        (b'"id":"OBS_VALUE"', b'"id":"OBS_RATE"'),
        (b'"dataType":"Double"},', b'"dataType":"Day"},'),
        (EXTRACT.urn.encode(), EXTRACT.urn.replace("SMALL", "LARGE").encode()),
        (b'"dataSets":[{', b'"dataSets":[{"season":1,'),
    ):
        if correct in message:
            assert not validator.is_valid(json.loads(message.replace(correct, wrong))), wrong


@pytest.mark.parametrize("at_observation", ["TIME_PERIOD", "REF_AREA", "AllDimensions"])
def test_schema_refuses_messages_with_other_dimensions_keys_or_observations(at_observation: str) -> None:
    validator = make_validator(at_observation)

    def is_valid_after(change: Any) -> bool:
        message = json.loads(write_message(at_observation))
        change(message)
        return validator.is_valid(message)

    def find_observations(message: dict[str, Any]) -> dict[str, Any]:
        (data_set,) = message["data"]["dataSets"]
        return (
            data_set["observations"]
            if "observations" in data_set
            else next(iter(data_set["series"].values()))["observations"]
        )

    assert is_valid_after(lambda message: message["meta"].update(source="ours"))
    level = "observation" if at_observation == "AllDimensions" else "series"
    assert not is_valid_after(lambda message: list_structures(message)["dimensions"][level].pop())
    assert not is_valid_after(lambda message: list_structures(message)["dimensions"][level].reverse())
    assert not is_valid_after(lambda message: list_structures(message)["attributes"]["dataSet"].append({"id": "SEX"}))
    assert not is_valid_after(lambda message: message["data"].update(dataSets=message["data"]["dataSets"] * 2))
    assert not is_valid_after(lambda message: message["data"].pop("structures"))
    assert not is_valid_after(lambda message: find_observations(message).update({"0:0:0:0": [1]}))
    assert not is_valid_after(lambda message: find_observations(message).update({"-1": [1]}))
    assert not is_valid_after(lambda message: next(iter(find_observations(message).values())).extend([0] * 9))
    is_empty_allowed = at_observation == "AllDimensions"
    assert is_valid_after(lambda message: next(iter(find_observations(message).values())).clear()) == is_empty_allowed


def test_messages_of_another_dimension_at_the_observation_are_refused() -> None:
    assert not make_validator("TIME_PERIOD").is_valid(json.loads(write_message("AllDimensions")))
    assert not make_validator("AllDimensions").is_valid(json.loads(write_message("TIME_PERIOD")))
    with pytest.raises(StructureError, match="has no dimension SEX"):
        make_validator("SEX")
