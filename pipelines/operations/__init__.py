"""Run and serve one home: the refresh in this process, and the servers with their supervision."""
