"""JSON Schemas of the declarations, for editors and for anyone who writes a declaration by program.

`python -m pipelines.declarations.json_schema` writes the files anew; a test says when they are stale.
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
    """Schema of a file of forms. A form that says `same_as` needs none of the other keys."""
    schema = FormFile.model_json_schema()
    whole = schema["$defs"]["Form"]
    later = {
        **whole,
        "title": "FormLike",
        "description": "A later layout: `same_as` and what differs; `null` removes a key.",
        "properties": {
            **{name: {} if name != "id" else part for name, part in whole["properties"].items()},
            "same_as": {"type": "string", "description": "Id of the form that this one follows."},
        },
        "required": ["id", "same_as"],
    }
    schema["$defs"]["FormLike"] = later
    schema["properties"]["forms"]["items"] = {"anyOf": [{"$ref": "#/$defs/FormLike"}, {"$ref": "#/$defs/Form"}]}
    return {"$schema": _DIALECT, **schema}


def territory_json_schema() -> dict[str, Any]:
    """Schema of `territory.yml`."""
    return {"$schema": _DIALECT, **Territory.model_json_schema()}


def corrections_json_schema() -> dict[str, Any]:
    """Schema of `corrections.yml`."""
    return {"$schema": _DIALECT, **CorrectionFile.model_json_schema()}


def schemas() -> dict[str, str]:
    """File name -> content, as committed under `docs/schema/`."""
    made = {
        "forms.json": form_json_schema(),
        "territory.json": territory_json_schema(),
        "corrections.json": corrections_json_schema(),
    }
    return {name: json.dumps(one, indent=1, ensure_ascii=False, sort_keys=True) + "\n" for name, one in made.items()}


def write(folder: Path = FOLDER) -> list[Path]:
    """Write the files; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for name, text in schemas().items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        out.append(path)
    return out


if __name__ == "__main__":
    for written in write():
        print(written)
