"""Regional trafficking indicators: everything between an office's file and a public release.

Domain code lives here and imports neither the orchestrator nor the screens.
`pipelines/defs/` is the only package that may import Dagster.
"""

__version__ = "0.1.0"
