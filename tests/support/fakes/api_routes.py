"""Addresses of the API by hand, with the bodies that the acts need."""

from __future__ import annotations

from typing import Any

GIVES_BACK: dict[str, Any] = {"comment": "look at it again"}
GONE: dict[str, Any] = {"reason": "wrong_return", "comment": "it was the wrong file"}
WORDS: dict[str, Any] = {"reason": "large_case", "text": "one case of many persons"}
LOOKS = ("", "/report", "/receipt", "/findings.csv", "/annotated")
ACTS: dict[str, dict[str, Any] | None] = {
    "/justify": WORDS, "/send": None, "/approve": None, "/return": GIVES_BACK, "/withdraw": GONE,
    "/ask-withdrawal": GONE,
}  # fmt: skip
ROUTES = [
    ("POST", "/v1/check"), ("POST", "/v1/submissions"), ("GET", "/v1/submissions"), ("POST", "/v1/nil"),
    ("GET", "/v1/timetable.ics"), ("GET", "/v1/templates/QQ-JUSTICE-1/2025-Q4"),
]  # fmt: skip
