"""Front matter: three dialects, every way to get it wrong, and the way back."""

import math
from datetime import UTC, date, timedelta, timezone
from hashlib import sha256

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sitegen.content import yaml_dialect, yaml_subset
from sitegen.content.flaws import Unreadable
from sitegen.content.frontmatter import CODES, dump, locate, parse

PATH = "content/posts/a.md"


def fields(text: str | bytes) -> dict[str, object]:
    data = text.encode() if isinstance(text, str) else text
    front, problems = parse(data, PATH)
    assert problems == ()
    return front.fields


def problem(text: str | bytes) -> tuple[str, int, int]:
    """Returns code, line and column of the only problem."""
    data = text.encode() if isinstance(text, str) else text
    front, problems = parse(data, PATH)
    assert front.fields == {}
    (only,) = problems
    assert only.is_error and only.code in CODES
    assert only.message.endswith((".", "?")) and only.location.path == PATH
    lines = data.decode("utf-8", "replace").removeprefix("\ufeff").split("\n")
    assert only.location.source == lines[only.location.line - 1].rstrip("\r")[:2000]
    return only.code, only.location.line, only.location.column


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: Hello\ntags: [a, b]\n---\nBody\n",
        '+++\ntitle = "Hello"\ntags = ["a", "b"]\n+++\nBody\n',
    ],
)
def test_a_file_becomes_fields_and_a_body(text: str) -> None:
    data = text.encode()
    front, problems = parse(data, PATH)
    assert problems == ()
    assert front.fields == {"title": "Hello", "tags": ["a", "b"]}
    assert data[front.body.offset :] == b"Body\n"
    assert front.body.line == 5
    assert front.body.digest == sha256(b"Body\n").digest()[:16]


def test_header_lines_become_text_with_keys_in_lower_case() -> None:
    text = "Title: Hello: world\nTags: a, b\nSummary: one\n    two\nEmpty:\n\nBody\n"
    front, problems = parse(text.encode(), PATH)
    assert problems == ()
    assert front.dialect == "header"
    assert front.fields == {
        "title": "Hello: world",
        "tags": "a, b",
        "summary": "one two",
        "empty": "",
    }
    assert text.encode()[front.body.offset :] == b"Body\n"
    assert front.body.line == 7


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# Hello\n",
        "Hello world\n",
        "http://example.org/ is a link\n",
        "----\n\nA line is not a fence\n",
        "--- text\n",
        "Note: a paragraph\nthat goes on\n",
        "\n---\ntitle: too late\n---\n",
    ],
)
def test_a_file_without_front_matter_is_all_body(text: str) -> None:
    front, problems = parse(text.encode(), PATH)
    assert (front.fields, front.dialect, problems) == ({}, None, ())
    assert (front.body.offset, front.body.line) == (0, 1)


def test_bom_and_crlf_are_fine() -> None:
    data = b'\xef\xbb\xbf---\r\ntitle: "A\r\n  b"\r\ntags:\r\n- x\r\n---\r\nBody\r\n'
    front, problems = parse(data, PATH)
    assert problems == ()
    assert front.fields == {"title": "A b", "tags": ["x"]}
    assert data[front.body.offset :] == b"Body\r\n"
    assert front.body.line == 7
    assert fields("\ufeff+++\r\ntitle = 'A'\r\n+++\r\n") == {"title": "A"}
    assert fields("\ufeffTitle: A\r\nTags: b\r\n\r\n") == {"title": "A", "tags": "b"}
    front, _ = parse(b"\xef\xbb\xbfBody", PATH)
    assert front.body.offset == 3


def test_yaml_may_end_with_three_dots() -> None:
    data = b"---\ntitle: A\n...\nBody\n---\n"
    front, _ = parse(data, PATH)
    assert front.fields == {"title": "A"}
    assert data[front.body.offset :] == b"Body\n---\n"


