"""Answer SDMX REST queries of versions 1.5 (SDMX 2.1) and 2.1 (SDMX 3.0) over the published releases.

`queries.py` parses addresses, `negotiation.py` chooses a format, `data.py`, `structures.py` and `availability.py` make
the content, and `service.py` is the ASGI application. Only published releases are read, through
`pipelines/dissemination`; restricted modules are not imported.
"""
