"""The style sheet and the script of the static pages."""

from __future__ import annotations

from pipelines.front.assets import shorten_names, shorten_script, shorten_style


def test_shorten_style_keeps_rules_and_quoted_spaces() -> None:
    style = (
        '/* A note. */\n@media print {\n  .a > .b::before { content: ", > "; color: red; }\n}\n'
        ".c .d, .e { margin: 0 1px !important; }\n"
    )
    assert (
        shorten_style(style) == '@media print{.a>.b::before{content:", > ";color:red}}.c .d,.e{margin:0 1px!important}'
    )


def test_shorten_names_renames_each_property_everywhere() -> None:
    style = ":root{--rti-text:red;--rti-text-quiet:blue}a{color:var(--rti-text-quiet)}b{color:var(--rti-text);--x--y:1}"
    assert shorten_names(style) == ":root{--a:red;--b:blue}a{color:var(--b)}b{color:var(--a);--c:1}"


def test_shorten_script_keeps_every_statement() -> None:
    script = "// About.\n(() => {\n  const a = 'x // y';  // kept\n\n    // left out\n  return a;\n})();\n"
    assert shorten_script(script) == "(() => {\nconst a = 'x // y';  // kept\nreturn a;\n})();\n"
