"""Declarations from YAML: read strictly, and errors that name file, line, key and remedy.

Belongs here: YAML 1.2 through ruamel (safe, pure), lines of keys, the wording of a declaration's errors.
Does not belong here: which files there are (`registry.py`), what they may say (`form.py`, `territory.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)


class DeclarationError(Exception):
    """A declaration that cannot be used. The text names file, line, key, what is wrong and what to do."""

    def __init__(self, path: Path, line: int | None, key: str, problem: str, remedy: str) -> None:
        self.path, self.line, self.key, self.problem, self.remedy = path, line, key, problem, remedy
        place = f"{path}, line {line}" if line else str(path)
        super().__init__(f"{place}: {key + ': ' if key else ''}{problem}. {remedy}")

    def __reduce__(self) -> tuple[Any, ...]:
        return DeclarationError, (self.path, self.line, self.key, self.problem, self.remedy)


def load_yaml(path: Path) -> Any:
    """The plain content of a YAML file; raises DeclarationError where it is not YAML or says a key twice."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        problem = " ".join(str(error.problem or error.context).split())
        raise DeclarationError(
            path, line, "", problem, "Correct the YAML; quote texts that hold ': ', '#' or '{'"
        ) from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise DeclarationError(path, None, "", str(error).splitlines()[0], "Save the file as UTF-8 YAML") from error


def line_of(path: Path, keys: Sequence[str | int]) -> int | None:
    """The line of a key in a YAML file, or of the nearest key above it that stands in the file."""
    from ruamel.yaml import YAML
    from ruamel.yaml.nodes import MappingNode, SequenceNode

    node = YAML(typ="safe", pure=True).compose(path.read_text(encoding="utf-8"))
    line: int | None = None
    for key in keys:
        step = None
        if isinstance(node, MappingNode):
            for name, value in node.value:
                if name.value == str(key):
                    step, line = value, name.start_mark.line + 1
                    break
        elif isinstance(node, SequenceNode) and isinstance(key, int) and key < len(node.value):
            step = node.value[key]
            line = step.start_mark.line + 1
        if step is None:
            continue  # pydantic puts names of union branches and validators among the keys
        node = step
    return line


def validate(model: type[M], data: Any, path: Path, prefix: Sequence[str | int] = ()) -> M:
    """The data as a model; raises DeclarationError for the first thing that is wrong.

    `prefix` are the keys of the data within the file.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _told(error, path, prefix) from None


def _told(error: ValidationError, path: Path, prefix: Sequence[str | int]) -> DeclarationError:
    first = max(error.errors(include_url=False), key=lambda e: _weight(e["type"]))
    keys = [*prefix, *first["loc"]]
    problem = str(first["msg"]).removeprefix("Value error, ")
    seen = first["input"]
    remedy = "Correct it; docs/forms.md explains each key"
    match first["type"]:
        case "string_type":
            problem = f"a text is expected, but YAML reads {seen!r} as {type(seen).__name__}"
            remedy = f"Put it in quotes: '{seen}'"
        case "extra_forbidden":
            problem = "this key is not known here"
            remedy = "Remove it or correct its spelling; docs/forms.md lists the keys"
        case "missing":
            problem = "this key is required"
            remedy = "Add it; docs/forms.md explains it"
    words = [
        str(k)
        for k in keys
        if not (isinstance(k, str) and k.startswith(("function-", "constrained-", "tuple[", "dict[")))
    ]
    return DeclarationError(path, line_of(path, keys), ".".join(words), problem, remedy)


def _weight(kind: str) -> int:
    # A union tells one error per branch, a failed branch least; a misspelt key comes with a missing one and says more.
    return {"extra_forbidden": 4, "value_error": 3, "missing": 3, "string_type": 2}.get(kind, 1)
