"""Errors whose words can be said in any language."""

from __future__ import annotations


class ToldError(Exception):
    """An error that speaks to a person: an English sentence with places to fill, and what to fill in."""

    def __init__(self, text: str, /, **params: object) -> None:
        self.text = text
        self.params = params
        super().__init__(text.format(**params) if params else text)

    def told(self, language: str = "en") -> str:
        """The sentence in a language; a parameter that is such an error itself is said in that language too."""
        from pipelines.core.i18n import gettext

        if not self.params:
            return gettext(self.text, language)
        params = {n: v.told(language) if isinstance(v, ToldError) else v for n, v in self.params.items()}
        return gettext(self.text, language).format(**params)