def test_front_matter_may_end_with_the_file() -> None:
    assert fields("---\ntitle: A\n---") == {"title": "A"}
    assert fields("---\n---\n") == {}
    assert fields("---\n# only a comment\n---\n") == {}
    assert fields("---\n~\n---\n") == {}
    assert fields("+++\n+++") == {}
    assert fields("Title: A") == {"title": "A"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\ntitle: A\n", ("front-matter-unclosed", 1, 1)),
        ("---", ("front-matter-unclosed", 1, 1)),
        ("+++\ntitle = 'A'\n---\n", ("front-matter-unclosed", 1, 1)),
        (b"---\ntitle: \xe9t\xe9\n---\n", ("encoding-not-utf8", 2, 8)),
        (b"---\ntitle: A\n---\n\nBody \xff\n", ("encoding-not-utf8", 5, 6)),
        ("---\ntitle: A\n---\n".encode("utf-16"), ("encoding-not-utf8", 1, 1)),
        ("---\ntitle: A\n\tdate: 2024-05-06\n---\n", ("yaml-tab", 3, 1)),
        ("---\ntitle: A\nextra:\n\ta: b\n---\n", ("yaml-tab", 4, 1)),
        ("---\ntitle: A: b\n---\n", ("yaml-syntax", 2, 9)),
        ('---\ntitle: "A\nb: c\n---\n', ("yaml-syntax", 2, 8)),
        ('---\ntitle: "C:\\Windows"\n---\n', ("yaml-syntax", 2, 11)),
        ("---\ntitle: @me\n---\n", ("yaml-syntax", 2, 8)),
        ("---\ntags: [a, b\ntitle: A\n---\n", ("yaml-syntax", 2, 7)),
        ("---\ntitle: A\ntags\n---\n", ("yaml-syntax", 3, 1)),
        ('---\ntitle: "A" b\n---\n', ("yaml-syntax", 2, 12)),
        ("---\ntitle: *a\n---\n", ("yaml-syntax", 2, 8)),
        ("---\ntitle: A\n--- b\nc: d\n---\n", ("yaml-syntax", 3, 1)),
        ("---\ntitle: A\n<<: b\n---\n", ("yaml-syntax", 3, 5)),
        ("---\ntitle: !!int x\n---\n", ("yaml-syntax", 2, 8)),
        ("---\ntitle: !!bool x\n---\n", ("yaml-syntax", 2, 8)),
        ("---\ntitle: !!set {a, b}\n---\n", ("yaml-tag", 2, 8)),
        ("---\ntitle: !important A\n---\n", ("yaml-tag", 2, 8)),
        ("---\nx: !!python/object:os.system [ls]\n---\n", ("yaml-tag", 2, 4)),
        ("---\ntitle: A\ntitle: B\n---\n", ("key-duplicate", 3, 1)),
        ("---\nextra:\n  a: {b: 1, c: 2, b: 3}\n---\n", ("key-duplicate", 3, 19)),
        ("---\n2024: A\n---\n", ("key-not-text", 2, 1)),
        ("---\nyes: A\n---\n", ("key-not-text", 2, 1)),
        ("---\n? [a]\n: b\n---\n", ("key-not-text", 2, 3)),
        ("---\n- a\n- b\n---\n", ("front-matter-not-keys", 2, 1)),
        ("---\njust text\n---\n", ("front-matter-not-keys", 2, 1)),
        ("---\ntitle: A\ndate: 2024-02-30\n---\n", ("date-impossible", 3, 7)),
        ("---\ntitle: A\r\ndate: 2024-13-01\r\n---\n", ("date-impossible", 3, 7)),
        ("---\ndate: 2024-05-06 25:00:00\n---\n", ("date-impossible", 2, 7)),
        ("---\ntitle: a\x01b\n---\n", ("control-character", 2, 9)),
        ("+++\ntitle = A\n+++\n", ("toml-syntax", 2, 9)),
        ("+++\r\ntitle = 'A'\r\nb = \r\n+++\r\n", ("toml-syntax", 3, 5)),
        ('+++\ntags = ["a"\n+++\n', ("toml-syntax", 2, 12)),
        ("+++\ntitle = 'A'\ntitle = 'B'\n+++\n", ("key-duplicate", 3, 1)),
        ("+++\n[a]\nb = 1\n[a]\n+++\n", ("key-duplicate", 4, 1)),
        ("+++\ndate = 2024-02-30\n+++\n", ("date-impossible", 2, 8)),
        ("Title: A\ntitle: B\n\n", ("key-duplicate", 2, 1)),
        ("Title: A\nno colon here\n\n", ("header-line", 2, 1)),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    text: str | bytes, expected: tuple[str, int, int]
) -> None:
    assert problem(text) == expected


