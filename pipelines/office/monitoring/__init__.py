"""Monitor how the regional Guidelines are applied: practice from answers, law from assessments, outcome from returns.

`pipelines/survey/monitored_themes.yml` says what belongs to each theme. The figures are restricted: pages of the
offices show them to those who may see them. `pipelines/publication/releases/monitoring.py` makes what the public sees.
"""
