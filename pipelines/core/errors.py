"""Errors with translatable messages."""

from __future__ import annotations

from typing import Self


class UserFacingError(Exception):
    """An error with a message for the user: an English template and its parameters, so that it can be translated."""

    field: str = ""
    """Name of the input that must be corrected; empty if it is not one input."""

    def __init__(self, text: str, /, **params: object) -> None:
        self.text = text
        self.params = params
        super().__init__(text.format(**params) if params else text)

    def at_field(self, name: str) -> Self:
        """Return the error with the name of the input that must be corrected."""
        self.field = name
        return self

    def localize_message(self, language: str = "en") -> str:
        """Return the message in a language; a parameter that is itself a UserFacingError is translated too."""
        from pipelines.core.i18n import fill_in, gettext

        if not self.params:
            return gettext(self.text, language)
        params = {
            n: v.localize_message(language) if isinstance(v, UserFacingError) else v for n, v in self.params.items()
        }
        return fill_in(gettext(self.text, language), params, language)