def test_the_column_counts_characters_and_not_the_bom() -> None:
    assert problem("---\ntitle: äöü: b\n---\n") == ("yaml-syntax", 2, 11)
    assert problem("\ufeff---\ntitle: A\n") == ("front-matter-unclosed", 1, 1)


@pytest.mark.parametrize(
    "hint_for",
    ["---\ntitle: A: b\n---\n", "---\ntitle: A\n", "+++\ntitle = A\n+++\n"],
)
def test_a_problem_says_what_to_do(hint_for: str) -> None:
    (only,) = parse(hint_for.encode(), PATH)[1]
    assert only.hint


def test_a_second_yaml_document_is_refused_by_the_empty_rest_too() -> None:
    assert problem("---\n--- a\n---\n")[0] == "front-matter-not-keys"


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ("---\nx: " + "[" * 100_000, "front-matter-too-deep"),
        ("---\n" + "- " * 100_000, "front-matter-too-deep"),
        ("---\n" + "? " * 60_000, "key-not-text"),
        ("+++\nx = " + "[" * 100_000, "front-matter-too-deep"),
        ("+++\n" + "a." * 100_000 + "a = 1", "front-matter-too-deep"),
        ("+++\nx = " + "[" * 150 + "]" * 150, "front-matter-too-deep"),
        ("+++\nx = " + "9" * 5000, "toml-syntax"),
        ("---\nx: " + "9" * 5000, "yaml-syntax"),
        ("---\nx: [" + "a," * 20_000 + "]", "front-matter-too-many-values"),
        (
            "---\na: &a [x,x,x,x,x,x,x,x,x]\n"
            + "".join(
                f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n"
                for a, b in zip("abcdefghi", "bcdefghij", strict=True)
            ),
            "front-matter-too-many-values",
        ),
        ("---\na: &a [*a]\n", "yaml-syntax"),
        ("---\n" + " " * 200_000 + "\tx", "yaml-tab"),
        ('---\nx: "' + " " * 200_000 + "\n" + '": \n', "yaml-syntax"),
        ("Title: A\n" + " x\n" * 80_000 + "y", "header-line"),
    ],
    ids=range(14),
)
def test_a_bomb_is_refused_and_does_not_go_off(head: str, code: str) -> None:
    fence = "" if head.startswith("T") else head[:3]
    assert problem(f"{head}\n{fence}\n")[0] == code
    assert locate(f"{head}\n{fence}\n".encode(), "x")[0] >= 1


@pytest.mark.parametrize("fence", ["---", "+++"])
def test_front_matter_of_50_mb_is_refused(fence: str) -> None:
    data = f"{fence}\ntitle: A\n".encode() + b"x: y\n" * 10_000_000
    front, (only,) = parse(data + fence.encode() + b"\n", PATH)
    assert (only.code, only.location.line) == ("front-matter-too-long", 1)
    assert front.fields == {}
    header = b"Title: A\n" + b"x: y\n" * 100_000
    assert parse(header, PATH)[0].fields == {}


def test_merge_keys_are_merged_as_pyyaml_does() -> None:
    text = (
        "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\n"
        "one:\n  <<: *a\n  y: 5\nboth:\n  <<: [*a, *b]\n"
    )
    read = fields(f"---\n{text}---\n")
    assert read == yaml.safe_load(text)
    assert read["both"] == {"x": 1, "y": 2, "z": 4}


