"""Command `rti metadata`: write a territory's reference metadata, for people and for other systems."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.common import AsJson, CommandError, print_line, say_json, the_registry

if TYPE_CHECKING:
    from pipelines.warehouse.quality.quality_figures import QualityFigure


class MetadataFormat(StrEnum):
    """Output format."""

    esms = "esms"
    esqrs = "esqrs"
    html = "html"


def metadata(
    territory: Annotated[str, typer.Argument(help="The territory's code.", metavar="TERRITORY")],
    form: Annotated[
        MetadataFormat, typer.Option("--format", help="esms or esqrs: SDMX-ML 2.1; html: a page.", metavar="FORMAT")
    ] = MetadataFormat.esms,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The file to write; default: print it.", metavar="FILE")
    ] = None,
    instrument: Annotated[
        str, typer.Option(help="One instrument (justice, victims or register); default: all.")
    ] = "_T",
    as_json: AsJson = False,
) -> None:
    """Write the reference metadata of a territory: ESMS, the quality report ESQRS, or a page."""
    from pipelines.core.clock import now
    from pipelines.declarations.sims import load_sims
    from pipelines.warehouse.metadata import esms, esms_page

    standard, territories = load_sims(), the_registry().territories
    if territory not in standard:
        raise CommandError(f"there is no sims.yml of {territory}; there are {', '.join(sorted(standard))}")
    name = next(n for n in territories[territory].names if n.language == "en" and not n.accepted_only)
    declared = {expected.instrument for expected in territories[territory].calendar}
    if instrument != "_T" and instrument not in declared:
        raise CommandError(f"{territory} has no {instrument}; there are {', '.join(sorted(declared))}")
    sims = standard[territory].select_instrument(instrument)
    if form is MetadataFormat.html:
        content = esms_page.render_page(sims, name.name, footnote=name.footnote).encode()
    else:
        structure: esms.Structure = "esms" if form is MetadataFormat.esms else "esqrs"
        figures = _figures(territory, instrument) if structure == "esqrs" else {}
        content = esms.build_sdmx_message(
            sims, structure, prepared=now(), figures=figures, footnote=name.footnote, instrument=instrument
        )
    if out is not None:
        try:
            out.write_bytes(content)
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}; name another file with --out") from None
    summary = {"territory": territory, "format": form.value, "file": str(out) if out is not None else None}
    if as_json:
        say_json(summary if out is not None else summary | {"content": content.decode()})
    else:
        print_line(f"{out}: {territory}, {form.value}" if out is not None else content.decode().rstrip("\n"))


def _figures(territory: str, instrument: str) -> dict[str, QualityFigure]:
    """Return the measurements of the last refresh, or nothing and the reason if there is no home or no refresh.

    Raises CommandError for an instrument for which the territory sends no return.
    """
    from pipelines.core.home import default_root, open_home
    from pipelines.publication import measured_quality
    from pipelines.warehouse.quality.quality_figures import INDICATORS, QualityFigure
    from pipelines.warehouse.quality.quality_table import figures_in

    root = default_root()
    path = (
        measured_quality.quality_folder(open_home(root)) / "mart_quality.parquet"
        if (root / "home.json").exists()
        else None
    )
    if path is None or not path.exists():
        why = (
            "nothing was measured: there is no home here" if path is None else "nothing was measured: run `rti refresh`"
        )
        return {id_: QualityFigure(None, about.unit, reason=why) for id_, about in INDICATORS.items()}
    import polars as pl

    rows = pl.read_parquet(path)
    figures = figures_in(rows, territory, instrument)
    if not figures:
        instruments = rows.filter(pl.col("territory") == territory)["instrument"].unique().sort().to_list()
        raise CommandError(f"{territory} has no quality of {instrument}; there are {', '.join(instruments) or 'none'}")
    return figures
