"""Write briefs to print: two pages on a territory, four on the region, as tagged PDF/UA in each language.

They have the sentences, tables and pictures of the static pages, and nothing else. `compose` chooses what a brief
contains, `write` typesets it. A brief depends on the release, the language and the code only.
"""
