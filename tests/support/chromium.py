"""Find a Chromium for the browser tests; as root on Debian, install it where none is found.

Run as `python -m tests.support.chromium` by `make test`. Prints the path; exits with 1 and the command to run
otherwise.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """Return the path of a Chromium: `RTI_CHROMIUM`, else the first of the usual names on the path."""
    configured = os.environ.get("RTI_CHROMIUM")
    return configured or next((path for name in NAMES if (path := shutil.which(name))), None)


def main() -> int:
    """Find or install a Chromium; return 0 if there is one in the end."""
    if path := find_chromium():
        print(f"Chromium for the browser tests: {path}")
        return 0
    command = "apt-get update && apt-get install -y chromium"
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        print(f"The browser tests need a Chromium. Install it with: sudo sh -c '{command}'", file=sys.stderr)
        return 1
    print("No Chromium found; installing Debian's (about half a minute)")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["sh", "-c", f"{command} -qq"], check=True, env=environment, stdout=subprocess.DEVNULL)
    return 0 if find_chromium() else 1


if __name__ == "__main__":
    sys.exit(main())
