"""Monitor how the regional Guidelines are applied: practice from answers, law from assessments, outcome from returns.

`themes.yml` says which questions, elements of the law and indicators belong to each theme. The figures are restricted:
pages of the offices show them to those who may see them.
"""
