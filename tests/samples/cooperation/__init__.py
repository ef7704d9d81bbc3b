"""Returns of international cooperation: invented requests between authorities, and each office's file of them.

A request is drawn once and counted by both territories, each by its own dates and definitions, so that most figures of
two territories agree and some differ for a known reason.
"""
