"""Draw the pictures of the pages, briefs and downloads as SVG: pure functions from small typed inputs to a `Drawing`.

A module draws one kind of picture. Words and figures arrive formatted (`pipelines.words`), positions are computed here.
Text stays text, each mark has a class of `charts.css`, and the same input always gives the same bytes. A page needs
`charts.css` in its style sheet; `files` embeds it in pictures that leave the page.
"""
