"""Build the static pages of a release: plain HTML and SVG in each language, readable without a script."""
