"""Child processes in which files are read, so that no file can stop, crash or exhaust the service."""
