"""Pictures of every page in several widths and languages, to look at after a change of pages or of the style sheet."""
