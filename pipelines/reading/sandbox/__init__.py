"""Read files in child processes, so that no file can block, crash or exhaust the service."""
