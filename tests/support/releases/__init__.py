"""Small releases made up for tests, and the publication of one that a test kills at a chosen moment."""