def test_keys_deeper_down_are_kept_as_written() -> None:
    text = "---\nextra:\n  2024: a\n  yes: b\n? &k title\n: A\nx: {*k : c}\n---\n"
    assert fields(text) == {
        "extra": {"2024": "a", "yes": "b"},
        "title": "A",
        "x": {"title": "c"},
    }


def test_toml_times_become_text() -> None:
    text = "+++\nat = 07:30:00\nx = [{at = 07:30:00}]\n+++\n"
    assert fields(text) == {"at": "07:30:00", "x": [{"at": "07:30:00"}]}


def test_trailing_tabs_are_taken_as_libyaml_takes_them() -> None:
    assert fields("---\ntags:\n- melody\t\t\n- b\n---\n") == {"tags": ["melody", "b"]}


def test_pyyaml_without_libyaml_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    text = "---\ntitle: &a |\n  A\n  b\nx: {y: *a}\nd: 2024-05-06\n---\n"
    assert fields(text) == {
        "title": "A\nb\n",
        "x": {"y": "A\nb\n"},
        "d": date(2024, 5, 6),
    }
    assert problem("---\ntitle: A\n\tdate: B\n---\n") == ("yaml-tab", 3, 1)
    assert problem("---\ntitle: A: b\n---\n") == ("yaml-syntax", 2, 9)


@pytest.mark.parametrize(
    ("text", "key", "index", "value", "is_key", "expected"),
    [
        ("---\ntitle: A\ntags: [a, b]\n---\n", "title", None, None, False, (2, 8)),
        ("---\ntitle: A\ntags: [a, b]\n---\n", "tags", 1, None, False, (3, 11)),
        ("---\ntitle: A\ntags:\n- a\n- b\n---\n", "tags", None, "b", False, (5, 3)),
        ("---\ntitle: A\ntags:\n- a\n---\n", "tags", None, None, True, (3, 1)),
        ("---\ntitle:\n---\n", "title", None, None, False, (2, 1)),
        ("---\na: b\nx: {y: {z: 1}}\n---\n", "x.y.z", None, None, False, (3, 12)),
        ("---\na: b\n---\n", "missing", None, None, False, (2, 1)),
        ("---\nx: 1\na.b: c\n---\n", "a.b", None, None, False, (3, 6)),
        ('+++\nx = 1\n"a.b" = 2\n+++\n', "a.b", None, None, False, (3, 9)),
        ("---\na: [b\n---\n", "a", None, None, False, (2, 1)),
        (
            "+++\ntitle = 'A'\ntags = ['a', 'b']\n+++\n",
            "title",
            None,
            None,
            False,
            (2, 9),
        ),
        (
            "+++\ntags = [\n  'a', # c\n  \"b\",\n]\n+++\n",
            "tags",
            None,
            "b",
            False,
            (4, 3),
        ),
        (
            "+++\ntags = [\n  'a', # c\n  \"b\",\n]\n+++\n",
            "tags",
            0,
            None,
            False,
            (3, 3),
        ),
        ("+++\ntags = [[1], {a = 1}]\n+++\n", "tags", 9, None, False, (2, 8)),
        ("+++\ntags = [x\n+++\n", "tags", None, "y", False, (2, 8)),
        (
            "+++\n[taxonomies]\ntags = ['a']\n+++\n",
            "taxonomies.tags",
            0,
            None,
            False,
            (3, 9),
        ),
        ("+++\n a = 1\n+++\n", "a", None, None, True, (2, 2)),
        ("+++\na = 1\n+++\n", "missing.key", None, None, False, (2, 1)),
        ("Title: A\nTags: a, b\n\n", "tags", 1, None, False, (2, 10)),
        ("Title: A\nTags: a, b\n\n", "tags", None, "b", False, (2, 10)),
        ("Title: A\nTags: a, b\n\n", "tags", None, None, False, (2, 7)),
        ("Title: A\nTags: a, b\n\n", "tags", None, None, True, (2, 1)),
        ("Title: A\n\n", "missing", None, None, False, (1, 1)),
        ("no front matter", "title", None, None, False, (1, 1)),
        ("---\nunclosed", "title", None, None, False, (1, 1)),
    ],
)
def test_a_value_is_found_in_its_file(
    text: str,
    key: str,
    index: int | None,
    value: str | None,
    is_key: bool,
    expected: tuple[int, int],
) -> None:
    assert locate(text.encode(), key, index, value, is_key) == expected


