"""From counts to a public release: disclosure control, immutable releases, and the way back to a return."""
