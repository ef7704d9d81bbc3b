"""The public dashboard and the portal of the offices."""
