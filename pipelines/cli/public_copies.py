"""Commands `rti release send` and `rti release receive`: copies of what is public, by way of a bucket."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from pipelines.cli.common import AsJson, print_line, print_note, say_json, the_home


def send_releases(
    is_thorough: Annotated[
        bool, typer.Option("--all", help="Read every file in the bucket, and replace those that are damaged.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send what is public and not yet in the bucket in RTI_RELEASES_BUCKET. Every publication does so by itself."""
    from pipelines.core.home_lock import hold_home_lock
    from pipelines.publication.releases.public_copies import send_public

    home = the_home()
    with hold_home_lock(home, purpose="publish"):
        sent = send_public(home, is_thorough=is_thorough)
    if as_json:
        say_json({"sent": sent})
    else:
        print_line(f"{sent} file(s) sent")


def receive_releases(
    watch: Annotated[
        float | None, typer.Option("--watch", min=0.1, help="Do so again after this many seconds, until ended.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring the public folder of this home to the state in the bucket in RTI_RELEASES_BUCKET.

    For machines that show releases and take in no returns. With --watch, errors are printed and
    the next attempt follows.
    """
    from pipelines.core.file_store import FileStoreError
    from pipelines.publication.releases.errors import ReleaseError
    from pipelines.publication.releases.public_copies import receive_public

    home, reported = the_home(), ""
    while True:
        try:
            release = receive_public(home)
        except (ReleaseError, FileStoreError, OSError) as error:
            if watch is None:
                raise
            if str(error) != reported:
                print_note(str(error))
            reported = str(error)
        else:
            reported = ""
            if as_json and watch is None:
                say_json({"current": release})
            elif release is not None:
                print_line(f"{release} is the current release")
        if watch is None:
            return
        time.sleep(watch)
