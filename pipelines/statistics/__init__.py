"""Pure functions: tests, intervals, ratios, decompositions, revisions; durations and cohorts from records."""