# Laws

NASTY = st.sampled_from(
    ["", "---", "+++", "\n---\n", "a: b", "a #b", "'", '"', "\\", "\x85", "\u2028",
     "\ufeff", "\x7f", "\x00", "null", "yes", "1_000", "0x1F", "12:30", "2024-05-06",
     "=", "<<", "~", "- a", "[a", "{a", "&a", "*a", "!a", "%a", "@a", "`a", "|", ">",
     " a", "a ", "\t", "a\n", "\n\n", "\U0001f600", "e\u0301", "\r\n", "...", "\n...\n"]
)  # fmt: skip
TEXT = st.text() | NASTY | st.lists(NASTY, max_size=4).map("".join)
KEY = st.from_regex(r"[a-z_]{1,8}", fullmatch=True) | TEXT
ZONES = st.none() | st.integers(-23 * 60, 23 * 60).map(
    lambda minutes: timezone(timedelta(minutes=minutes)) if minutes else UTC
)
SCALAR = (
    TEXT
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.booleans()
    | st.dates()
    | st.datetimes(timezones=ZONES, allow_imaginary=False)
)


def nested(scalar: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    values = st.recursive(
        scalar,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(KEY, inner, max_size=4)
        ),
        max_leaves=8,
    )
    return st.dictionaries(KEY, values, max_size=6)


@given(nested(SCALAR | st.none()), TEXT)
def test_yaml_reads_what_it_wrote(fields: dict[str, object], body: str) -> None:
    round_trip(fields, body, "yaml")


@given(nested(SCALAR), TEXT)
def test_toml_reads_what_it_wrote(fields: dict[str, object], body: str) -> None:
    round_trip(fields, body, "toml")


@given(st.dictionaries(st.from_regex("[a-z][a-z0-9_-]*", fullmatch=True), TEXT), TEXT)
def test_a_header_reads_what_it_wrote(fields: dict[str, object], body: str) -> None:
    try:
        dump(fields, body, "header")
    except ValueError:
        assume(False)
    round_trip(fields, body, "header")


def round_trip(fields: dict[str, object], body: str, dialect: object) -> None:
    data = dump(fields, body, dialect).encode()  # type: ignore[arg-type]
    front, problems = parse(data, PATH)
    assert problems == ()
    assert front.fields == fields
    assert [*front.fields] == [*fields] or dialect == "toml"
    assert front.dialect == dialect
    assert data[front.body.offset :] == body.encode()


@pytest.mark.parametrize(
    ("fields", "dialect"),
    [
        ({}, "header"),
        ({"a b": "c"}, "header"),
        ({"A": "c"}, "header"),
        ({"a": "b\nc"}, "header"),
        ({"a": " b"}, "header"),
        ({"a": 1}, "header"),
        ({"a": None}, "toml"),
        ({"a": [None]}, "toml"),
        ({"a": object()}, "toml"),
    ],
)
def test_what_a_dialect_cannot_hold_is_refused(
    fields: dict[str, object], dialect: object
) -> None:
    with pytest.raises(ValueError, match="a header|TOML cannot hold"):
        dump(fields, "", dialect)  # type: ignore[arg-type]


def test_toml_holds_infinity() -> None:
    data = dump({"a": math.inf, "b": {"c": {"d": -math.inf}}}, "", "toml").encode()
    assert parse(data, PATH)[0].fields == {"a": math.inf, "b": {"c": {"d": -math.inf}}}


