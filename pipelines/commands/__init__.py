"""The commands of `rti`, one module a concern; `pipelines/cli.py` puts them together.

Belongs here: taking arguments, calling one function of the domain, and showing what it gives.  Does not belong here:
any decision about returns or figures.  Everything heavy is imported inside the command that needs it.
"""
