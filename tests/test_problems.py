"""How problems are shown."""

from hypothesis import given
from hypothesis import strategies as st

from sitegen.problems import (
    Location,
    as_github,
    as_json,
    as_text,
    did_you_mean,
    error,
    nearest_file,
    printable,
    warning,
    width,
)


def test_a_problem_shows_its_line_with_a_caret() -> None:
    at = Location("content/a.md", 7, 9, "title: Größe")
    assert as_text(error("x-y", at, "What.", "Next.\nThen.")) == (
        "content/a.md:7:9: error[x-y]: What.\n"
        "  7 | title: Größe\n"
        "    |         ^\n"
        "  Next.\n"
        "  Then."
    )


def test_a_problem_without_a_place_is_one_line() -> None:
    assert as_text(warning("x", Location("a"), "What.")) == "a: warning[x]: What."
    assert as_text(warning("x", Location("a", 3), "W.")) == "a:3: warning[x]: W."


def test_the_caret_stands_below_wide_characters() -> None:
    lines = as_text(error("x", Location("a", 1, 4, "日本\u0301x"), "W.")).splitlines()
    assert lines[2] == "    |     ^"
    assert width("日本\u0301") == 4
    assert width("abc") == 3


def test_long_lines_are_cut_around_the_caret() -> None:
    at = Location("a", 1, 500, "a" * 499 + "X" + "b" * 500)
    lines = as_text(error("x", at, "W.")).splitlines()
    assert len(lines[1]) < 130
    assert lines[1][lines[2].index("^")] == "X"


def test_a_tab_is_as_wide_as_it_is_shown() -> None:
    lines = as_text(error("x", Location("a", 1, 3, "\t\tx"), "W.")).splitlines()
    assert lines[1][lines[2].index("^")] == "x"


@given(st.text())
def test_no_text_steers_a_terminal(text: str) -> None:
    shown = as_text(error("x", Location(text, 1, 1, text), text, text))
    assert all(
        line == "" or line.isprintable() or " " in line for line in shown.split("\n")
    )
    assert not set(shown) & set("\x00\x07\x08\x1b\x7f\x9b\r\u202e\u2066")
    assert printable(printable(text)) == printable(text)


def test_programs_get_the_same() -> None:
    problem = error("x", Location("a,b:c%", 1, 2, "s"), "W\n%", "N")
    assert as_json(problem) == {
        "code": "x",
        "severity": "error",
        "path": "a,b:c%",
        "line": 1,
        "column": 2,
        "message": "W\n%",
        "hint": "N",
        "source": "s",
    }
    assert as_github(problem) == (
        "::error file=a%2Cb%3Ac%25,line=1,col=2,title=x::W%0A%25%0AN"
    )
    assert as_github(warning("x", Location("a"), "W")) == "::warning file=a,title=x::W"


def test_what_was_meant() -> None:
    assert did_you_mean("titel", ["title", "date"]) == "Did you mean 'title'?"
    assert did_you_mean("zzz", ["title"]) == ""
    assert nearest_file("psot.html", ["post.html", "post.xml"]) == "post.html"
    assert nearest_file("wide.html", ["index.html", "post.html"]) == ""
    assert nearest_file("nothing", ["post.html"]) == ""
