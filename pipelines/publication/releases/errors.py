"""The exception of this package."""


class ReleaseError(Exception):
    """A release must not be built or published. The text says why and what to do."""
