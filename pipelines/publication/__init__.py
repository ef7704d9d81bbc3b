"""From counts to a public release: disclosure control, immutable releases, and the provenance of each figure."""
