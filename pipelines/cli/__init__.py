"""The commands of `rti`, one module a concern; `pipelines/cli/main.py` puts them together.

Everything heavy is imported inside the command that needs it.
"""
