"""A Java for the tests of Spark: find one of version 17 or 21, install Debian's as root if missing.

Run as `python -m tests.support.java` by `make test-spark`. Exits with 1 and the command to run if there is none.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

VERSIONS = (17, 21)
"""Versions on which Spark 4 runs (https://spark.apache.org/docs/latest/, read on 29 November 2026)."""
_PACKAGES = ("openjdk-17-jre-headless", "openjdk-21-jre-headless")
"""Debian 12 has the first, Debian 13 the second."""


def find_version() -> int | None:
    """Return the version of the Java that Spark would start: that of `JAVA_HOME`, else that on the path."""
    home = os.environ.get("JAVA_HOME")
    program = f"{home}/bin/java" if home else shutil.which("java")
    if program is None or not os.access(program, os.X_OK):
        return None
    result = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=60, check=False)
    match = re.search(r'version "(\d+)', result.stderr)
    return int(match[1]) if match else None


def main() -> int:
    """Find or install a Java; return 0 if there is one in the end."""
    version = find_version()
    if version in VERSIONS:
        print(f"Java for the tests of Spark: version {version}")
        return 0
    if version is not None or shutil.which("apt-get") is None or os.geteuid() != 0:
        finding = f"found version {version}" if version else "found none"
        print(f"The tests of Spark need Java 17 or 21 ({finding}). Install it, and set JAVA_HOME.", file=sys.stderr)
        return 1
    print("No Java found; installing Debian's")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=environment, stdout=subprocess.DEVNULL)
    for package in _PACKAGES:
        command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", package]
        if subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode == 0:
            break
    return 0 if find_version() in VERSIONS else 1


if __name__ == "__main__":
    sys.exit(main())
