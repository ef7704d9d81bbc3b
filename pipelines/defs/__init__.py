"""Dagster and nothing else: assets, checks, the job, its schedule and its sensor.

Each asset calls one plain function of `pipelines/refresh/` and reports what that function says of itself.
No rule, no arithmetic and no path of a file belongs here; no module outside this package imports Dagster.
"""
