"""The restricted network of experts on joint investigation teams.

Pages and commands reach it through `pipelines/submissions/service/experts.py` only. Nothing that makes or shows public
files may import it (an import contract in `pyproject.toml`).
"""
