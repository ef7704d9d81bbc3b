"""Rules on returns of international cooperation: partners, dimensions, and the balance of requests."""

from __future__ import annotations

from pipelines.findings.rules import Rule

RULES = (
    Rule(
        "cooperation.self",
        "error",
        "'{label}' is a request between {partner} and {partner}: the partner is the reporting territory itself.",
        "Correct the partner. Requests between offices of one territory are not international cooperation.",
    ),
    Rule(
        "cooperation.dimension",
        "error",
        "'{label}' gives {measure} by {dim}, which this figure does not have.",
        "The declaration of the form is wrong, not the file: let the secretariat know which form it is.",
    ),
    Rule(
        "cooperation.balance",
        "warning",
        "{direction}, {period}, '{label}': {opening} pending at the start, {entries} in and {exits} out leave "
        "{expected}, but {seen} is given at the end.",
        "Check the pending requests and the flows between them. If requests were recounted, explain this.",
    ),
    Rule(
        "cooperation.acknowledged",
        "warning",
        "{direction}, {period}, '{label}': {seen} requests were acknowledged, but only {expected} were pending at the "
        "start or came in.",
        "Check both figures. A request is acknowledged once.",
    ),
    Rule(
        "cooperation.opening",
        "warning",
        "{direction}, '{label}': {seen} requests were pending at the start of {period}, but {expected} at the end of "
        "the period before.",
        "Check both figures. If requests were recounted, explain this.",
        "history",
    ),
)
