"""Scripts and spelling: matching words across Latin and Cyrillic, with and without diacritics."""
