"""Tests of processes as users start them: commands, servers, the daemon, and pages in a browser."""
