"""The HTTP API for offices that automate, and its client."""
