"""Write the reference page of all settings from their declarations: `python -m pipelines.core.settings_page`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pipelines.core.settings import GROUPS, SettingsGroup, describe_default, describe_expected, is_secret

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
_INTRODUCTION: Final = """\
# Settings

<!-- Written by `python -m pipelines.core.settings_page` from `pipelines/core/settings.py`; change that module. -->

The system is set up by environment variables. All are optional, and an empty one counts as not set. They are read when
they are used; a service reads most of them once, when it starts.

- A value that cannot be used ends the command with exit code 3 and a sentence that names the variable and what it may
  hold. `rti serve` checks all variables before it starts anything.
- `rti` warns of a variable that begins with `RTI_` and is not listed here, because a misspelt name has no effect.
  Names that begin with `RTI_TEST_` are free for tests.
- The value of a secret is never shown, and a secret is not passed to the processes that read files.
- Each secret may be in a file, which the variable with `_FILE` at its end names. Line ends around the secret do not
  count. A relative path is a file in the folder that a service manager names in `CREDENTIALS_DIRECTORY`.
"""


def write_page() -> str:
    """Return the page: a section and a table for each group of settings."""
    return "\n".join((_INTRODUCTION, *(_write_group(group) for group in GROUPS)))


def _write_group(group: type[SettingsGroup]) -> str:
    rows = []
    for field in group.model_fields.values():
        expected = describe_expected(field) + (" (secret)" if is_secret(field) else "")
        default = f"`{text}`" if (text := describe_default(field)) else ""
        rows.append(f"| `{field.alias}` | {field.description} | {expected} | {default} |")
    head = "| variable | meaning | value | default |\n|---|---|---|---|"
    return "\n".join((f"## {group.TITLE}\n", head, *rows, ""))


def main() -> None:
    """Write the page."""
    PAGE.write_text(write_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
