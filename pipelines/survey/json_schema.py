"""JSON Schemas of the question bank, for editors: `python -m pipelines.survey.json_schema` writes them."""

from __future__ import annotations

import json

from pydantic import BaseModel

from pipelines.declarations.json_schema import FOLDER
from pipelines.survey.bank_model import ListFile, QuestionFile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def build_schemas() -> dict[str, str]:
    """Return the content of each schema file by its name."""
    models: dict[str, type[BaseModel]] = {"questions.json": QuestionFile, "question-lists.json": ListFile}
    return {
        name: json.dumps(
            {"$schema": _DIALECT, **model.model_json_schema()}, indent=1, ensure_ascii=False, sort_keys=True
        )
        + "\n"
        for name, model in models.items()
    }


if __name__ == "__main__":
    for name, text in build_schemas().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(FOLDER / name)
