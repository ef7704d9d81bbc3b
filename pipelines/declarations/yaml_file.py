"""Read declarations from YAML strictly, with errors that name file, line, key and remedy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)


class DeclarationError(Exception):
    """A declaration is not valid. The message has the file, line, key, problem and remedy."""

    def __init__(self, path: Path, line: int | None, key: str, problem: str, remedy: str) -> None:
        self.path, self.line, self.key, self.problem, self.remedy = path, line, key, problem, remedy
        place = f"{path}, line {line}" if line else str(path)
        super().__init__(f"{place}: {key + ': ' if key else ''}{problem}. {remedy}")

    def __reduce__(self) -> tuple[Any, ...]:
        return DeclarationError, (self.path, self.line, self.key, self.problem, self.remedy)


def load_yaml(path: Path) -> Any:
    """Load a YAML file as plain data; raises DeclarationError if it is not valid YAML or has a repeated key.

    libyaml reads the declarations of all territories in a tenth of the time of ruamel.  If it finds a fault, ruamel
    reads the file again, decides whether it is valid, and reports the line.
    """
    import yaml

    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_loader())  # noqa: S506 - derived from SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError, ValueError):
        return _load_slowly(path)


@cache
def _loader() -> Any:
    """Return PyYAML's safe loader (with libyaml, if available), changed to read YAML 1.2 and refuse repeated keys.

    PyYAML implements YAML 1.1, in which `no` is false, `010` is eight and `12:30` is a number of seconds.
    """
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def construct_mapping(loader: Any, node: Any) -> Any:
        names = [(key.tag, key.value) for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if len(names) != len(set(names)):
            raise yaml.constructor.ConstructorError(None, None, "a key is said twice", node.start_mark)
        return loader.construct_yaml_map(node)

    def construct_integer(loader: Any, node: Any) -> int:
        text = loader.construct_scalar(node).replace("_", "")
        return int(text, 0 if text.lstrip("+-")[:2] in ("0x", "0o", "0b") else 10)

    for kind, constructor in (("map", construct_mapping), ("int", construct_integer)):
        Loader.add_constructor(_TAG + kind, constructor)
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items():
        retained = [resolver for resolver in resolvers if resolver[0] in (f"{_TAG}merge", f"{_TAG}timestamp")]
        Loader.yaml_implicit_resolvers[first] = retained
    for kind, pattern, letters in _CORE:
        Loader.add_implicit_resolver(_TAG + kind, re.compile(rf"(?:{pattern})\Z"), list(letters) or [""])
    return Loader


_TAG = "tag:yaml.org,2002:"
_CORE = (
    # The core schema of YAML 1.2: tag, pattern, possible first characters.
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", "[-+]?(0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9_]+)", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)", "-+.0123456789"),
    ("float", r"\.(nan|NaN|NAN)", "."),
    ("null", "~|null|Null|NULL", "~nN"),
    ("null", "", ""),
)


def _load_slowly(path: Path) -> Any:
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
    """Return the line of a key in a YAML file, or of the nearest parent key that is in the file."""
    import yaml

    node = _compose_node(path)
    line: int | None = None
    for key in keys:
        child = None
        if isinstance(node, yaml.MappingNode):
            for name, value in node.value:
                if name.value == str(key):
                    child, line = value, name.start_mark.line + 1
                    break
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            child = node.value[key]
            line = child.start_mark.line + 1
        if child is None:
            continue  # pydantic adds the names of union branches and validators to the keys
        node = child
    return line


def _compose_node(path: Path) -> Any:
    """Return the nodes of a YAML file with their lines, None if only ruamel reads it, which takes 15 times as long."""
    import yaml

    try:
        return yaml.compose(path.read_text(encoding="utf-8"), Loader=_loader())
    except yaml.YAMLError:
        return None


def validate_data(model: type[M], data: Any, path: Path, prefix: Sequence[str | int] = ()) -> M:
    """Validate data as a model; raises DeclarationError for the most informative fault.

    `prefix` is the path of the data within the file.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _build_error(error, path, prefix) from None


def _build_error(error: ValidationError, path: Path, prefix: Sequence[str | int]) -> DeclarationError:
    first = max(error.errors(include_url=False), key=lambda e: _weight(e["type"]))
    keys = [*prefix, *first["loc"]]
    problem = str(first["msg"]).removeprefix("Value error, ")
    value = first["input"]
    remedy = "Correct it; docs/forms.md explains each key"
    match first["type"]:
        case "string_type":
            problem = f"a text is expected, but YAML reads {value!r} as {type(value).__name__}"
            remedy = f"Put it in quotes: '{value}'"
        case "extra_forbidden":
            problem = "this key is not known here"
            remedy = "Remove it or correct its spelling; docs/forms.md lists the keys"
        case "missing":
            problem = "this key is required"
            remedy = "Add it; docs/forms.md explains it"
    path_parts = [
        str(k)
        for k in keys
        if not (isinstance(k, str) and k.startswith(("function-", "constrained-", "tuple[", "dict[")))
    ]
    return DeclarationError(path, line_of(path, keys), ".".join(path_parts), problem, remedy)


def _weight(kind: str) -> int:
    # A union gives one error per branch, of which type errors say least; a misspelt key also gives a "missing" error.
    return {"extra_forbidden": 4, "value_error": 3, "missing": 3, "string_type": 2}.get(kind, 1)
