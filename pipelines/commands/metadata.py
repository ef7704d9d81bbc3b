"""`rti metadata`: a territory's reference metadata, to be read by people and by other systems."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.common import AsJson, Failure, say, say_json, the_registry


class Format(StrEnum):
    """What is written."""

    esms = "esms"
    esqrs = "esqrs"
    html = "html"


def metadata(
    territory: Annotated[str, typer.Argument(help="The territory's code.", metavar="TERRITORY")],
    form: Annotated[
        Format, typer.Option("--format", help="esms or esqrs: SDMX-ML 2.1; html: a page.", metavar="FORMAT")
    ] = Format.esms,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The file to write; otherwise it is printed.", metavar="FILE")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the reference metadata of a territory, as ESMS, as the quality report ESQRS, or as a page."""
    from pipelines.clock import now
    from pipelines.indicators import esms, esms_page
    from pipelines.returns.sims import load_sims

    known, territories = load_sims(), the_registry().territories
    if territory not in known:
        raise Failure(f"there is no sims.yml of {territory}; there are {', '.join(sorted(known))}")
    name = next(n for n in territories[territory].names if n.language == "en" and not n.accepted_only)
    sims = known[territory]
    if form is Format.html:
        content = esms_page.html(sims, name.name, footnote=name.footnote).encode()
    else:
        structure: esms.Structure = "esms" if form is Format.esms else "esqrs"
        content = esms.sdmx(sims, structure, prepared=now(), footnote=name.footnote)
    if out is not None:
        try:
            out.write_bytes(content)
        except OSError as error:
            raise Failure(f"{out} cannot be written: {error.strerror}; name another file with --out") from None
    told = {"territory": territory, "format": form.value, "file": str(out) if out is not None else None}
    if as_json:
        say_json(told if out is not None else told | {"content": content.decode()})
    else:
        say(f"{out}: {territory}, {form.value}" if out is not None else content.decode().rstrip("\n"))
