"""Show the public keys with which anybody can verify the receipts of this service."""

from __future__ import annotations

import hashlib

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dashboards.office.requests import Page
from dashboards.office.responses import render_page
from pipelines.design import components as ui
from pipelines.submissions import receipt_keys
from pipelines.web.files import send_file

router = APIRouter()
PATH = "/receipt-keys"


@router.get(PATH)
def show_receipt_keys(context: Page) -> Response:
    """Render the page "Public keys of receipts"."""
    keys = receipt_keys.list_public_keys(context.desk.home)
    code = ui.Markup('<span class="rti-code">{}</span>')
    rows = []
    for identity, pem in keys.items():
        filename = receipt_keys.public_path(context.desk.home, identity).name
        fingerprint = hashlib.sha256(receipt_keys.raw_bytes(receipt_keys.read_public(pem))).hexdigest()
        link = ui.render_link(filename, f"{PATH}/{identity}")
        rows.append(ui.PageRow(link, (code.format(fingerprint),)))
    return render_page(
        context,
        "receipt_keys.html",
        title=context.tell("Public keys of receipts"),
        lead=context.tell(
            "Each receipt is signed. With the public key, anybody can verify on any computer that the receipt comes "
            "from the secretariat and that nobody has changed it."
        ),
        has_keys=bool(rows),
        table=ui.PageTable(
            context.many("{n} key", "{n} keys", len(rows)),
            context.tell("File"),
            [context.tell("Fingerprint of the key (SHA-256)")],
            rows,
        ),
    )


@router.get(PATH + "/{identity}")
def send_receipt_key(context: Page, identity: str) -> Response:
    """Return a public key as a file."""
    pem = receipt_keys.list_public_keys(context.desk.home).get(identity)
    if pem is None:
        raise HTTPException(404)
    filename = receipt_keys.public_path(context.desk.home, identity).name
    return send_file(pem, filename, "application/x-pem-file")
