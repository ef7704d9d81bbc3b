"""Serve the offices over HTTP: sign-in of local accounts, the API and its client."""
