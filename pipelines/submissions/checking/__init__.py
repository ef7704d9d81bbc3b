"""Check returns: read them in child processes, judge them against the history, and make validation reports."""
