"""The error of this package."""


class ReleaseError(Exception):
    """A release that must not be made or published. The text says why and what to do."""
