"""Find a Chromium for the browser tests. As root on Debian, install its headless shell if it is missing.

Run as `python -m tests.support.chromium` by `make test`. Prints the path; exits with 1 and the command to run
otherwise.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

SHELLS = ("chromium-headless-shell", "chrome-headless-shell")
"""The browser without its window, which starts in a fifth of the processor time and opens a page in five sixths."""
NAMES = (*SHELLS, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGE = "chromium-headless-shell"
_APT = "apt-get -qq -o Acquire::Retries=0 -o Acquire::http::Timeout=10"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    # Without it the shell rounds the widths of letters to whole pixels, which the browser with a window does not.
    "--font-render-hinting=none",
)


def find_chromium() -> str | None:
    """Return the path of a Chromium: `RTI_CHROMIUM`, else the first of the usual names on the path."""
    return os.environ.get("RTI_CHROMIUM") or _find_program(NAMES)


def _find_program(names: tuple[str, ...]) -> str | None:
    return next((path for name in names if (path := shutil.which(name))), None)


def _install_shell() -> None:
    """Install Debian's headless shell; without a network any other Chromium is used."""
    print(f"Installing Debian's {PACKAGE} (about half a minute)", flush=True)
    command = f"{_APT} update && {_APT} install -y {PACKAGE}"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["sh", "-c", command], check=False, env=environment, stdout=subprocess.DEVNULL)


def main() -> int:
    """Find or install a Chromium; return 0 if there is one in the end."""
    is_root_on_debian = shutil.which("apt-get") is not None and os.geteuid() == 0
    if is_root_on_debian and not os.environ.get("RTI_CHROMIUM") and _find_program(SHELLS) is None:
        _install_shell()
    if path := find_chromium():
        print(f"Chromium for the browser tests: {path}")
        return 0
    command = f"apt-get update && apt-get install -y {PACKAGE}"
    print(f"The browser tests need a Chromium. Install it with: sudo sh -c '{command}'", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
