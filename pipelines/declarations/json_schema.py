"""JSON Schemas of the declarations, for editors and for programs that write declarations.

`python -m pipelines.declarations.json_schema` regenerates the files; a test fails if they are out of date.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipelines.declarations.corrections import CorrectionFile
from pipelines.declarations.form import FormFile
from pipelines.declarations.territory import Territory

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "schema"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def form_json_schema() -> dict[str, Any]:
    """Return the schema of a file of forms. A form with `same_as` needs none of the other keys."""
    schema = FormFile.model_json_schema()
    form_schema = schema["$defs"]["Form"]
    derived_schema = {
        **form_schema,
        "title": "FormLike",
        "description": "A later layout: `same_as` and what differs; `null` removes a key.",
        "properties": {
            **{name: {} if name != "id" else part for name, part in form_schema["properties"].items()},
            "same_as": {"type": "string", "description": "Id of the form that this one follows."},
        },
        "required": ["id", "same_as"],
    }
    schema["$defs"]["FormLike"] = derived_schema
    schema["properties"]["forms"]["items"] = {"anyOf": [{"$ref": "#/$defs/FormLike"}, {"$ref": "#/$defs/Form"}]}
    return {"$schema": _DIALECT, **schema}


def territory_json_schema() -> dict[str, Any]:
    """Return the schema of `territory.yml`."""
    return {"$schema": _DIALECT, **Territory.model_json_schema()}


def corrections_json_schema() -> dict[str, Any]:
    """Return the schema of `corrections.yml`."""
    return {"$schema": _DIALECT, **CorrectionFile.model_json_schema()}


def build_schemas() -> dict[str, str]:
    """Return the content of each file in `docs/schema/` by file name."""
    schema_by_file = {
        "forms.json": form_json_schema(),
        "territory.json": territory_json_schema(),
        "corrections.json": corrections_json_schema(),
    }
    return {
        name: json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        for name, schema in schema_by_file.items()
    }


def write_schemas(folder: Path = FOLDER) -> list[Path]:
    """Write the schema files and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in build_schemas().items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


if __name__ == "__main__":
    for written in write_schemas():
        print(written)
