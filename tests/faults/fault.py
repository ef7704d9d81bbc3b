"""A planted fault: one file, one edit, the rules that may find it, and the place where they must point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tests.faults.edits import Edit

MK = "MK/justice/Pravosudstvo_2026_K3.xlsx"
PX = "MK/victims/NRM_ZRTVI_2026K3.px"
AL = "AL/justice/PP_Trafikimi_2026_T3.xlsx"
AL_CSV = "AL/victims/MKR_viktimat_2026_T3.csv"
BRC = "BA/justice/JT_BD_2026_2.csv"
FED = "BA/justice/FT_FBiH_3_2026.xls"
SRP = "BA/justice/RZS_pravosudje_2026_3.ods"
STATE = "BA/justice/TBIH_trgovina_ljudima_2026_III.docx"
COORDINATOR = "BA/victims/Drzavni_koordinator_zrtve_2025.xlsx"
HR_PX = "HR/justice/PSZ_TR_2026_3.px"
JSON = "HR/victims/zrtve_thb_2026-3.json"
HR_REGISTER = "HR/register/registar_2026_3tr.csv"
ME = "ME/justice/ucinioci-krivicnih-djela_2025.html"
ME_XLS = "ME/victims/zrtve_trgovine_ljudima_2025.xls"
SDMX = "RS/justice/SORS_KRIM_THB_2026-Q3.xml"
CENTRE = "RS/victims/izvestaj-centra-2026-k3.html"
RS_REGISTER = "RS/register/evidencija_sudova_2026_K3.csv"
REPORT = "XK/justice/KPK_raporti_TM3_2026.pdf"
SDMX_CSV = "XK/victims/NATC_THB_VICTIMS_2025.csv"

Severity = Literal["error", "warning", "information"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One planted fault in a return of the demonstration, the newest of its series.

    `rules` are those that may find it; empty means any rule that finds nothing there in the unchanged file.
    `place` is written from the file and not from a run: the cell, line or element that was edited, or, where something
    was removed, the nearest place that is still there. `also` are other places that explain it as well, such as the
    whole where a part was raised. A place that ends with `*` means all that begin with it. `severity` is the least
    that is enough. With `history`, the returns accepted before are known. `filename` replaces the name of the file.
    """

    name: str
    file: str
    edit: Edit
    rules: tuple[str, ...]
    place: str
    severity: Severity = "error"
    family: str = ""
    also: tuple[str, ...] = ()
    history: bool = False
    filename: str = ""


ANY: tuple[str, ...] = ()


def plant_fault(
    family: str,
    name: str,
    file: str,
    edit: Edit,
    *places: str,
    severity: Severity = "warning",
    history: bool = True,
    rules: tuple[str, ...] = ANY,
    filename: str = "",
) -> Fault:
    """Return a fault that any rule may find at one of the places, best first, with the history at hand."""
    return Fault(f"{family}: {name}", file, edit, rules, places[0], severity, family, places[1:], history, filename)
