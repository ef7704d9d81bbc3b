"""Read the lists of roles, languages, crimes and procedures from which an entry of the network is made."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import model_validator

from pipelines.core import codes
from pipelines.declarations.base import DeclarationModel, Many
from pipelines.declarations.texts import DeclaredTexts, pick_text
from pipelines.declarations.yaml_file import load_yaml, validate_data

FILE = Path(__file__).with_name("lists.yml")


class ExpertLists(DeclarationModel):
    """Content of `lists.yml`. Languages are named in themselves; crimes are codes of `offence_group`."""

    roles: dict[str, DeclaredTexts]
    languages: dict[str, str]
    crimes: Many[str]
    procedures: dict[str, DeclaredTexts]

    @model_validator(mode="after")
    def _check_crimes(self) -> ExpertLists:
        if unknown := set(self.crimes) - set(codes.list_codes("offence_group")):
            raise ValueError(f"{', '.join(sorted(unknown))} is not a code of offence_group")
        return self

    def role_name(self, code: str, language: str) -> str:
        """Return the name of a role; the code itself for one that was removed from the list."""
        return pick_text(self.roles[code], language) if code in self.roles else code

    def procedure_name(self, code: str, language: str) -> str:
        """Return the name of a procedure; the code itself for one that was removed from the list."""
        return pick_text(self.procedures[code], language) if code in self.procedures else code


@cache
def load_lists(path: Path = FILE) -> ExpertLists:
    """Return the checked lists. Raises DeclarationError."""
    return validate_data(ExpertLists, load_yaml(path), path)
