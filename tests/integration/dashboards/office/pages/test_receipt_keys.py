"""Tests of the public keys of receipts: download them and verify a receipt with them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipelines.submissions import receipt_keys, receipts
from tests.support.service.example_returns import send_return

if TYPE_CHECKING:
    from tests.support.service.office_client import Office


def test_receipt_names_its_public_key_and_is_verified_with_it(office: Office) -> None:
    page = office.open("al-sender", "/answer", id=send_return(office.desk))
    command = re.search(r"rti receipt verify (receipt-R\S+\.json) --key (receipt-[0-9a-f]{16}\.pub\.pem)", page.main)
    assert command is not None
    key = page.follow_link("Download the public key").response
    assert command[2] in key.headers["content-disposition"]
    receipt = page.follow_link("Download the receipt").response
    verified = receipts.verify_receipt(receipt.content, key=receipt_keys.read_public(key.content))
    assert not verified.problems and verified.known_key


def test_keys_page_offers_each_key_with_its_fingerprint(office: Office) -> None:
    page = office.open("al-sender", "/answer", id=send_return(office.desk)).follow_link("All public keys")
    assert (page.status, page.heading, page.address) == (200, "Public keys of receipts", "/receipt-keys")
    keys = receipt_keys.list_public_keys(office.desk.home)
    assert keys
    for identity, pem in keys.items():
        assert page.follow_link(f"receipt-{identity}.pub.pem").response.content == pem
        assert re.search(rf"{identity}[0-9a-f]{{48}}", page.main), "the id is the start of the fingerprint"
    assert page.visitor.open_page("/receipt-keys/0000000000000000").status == 404


def test_key_of_a_return_without_a_receipt_or_of_another_office_is_not_found(office: Office) -> None:
    number = send_return(office.desk)
    assert office.open("mk-sender", "/answer/files/receipt-key", id=number).status == 403
