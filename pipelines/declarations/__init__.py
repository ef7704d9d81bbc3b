"""The declaration language of forms and territories, and the registry that reads every declaration.

Declarations are YAML and CSV files in `pipelines/territories/<CODE>/`. Imports `core` and `model`.
"""
