"""The exceptions of this package."""

from __future__ import annotations

from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import mark


class ReleaseError(UserFacingError):
    """A release must not be built or published. The text says why and what to do.

    The release desk shows these errors, so the texts of its acts are marked and have their values as parameters. Those
    that only commands raise are in English.
    """


class BucketError(ReleaseError):
    """The bucket of releases cannot be used. The text is for the person who set it up; pages show a shorter one."""

    def localize_message(self, language: str = "en") -> str:
        """Return the sentence for pages, which does not name the objects in the bucket."""
        from pipelines.core.i18n import tell

        return tell(_BUCKET, language)  # marked below


_BUCKET = mark(
    "The public copies of the releases cannot be stored. Run `rti release send`, which names the cause. After that, "
    "`rti publish` finishes a publication that was interrupted."
)
