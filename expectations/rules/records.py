"""Rules on the records of a register."""

from __future__ import annotations

from pipelines.findings.rules import Rule

RULES = (
    Rule(
        "record.order",
        "error",
        "The {event} of this person is dated {seen}, before the {earlier} of {expected}.",
        "Correct the date that is wrong.",
    ),
    Rule(
        "record.period",
        "error",
        "The event is dated {seen}, outside {period}.",
        "Correct the date, or send the record with the return of its own period.",
    ),
    Rule(
        "record.cutoff",
        "error",
        "The event is dated {seen}, after the cut-off date {expected}.",
        "Correct one of the two dates.",
    ),
    Rule(
        "record.unique",
        "error",
        "The same event of the same person appears twice.",
        "Leave one of the two records.",
    ),
    Rule(
        "record.sentence",
        "error",
        "A length of {seen} months is given for the sanction {sentence_type}, which has no length.",
        "Correct the sanction or delete the length.",
    ),
    Rule(
        "record.length",
        "warning",
        "The prison sentence is {seen} months; the article allows {expected} at most.",
        "Check the length (is it in years?). If it is right, explain why it exceeds the article.",
    ),
    Rule(
        "record.term",
        "warning",
        "The sanction ({sentence_type}) is {seen} months long; the law has none above {expected}. Persons "
        "affected: {records}.",
        "Check the length. If it is right, explain it.",
    ),
    Rule(
        "record.no_length",
        "warning",
        "The length of the sanction ({sentence_type}) is {seen} months. Persons affected: {records}.",
        "Enter the length, or leave it empty if it is not known.",
    ),
    Rule(
        "record.part_of_month",
        "warning",
        "The length of the sanction is {seen} months, not a whole number of months. Persons affected: {records}.",
        "Check the length. If it is right, explain it.",
    ),
    Rule(
        "record.person",
        "warning",
        "One person has two values of {dim} in this return: '{category}' here, '{other}' in another record. "
        "Persons affected: {records}.",
        "Correct the value, or the code of the person, that is wrong.",
    ),
    Rule(
        "record.exclusive",
        "warning",
        "'{event}' ({seen}) and '{earlier}' ({expected}) of one person exclude each other: nothing brought the "
        "case back. Persons affected: {records}.",
        "Delete the event that is wrong, or add the one that brought the case back.",
    ),
    Rule(
        "record.twice",
        "warning",
        "'{event}' of one person is dated {seen} here and {expected} in another record of this return. Persons "
        "affected: {records}.",
        "Delete the event that is wrong, or add the one that brought the case back.",
    ),
    Rule(
        "record.stage_missing",
        "warning",
        "'{event}' of {seen} has no '{earlier}' on or before that day. Persons affected: {records}.",
        "Add the missing event, or delete the one that is wrong.",
    ),
    Rule(
        "record.outcome_missing",
        "warning",
        "'{event}' of {seen} has no outcome: no conviction, acquittal, rejection or discontinuance on that day. "
        "Persons affected: {records}.",
        "Add the missing event, or delete the one that is wrong.",
    ),
    Rule(
        "record.sanctions",
        "warning",
        "The same sanction is '{category}' ({seen} months) here and '{other}' ({expected} months) in another "
        "record. Persons affected: {records}.",
        "Correct the record that is wrong.",
    ),
    Rule(
        "record.length_missing",
        "warning",
        "The sanction ({sentence_type}) has no length. Persons affected: {records}.",
        "Enter the length. If there is none, as for life imprisonment, explain it.",
    ),
    Rule(
        "record.sanction_of_age",
        "warning",
        "The sanction ({sentence_type}) does not fit the age ({category}). Persons affected: {records}.",
        "Correct the sanction or the age. If both are right, explain it.",
    ),
    Rule(
        "record.unknown",
        "warning",
        "The value of {dim} is not given for {seen} of {n} persons.",
        "Check that the column was exported. If it is not known, explain this.",
    ),
    Rule(
        "record.gap",
        "warning",
        "There is no event ({measure}) from {seen} to {expected} in {period} (probability {p}).",
        "Check that the file is complete. If there was no event, explain this.",
    ),
    Rule(
        "record.far",
        "warning",
        "The event is dated {seen}, many years before the newest event ({expected}). Records affected: {records}.",
        "Correct the date. If it is right, explain it.",
    ),
    Rule(
        "record.changed_person",
        "warning",
        "A person has another {dim} than in an earlier return: '{category}' here, '{other}' there. Persons "
        "affected: {records}.",
        "Correct the value, or the code of the person, that is wrong.",
        "history",
    ),
    Rule(
        "record.reported_before",
        "warning",
        "'{event}' of one person is dated {seen}, but another return has it on {expected}. Persons affected: "
        "{records}.",
        "Delete the event that is wrong, or add the one that brought the case back.",
        "history",
    ),
    Rule(
        "record.ended",
        "warning",
        "'{event}' ({seen}) contradicts '{earlier}' ({expected}) of the same person in another return: nothing "
        "brought the case back. Persons affected: {records}.",
        "Delete the event that is wrong, or add the one that brought the case back.",
        "history",
    ),
    Rule(
        "record.copied",
        "warning",
        "{seen} of the {n} events of {period} are also in the return for {previous}.",
        "Check that the file is that of the new period and not the old one under a new name.",
        "history",
    ),
    Rule(
        "record.number",
        "warning",
        "Proceedings in {period} ({measure}): {seen}; the {n} returns before average {mean} (probability {p}).",
        "Check that the file is complete. If it is, explain the number.",
        "history",
    ),
    Rule(
        "record.share",
        "warning",
        "The share of '{category}' ({dim}) in {period} is {seen} of {n}; in the {periods} periods before it was "
        "{share} per cent (probability {p}).",
        "Compare the column with its source. If it is right, explain it.",
        "history",
    ),
    Rule(
        "record.unusual_length",
        "warning",
        "The sanction ({sentence_type}) is {seen} months long; the longest of {n} before was {expected}. Persons "
        "affected: {records}.",
        "Check the length. If it is right, explain it.",
        "history",
    ),
    Rule(
        "record.lengths_shifted",
        "warning",
        "The {n} sanctions ({sentence_type}) of {period} average {seen} months; {expected} were expected from "
        "earlier returns (probability {p}).",
        "Check the unit of the lengths. If they are right, explain it.",
        "history",
    ),
)
