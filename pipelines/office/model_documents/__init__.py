"""Model documents of international cooperation: their texts as data (`*.yml`), filled in and written as DOCX and PDF.

`declarations` reads the data, `filling` checks entries and puts them into the texts, `docx_writer` and `pdf_writer`
write files in memory. Nothing here writes to disk, to a log or to a cache.
"""
