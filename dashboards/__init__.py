"""Hold the screens: `public` for everybody, `office` for the offices.

The two sites do not import each other. `style.css` is the style sheet of both.
"""
