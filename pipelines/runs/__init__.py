"""Support for Dagster runs: the instance's configuration, which runs are alive, and reports of failed runs.

`operations/` and `defs/` import this package.  It imports Dagster only inside functions, except for `event_log.py` and
`postgres_storage.py`, whose classes Dagster loads by their names.  Order and content of a run are defined in
`pipelines/defs/` and `pipelines/refresh/`.
"""
