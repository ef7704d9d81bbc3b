"""From the bytes of an office's file to observations and case events.

`sandbox` runs the reading in child processes, `formats` turns bytes into addressed cells or a cube, `standardise`
applies the form's declaration, and `privacy` searches for personal data before anything is stored.
"""
