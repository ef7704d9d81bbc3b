"""English phrases that readers and rules use as parameters of findings, marked for translation.

A test checks that each phrase still occurs in the module that uses it.
"""

from __future__ import annotations

import re

from pipelines.core.i18n import mark

PHRASES: frozenset[str] = frozenset(
    {
        mark("a presentation"),
        mark("a document saved as 'Strict Open XML'"),
        mark("a workbook whose parts have unusual names"),
        mark("an SDMX-JSON message"),
        mark("SDMX-ML, SDMX-CSV or JSON-stat"),
        mark("an OpenDocument text (.odt)"),
        mark("an OpenDocument drawing"),
        mark("an Apple Numbers document"),
        mark("an old Word document (.doc)"),
        mark("an old Office file that holds no workbook"),
        mark("a web archive (.mht)"),
        mark("a SYLK file"),
        mark("an 'XML Spreadsheet 2003'"),
        mark("a rich text document (.rtf)"),
        mark("a Parquet file"),
        mark("a database"),
        mark("an SPSS file"),
        mark("a program"),
        mark("a PostScript file"),
        mark("video"),
        mark("icon"),
        mark("Word document (.docx)"),
        mark("Word document (.docx) or .ods"),
        mark("CSV UTF-8 or Excel Workbook (.xlsx)"),
        mark("all events"),
        mark("first events of proceedings"),
        mark("The cell"),
        mark("the year"),
        mark("year and quarter"),
        mark("its result was not of the agreed shape"),
        mark("it used more processor time than a file may"),
        mark("the system ended it, most likely for lack of memory"),
        mark("an office file (ZIP)"),
        mark("the file itself"),
        mark("its end is missing"),
        mark("its structure is broken"),
        mark("it is a dimension without values"),
        mark("text in another language"),
        mark("plain text"),
        mark("no body"),
        mark("no spreadsheet in content.xml"),
        mark("no pages"),
        mark("nested too deeply"),
        mark("it is not an object"),
        mark("nothing in it has dimension and value"),
    }
)
"""Phrases without parameters."""

PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"The sheet (?P<name>.+)", re.DOTALL), mark("The sheet {name}")),
    (re.compile(r"Row (?P<row>\d+)"), mark("Row {row}")),
    (re.compile(r"Column (?P<column>[A-Z]+)"), mark("Column {column}")),
    (re.compile(r"its result could not be taken \((?P<name>\w+)\)"), mark("its result could not be taken ({name})")),
    (re.compile(r"the reader crashed \((?P<signal>\w+)\)"), mark("the reader crashed ({signal})")),
    (
        re.compile(r"the reading process ended early \(code (?P<code>\d+)\)"),
        mark("the reading process ended early (code {code})"),
    ),
    (re.compile(r"its class is (?P<name>.+)", re.DOTALL), mark("its class is {name}")),
    (re.compile(r"damaged (?P<name>[\w-]+)"), mark("damaged {name}")),
    (re.compile(r"(?P<start>\d{4}-\d\d-\d\d) to (?P<end>\d{4}-\d\d-\d\d)"), mark("{start} to {end}")),
)
"""Phrases with parameters."""
