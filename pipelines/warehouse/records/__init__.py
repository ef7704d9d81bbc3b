"""Figures from case records, computed between the two dbt phases: durations, pending cases, cohorts, sentences."""
