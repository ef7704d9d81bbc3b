"""Commands `rti release send` and `rti release receive`: copies of what is public, by way of a bucket."""

from __future__ import annotations

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
    the next attempt follows; with RTI_HEALTH_PORT the health of it is answered there.
    """
    home = the_home()
    if watch is not None:
        from pipelines.operations.release_receiver import receive_repeatedly

        receive_repeatedly(home, watch, report=print_line, report_failure=print_note)
        return
    from pipelines.publication.releases.public_copies import receive_public

    release = receive_public(home)
    if as_json:
        say_json({"current": release})
    elif release is not None:
        print_line(f"{release} is the current release")
