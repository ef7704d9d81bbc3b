"""The HTTP API for offices that automate their returns, and its client."""
