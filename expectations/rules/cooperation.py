"""Rules on returns of international cooperation: partners, dimensions, balances, and records of requests."""

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
    Rule(
        "request.unique",
        "error",
        "The same event of the same request appears twice.",
        "Leave one of the two records.",
    ),
    Rule(
        "request.self",
        "error",
        "The partner of this request is {partner}, the reporting territory itself.",
        "Correct the partner. Requests between offices of one territory are not international cooperation.",
    ),
    Rule(
        "request.ends",
        "error",
        "This request has '{event}' on {seen}, but it ended with '{earlier}' on {expected}. Requests affected: "
        "{records}.",
        "Leave the outcome that is right. A request ends once.",
    ),
    Rule(
        "request.acknowledged",
        "warning",
        "This request was acknowledged on {seen}, after it ended on {expected} ('{earlier}'). Requests affected: "
        "{records}.",
        "Correct the date that is wrong. If both are right, explain them.",
    ),
    Rule(
        "request.changed",
        "warning",
        "This request has another {dim} than in an earlier return: '{category}' here, '{other}' there. Requests "
        "affected: {records}.",
        "Correct the value, or the number of the request, that is wrong.",
        "history",
    ),
    Rule(
        "request.ended",
        "warning",
        "'{event}' of this request is dated {seen}, which contradicts '{earlier}' on {expected} in another return. "
        "Requests affected: {records}.",
        "Correct the date, or the number of the request, that is wrong.",
        "history",
    ),
    Rule(
        "request.counts",
        "warning",
        "Records of requests and counts of the same office differ for {period} ({measure}; {direction}; "
        "{offence_group}): {seen} in this return, {expected} in the other. Figures affected: {records}.",
        "Compare both returns and correct the one that is wrong. If both are right, explain the difference.",
        "history",
    ),
)
