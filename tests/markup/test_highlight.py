"""Code blocks and their colours."""

import re

import pytest

from sitegen.build.theme import FOLDER
from sitegen.markup.highlight import (
    COLOURS,
    LONGEST,
    code_block,
    highlight_stylesheet,
    language_of,
)


@pytest.mark.parametrize(
    ("info", "language"),
    [
        *((None, ""), ("", ""), ("python", "python"), ('python title="x"', "python")),
        *(("rust,ignore", "rust"), ("{.python}", "python"), ("{ .c++ #x }", "c++")),
        *((".js", "js"), ("C#", "C#"), ("title=x", "title")),
    ],
)
def test_the_first_word_is_the_language(info: str | None, language: str) -> None:
    assert language_of(info) == language


@pytest.mark.parametrize("info", ["text", "unknown"])
def test_code_keeps_its_characters(info: str) -> None:
    block = code_block(info, '\n\n  <a> & "b"\n\n')
    assert '>\n\n  &lt;a&gt; &amp; "b"\n\n</code>' in block


@pytest.mark.parametrize("info", ["terraform", "crystal"])
def test_code_that_its_lexer_says_twice_is_not_coloured(info: str) -> None:
    block = code_block(info, "x = <<EOF\na < b\n")
    assert block.count("a &lt; b") == 1 and "<span" not in block
    assert "<span" in code_block(info, "x = 1 # y\n")


def test_a_language_cannot_break_out_of_its_attribute() -> None:
    assert 'class="language-a&quot;&gt;"' in code_block('a">', "x")


def test_very_long_code_is_not_coloured() -> None:
    assert "<span" in code_block("python", "pass\n")
    assert "<span" not in code_block("python", "pass\n" * LONGEST)


def luminance(colour: str) -> float:
    """Returns the relative luminance of a colour, as WCAG defines it."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, two: str) -> float:
    """Returns the contrast ratio of two colours, as WCAG defines it."""
    dark, light = sorted((luminance(one), luminance(two)))
    return (light + 0.05) / (dark + 0.05)


def theme_background(column: int) -> str:
    """Returns what the theme puts behind code, on light or on dark screens."""
    css = (FOLDER / "static/style.css").read_text()
    found = re.search(r"--wash:\s*light-dark\((#\w+),\s*(#\w+)\)", css)
    assert found
    return found[column + 1]


@pytest.mark.parametrize("column", [0, 1])
def test_every_colour_can_be_read(column: int) -> None:
    colours = [pair[column] for pair in COLOURS.values()]
    behind = theme_background(column)

    assert min(contrast(each, behind) for each in colours) >= 4.5


def test_the_stylesheet_has_both_schemes() -> None:
    css = highlight_stylesheet()

    assert "light-dark(#57606a,#9ba6b2)" in css
    assert ".kd," in css
    assert "background" not in css
    assert css.count("{") == css.count("}")
