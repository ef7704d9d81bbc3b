"""Dagster definitions: assets, checks, the jobs, their schedules and sensors.

Each asset calls one plain function of `pipelines/refresh/` and reports its result.  Rules, calculations and file paths
belong there.  Outside this package only `pipelines/runs/` and `pipelines/operations/` import Dagster, inside functions.
"""
