"""Tokens are Pygments' own, also when the rules of a lexer are joined."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.lexer import Lexer, RegexLexer, words
from pygments.lexers import get_all_lexers, get_lexer_by_name
from pygments.token import Comment, Keyword, Name, String

from sitegen.markup import lexing

ROOT = Path(__file__).parents[2]

COMMON = (
    "bash c console cpp css diff django docker go haskell html ini java javascript json "
    "kotlin lua make markdown perl php powershell python pytb r rst ruby rust scss sql "
    "swift toml typescript xml yaml"
).split()

PIECES = r"""
    if for def class return import ''' r' f"{x}" b'x' // /* */ # -- <!-- --> <a href='x'>
    </a> <script> </script> { } [ ] ( ) ; : = => -> :: . , & | ! @ $x ${x} $( ` % 0x1f 12
    3.5e-7 a_name Name NAME \ \n \u00e9 é 日本 ^ ~ ? " '
""".split()


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Joins all rules at once."""
    monkeypatch.setattr(lexing, "MUCH", -1)
    lexing._states.cache_clear()
    yield
    lexing._states.cache_clear()


def lexer_of(language: str) -> Lexer:
    lexer: Lexer = get_lexer_by_name(language, stripnl=False)
    return lexer


def texts() -> list[str]:
    """Returns code of several kinds; not much, since some lexers are quadratic."""
    files = "sitegen/markup/lexing.py README.md sitegen.toml Makefile static/style.css"
    found = [ROOT / file for file in files.split()]
    return [path.read_text()[:2500] for path in found if path.exists()]


def assert_same_tokens(language: str) -> None:
    lexer = lexer_of(language)
    for text in texts():
        assert list(lexing.tokens(lexer, text)) == list(lexer.get_tokens(text))


@pytest.mark.parametrize("language", COMMON)
def test_common_lexers_find_the_same_tokens(joined: None, language: str) -> None:
    assert_same_tokens(language)


def test_all_lexers_find_the_same_tokens(
    joined: None, rounds: Callable[[int], int]
) -> None:
    names = sorted(aliases[0] for _, aliases, _, _ in get_all_lexers() if aliases)
    assert len(names) > 400
    for language in names[:: len(names) // rounds(len(names))]:
        assert_same_tokens(language)


@given(
    st.sampled_from(COMMON),
    st.lists(st.sampled_from([*PIECES, " ", "\n", "\n    "]), max_size=40),
)
def test_any_text_gives_the_same_tokens(language: str, pieces: list[str]) -> None:
    lexer, text = lexer_of(language), "".join(pieces)
    expected = list(lexer.get_tokens(text))
    assert list(lexing.tokens(lexer, text)) == expected
    if lexing._follows_rules(type(lexer)):
        for state in lexing._states(lexer).by_name.values():
            state.join()
        assert list(lexing.tokens(lexer, text)) == expected
    lexing._states.cache_clear()  # each example has a lexer of its own


class Small(RegexLexer):
    """A lexer with a rule of each kind that needs care."""

    tokens = {
        "root": [
            (r"(?i)select\b", Keyword),
            (r"(['\"])(.*?)\1", String),
            (r"(?s)/\*.*?\*/", Comment),
            (words(("one", "two"), suffix=r"\b"), Keyword),
            (r"\(", Keyword, "inner"),
            (r"<", Keyword, ("inner", "inner")),
            (r"(?P<name>\w+)", Name),
        ],
        "inner": [
            (r"\)", Keyword, "#pop"),
            (r"\(", Keyword, "#push"),
            (r">", Keyword, "#pop:2"),
            (r"\*", Keyword, ("#pop", "#push")),
            (r"[^()>*\n]+", Name),
        ],
    }


@pytest.mark.parametrize(
    "text",
    [
        *("SELECT 'a' \"b'\" one", "/* a\nb */ x", "((a)*b)) c", "<a>b>c", ""),
        *("< ( \n a", "no\n end", ")", "*(*(*", "ones twos"),
    ],
)
def test_rules_of_all_kinds(joined: None, text: str) -> None:
    lexer = Small(stripnl=False)
    assert list(lexing.tokens(lexer, text)) == list(lexer.get_tokens(text))
    steps = lexing._states(lexer).by_name["root"].steps
    assert len(steps) < len(lexing._states(lexer).by_name["root"].rules)


def test_rules_are_joined_when_there_is_much_to_read() -> None:
    lexer = Small(stripnl=False)
    text = "select one\n" * 200
    list(lexing.tokens(lexer, text))
    assert not lexing._states(lexer).by_name["root"].is_joined
    for _ in range(lexing.MUCH // len(text) + 1):
        list(lexing.tokens(lexer, text))
    assert lexing._states(lexer).by_name["root"].is_joined


def test_threads_may_read_while_rules_are_joined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lexing, "MUCH", 2_000)
    text = texts()[0]
    for _ in range(3):
        lexing._states.cache_clear()
        lexer = lexer_of("python")
        expected = list(lexer.get_tokens(text))
        with ThreadPoolExecutor(4) as pool:
            found = pool.map(lambda each: list(lexing.tokens(each, text)), [lexer] * 12)
            assert all(each == expected for each in found)


def test_lexers_that_do_more_are_left_to_pygments(joined: None) -> None:
    lexer = lexer_of("python")
    lexer.add_filter("keywordcase", case="upper")
    assert (Keyword, "PASS") in list(lexing.tokens(lexer, "pass"))
    assert not lexing._follows_rules(type(lexer_of("json")))