LINES = st.lists(
    st.sampled_from(
        ["title: ", "tags:", "- ", "  - ", "date: ", "x: ", '"', "'", "[", "]", ", ",
         "a", "b c", "it's", '\\"', "\\n", "é", "#", " # c", ": ", ":", "\n", "\n",
         "\n", "  ", "\t", "\r\n", "2024-05-06", "2024-02-30", " 07:08:09", "T07:08:09Z",
         "+01:00", "1", "0", "007", "18F", "1e5", "1.5", "1_0", "12:30", "yes", "True",
         "null", "~", "---", "...", "-", "|", ">", "&a", "*a", "!b", "{", "}", "/x",
         "http://x.y/z", "\u2028", "\x85", "\ufeff", "\xa0", "\U0001f600", "<<", "="]
    ),
    max_size=25,
).map("".join)  # fmt: skip
PIECES = st.tuples(
    st.sampled_from(["title", "date", "a-b", "x1", "On", "y"]),
    st.sampled_from([": ", ":", ":  ", ":\n- ", ":\n  - ", ": [", ': "', ": '"]),
    LINES | st.text(max_size=12),
    st.sampled_from(["", "]", '"', "'", "\n- b", "\n  - b", "\n# c", "\n"]),
)
DOCUMENT = st.lists(PIECES.map("".join), max_size=4).map("\n".join)


@given(LINES | DOCUMENT | st.text())
@example('a: "b\n  c \n d"\n')
@example("a: 'b''\n'\n")
@example("a:\n- b\n\n- c\n")
def test_the_fast_reader_is_pyyaml_or_silent(text: str) -> None:
    fast = yaml_subset.read(text)
    if fast is not None:
        assert yaml_dialect.read_with_pyyaml(text) == fast
        assert types(yaml.safe_load(text)) == types(fast)
        assert yaml.safe_load(text) == fast


@given(LINES | DOCUMENT | st.text())
def test_our_reading_of_pyyamls_events_is_what_pyyaml_makes(text: str) -> None:
    try:
        ours = yaml_dialect.read_with_pyyaml(text)
    except Unreadable:
        return
    # PyYAML has no value for `=`, and merges differently only in where a key stands.
    if "<<" not in text and "=" not in text and text.count("&a") < 2:
        assert ours == (yaml.load(text, yaml.CSafeLoader) or {})


def types(value: object) -> object:
    if isinstance(value, list):
        return [types(item) for item in value]
    if isinstance(value, dict):
        return {key: types(item) for key, item in value.items()}
    return type(value)


@pytest.mark.parametrize(
    "text",
    [
        "title: Hello world\ndate: 2024-05-06\ntags: [a, b c]\ndraft: true\n",
        "title: 'It''s'\ntags:\n  - a\n  - \"b\"\nweight: 10\nimage:\n",
        'title: "Say \\"hi\\""\nurl: https://example.org/a?b=c\n\n# a comment\n',
        "date: 2024-05-06T07:08:09+02:00\ntags: []\nauthors:\n- 18F\n- Ärzte\n",
        'summary: "one\n  two\nthree"\nseries: [18F, "x", 3]\nd: 2024-05-06 07:08:09Z\n',
    ],
)
def test_common_front_matter_needs_no_pyyaml(text: str) -> None:
    assert yaml_subset.read(text) == yaml.safe_load(text) is not None


@given(st.binary() | st.text().map(str.encode) | LINES.map(lambda t: t.encode()))
@example(b"---\n\xed\xa0\x80\n---\n")
def test_no_bytes_make_parse_raise(data: bytes) -> None:
    for text in (data, b"---\n" + data + b"\n---\n", b"+++\n" + data + b"\n+++\n"):
        front, problems = parse(text, PATH)
        assert not (problems and front.fields)
        assert 0 <= front.body.offset <= len(text)
        locate(text, "title", 0)
