"""The practitioners' questionnaire: questions, invitations, answers, results and measures.

Invitations and answers are two databases that nothing joins (docs/decisions/0026-questionnaire.md). The package imports
from `pipelines/submissions/` and the packages below it; pages and commands reach it through `service.py` and
`filling_in.py` only.
"""
