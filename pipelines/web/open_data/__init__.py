"""Answer requests for tables of published figures as JSON, CSV and Parquet, for people who do not know SDMX.

`tables.py` describes tables and selects rows, `document.py` describes the API (OpenAPI), `service.py` is the ASGI
application. Restricted modules are not imported.
"""
