"""Define the commands of `rti`, one module per topic; `pipelines/cli/main.py` combines them.

Everything heavy is imported inside the command that needs it.
"""
