"""Check one return or many: read in a child process, judge beside the history, and make the validation report."""
