"""Posts: what a file says about itself, checked and made plain."""

import subprocess
import sys
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sitegen.content import frontmatter, posts
from sitegen.content.fields import BY_SPELLING, SPECIAL
from sitegen.content.posts import PostRules, read_post
from sitegen.content.records import Moment, Post
from sitegen.problems import Problem

RULES = PostRules("Europe/Paris", ("tags", "categories", "series"))
CODES = {**frontmatter.CODES, **posts.CODES}


def read(text: str, id: str = "posts/a.md") -> tuple[Post | None, tuple[Problem, ...]]:
    post, body, problems = read_post(id, text.encode(), f"content/{id}", RULES)
    assert (post is None) == any(problem.is_error for problem in problems)
    for problem in problems:
        assert problem.code in CODES and problem.location.line >= 1
        assert problem.message.endswith((".", "?"))
    return post, problems


def post(fields: str, id: str = "posts/a.md", title: str = "title: A\n") -> Post:
    found, problems = read(f"---\n{title}{fields}\n---\nBody\n", id)
    assert found is not None and problems == ()
    return found


def only(fields: str, id: str = "posts/a.md") -> tuple[str, int, int]:
    """Returns code, line and column of the only problem; `fields` begin in line 3."""
    _, problems = read(f"---\ntitle: A\n{fields}\n---\nBody\n", id)
    (problem,) = problems
    return problem.code, problem.location.line, problem.location.column


def local(moment: Moment | None) -> str:
    assert moment is not None
    return moment.datetime().isoformat()


def test_a_full_post_is_read() -> None:
    found = post(
        "date: 2024-05-06 07:08\nupdated: 2024-05-07\nslug: b\npermalink: /c/\n"
        "draft: true\nexpires: 2030-01-01\ntags: [x, y]\ncategories: z\n"
        "series: [S, T]\nauthors: [One, Two]\ndescription: D\nsummary: |\n  E\n  F\n"
        "aliases: [/d/, e.html]\ntemplate: wide.html\nweight: -3\nimage: /i.png\n"
        "lang: pt-BR\nunlisted: true\ntoc: false\nextra: {own: 1}\nmine: 2\n"
    )
    assert found == Post(
        id="posts/a.md",
        title="A",
        section="posts",
        slug="b",
        date=Moment.of(datetime.fromisoformat("2024-05-06T07:08:00+02:00")),
        updated=Moment.of(datetime.fromisoformat("2024-05-07T00:00:00+02:00")),
        expires=Moment.of(datetime.fromisoformat("2030-01-01T00:00:00+01:00")),
        draft=True,
        permalink="/c/",
        authors=("One", "Two"),
        terms={
            "tags": ("x", "y"),
            "categories": ("z",),
            "series": ("S", "T"),
        },
        description="D",
        summary="E\nF",
        aliases=("/d/", "/e.html"),
        template="wide.html",
        weight=-3,
        image="/i.png",
        lang="pt-BR",
        unlisted=True,
        toc=False,
        extra={"mine": 2, "own": 1},
    )
    packed = msgspec.msgpack.encode(found)
    assert msgspec.msgpack.decode(packed, type=Post) == found


def test_a_slug_may_be_a_number_and_may_be_empty() -> None:
    assert post("slug: 404").slug == "404"
    assert post("slug: ''").slug == "a"


def test_the_smallest_post_has_a_title_only() -> None:
    assert post("") == Post(id="posts/a.md", title="A", section="posts", slug="a")


def test_other_tools_spellings_are_read() -> None:
    found = post(
        "url: /x/\nlastmod: 2024-05-07\nredirect_from: /old\nexpiryDate: 2030-01-01\n"
        "excerpt: E\nlayout: wide.html\npublished: false\ncategory: One, two\n"
        "author: King, Jr.\ntag: t\n"
    )
    assert found.permalink == "/x/" and found.aliases == ("/old/",)
    assert local(found.updated) == "2024-05-07T00:00:00+02:00"
    assert local(found.expires) == "2030-01-01T00:00:00+01:00"
    assert (found.summary, found.template, found.draft) == ("E", "wide.html", True)
    assert found.terms == {"categories": ("One, two",), "tags": ("t",)}
    assert found.authors == ("King, Jr.",)
    assert found.extra == {}


def test_keys_may_be_capital_letters() -> None:
    assert post("Date: 2024-05-06\nTAGS: a", title="Title: A\n").terms == {
        "tags": ("a",)
    }


def test_of_two_spellings_our_own_counts_and_lists_add_up() -> None:
    found = post("excerpt: E\nsummary: S\npath: /b/\npermalink: /c/\nurl: /d/")
    assert (found.summary, found.permalink) == ("S", "/c/")
    found = post("summary: S\nexcerpt: E\nimage:\n")
    assert found.summary == "S"
    found = post("summary:\nexcerpt: E")
    assert found.summary == "E"
    found = post("aliases: [/b/]\nredirect_from: [/c/, /b/]\nauthor: X\nauthors: [Y]")
    assert found.aliases == ("/b/", "/c/") and found.authors == ("X", "Y")


@pytest.mark.parametrize(
    "fields",
    [
        "date: 2024-05-06\npublishDate: 2025-05-06",
        "publishDate: 2025-05-06\ndate: 2024-05-06",
    ],
)
def test_a_post_is_not_out_before_its_publish_date(fields: str) -> None:
    assert local(post(fields).date) == "2025-05-06T00:00:00+02:00"


@pytest.mark.parametrize(
    ("fields", "draft"),
    [
        ("published: true", False),
        ("status: draft", True),
        ("status: published", False),
        ("draft: false\npublished: false", True),
        ("published: false\ndraft: false", True),
    ],
)
def test_a_draft_is_a_draft_in_every_tools_words(fields: str, draft: bool) -> None:
    found = post(fields)
    assert found.draft is draft and found.extra == {}


def test_other_meanings_of_those_words_are_the_authors_own() -> None:
    found = post(
        "published: 2024-05-06\nstatus: evergreen\ntaxonomies: x\nlayout: post"
    )
    assert found.extra == {
        "published": "2024-05-06",
        "status": "evergreen",
        "taxonomies": "x",
    }


def test_a_header_is_read_by_the_types_that_keys_want() -> None:
    found, problems = read(
        "Title: A\nDate: 2024-05-06 7:08\nTags: a, b ,a\nAuthors: One; Two, Jr.\n"
        "Draft: Yes\nToc: no\nWeight: 12\nAliases: /x/, /y/\nStatus: published\n"
        "Published: true\nImage:\nCategory: One, two\nOwn: 1\n\nBody\n"
    )
    assert problems == () and found is not None
    assert found.terms == {"tags": ("a", "b"), "categories": ("One, two",)}
    assert found.authors == ("One", "Two, Jr.")
    assert (found.draft, found.toc, found.weight) == (True, False, 12)
    assert found.aliases == ("/x/", "/y/") and found.extra == {"own": "1"}
    assert local(found.date) == "2024-05-06T07:08:00+02:00"


def test_toml_tables_of_zola_are_understood() -> None:
    found, problems = read(
        '+++\ntitle = "A"\ntags = ["z"]\n[taxonomies]\ntags = ["a", "z"]\n'
        'series = ["S"]\n[extra]\nat = 07:30:00\nday = 2024-05-06\n+++\n'
    )
    assert problems == () and found is not None
    assert found.terms == {"tags": ("z", "a"), "series": ("S",)}
    assert found.extra == {"at": "07:30:00", "day": "2024-05-06"}


def test_a_table_of_terms_may_name_a_taxonomy_that_is_not_there() -> None:
    found, (problem,) = read('+++\ntitle = "A"\n[taxonomies]\nmood = ["a"]\n+++\n')
    assert found is not None and found.terms == {}
    assert (problem.code, problem.location.line) == ("taxonomy-unknown", 4)
    assert 'mood = "/mood/{slug}/"' in problem.hint


def test_terms_are_cleaned() -> None:
    found = post("tags: [2024, 1.5, ' a  b ', '', null, A B, 2024-05-06, \"\\u200b\"]")
    assert found.terms == {"tags": ("2024", "1.5", "a b", "2024-05-06")}
    assert post("tags: a, b,, c").terms == {"tags": ("a", "b", "c")}
    assert post("tags: []\ncategories:\nseries:").terms == {}
    assert post("tags: 2024").terms == {"tags": ("2024",)}


def test_own_values_become_plain() -> None:
    found = post(
        "extra:\n  when: 2024-05-06\n  at: 2024-05-06T07:08:09Z\n  list: [1, [2.5]]\n"
        "  2024: x\n  big: 99999999999999999999\n  inf: .inf\nextra_2: {a: null}\n"
        f"huge: 0x{'f' * 9000}"
    )
    huge = found.extra.pop("huge")
    assert huge == "0x" + "f" * 9000
    assert found.extra == {
        "when": "2024-05-06",
        "at": "2024-05-06T07:08:09+00:00",
        "list": [1, [2.5]],
        "2024": "x",
        "big": "99999999999999999999",
        "inf": "inf",
        "extra_2": {"a": None},
    }
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=Post) == found


def test_extra_wins_over_a_key_outside_of_it() -> None:
    assert post("own: 1\nextra: {own: 2}").extra == {"own": 2}
    assert post("own: 1\nextra:").extra == {"own": 1}


# Names and places


@pytest.mark.parametrize(
    ("id", "section", "slug", "date"),
    [
        ("a.md", "", "a", None),
        ("index.md", "", "", None),
        ("about/index.md", "", "about", None),
        ("posts/2024-05-06-b.md", "posts", "b", "2024-05-06"),
        ("posts/2024-05-06-b/index.md", "posts", "b", "2024-05-06"),
        ("docs/how/2024-05-06.md", "docs/how", "2024-05-06", "2024-05-06"),
        ("posts/2024-02-30-b.md", "posts", "2024-02-30-b", None),
        ("x/roadmap@0.md", "x", "roadmap@0", None),
        ("x/Rust-1.3.md", "x", "Rust-1.3", None),
        ("x/My post.md", "x", "my-post", None),
        ("docs/_index.md", "docs", "", None),
        ("_index.md", "", "", None),
    ],
)
def test_the_path_gives_section_slug_and_date(
    id: str, section: str, slug: str, date: str | None
) -> None:
    found = post("", id)
    assert (found.section, found.slug) == (section, slug)
    assert (found.date and local(found.date)[:10]) == date


def test_a_date_comes_from_the_front_matter_the_name_or_the_permalink() -> None:
    id = "posts/2023-01-01-b.md"
    both = "permalink: /2022/02/02/b/"
    assert local(post(f"date: 2024-05-06\n{both}", id).date)[:10] == "2024-05-06"
    assert local(post(f"date: ''\n{both}", id).date)[:10] == "2023-01-01"
    assert local(post(both).date)[:10] == "2022-02-02"
    inside = "permalink: posts/2022/02/02/b"
    assert local(post(inside).date)[:10] == "2022-02-02"
    assert post("permalink: other/2022/02/02/b").date is None
    assert post("", "posts/0001-01-01-b.md").date is None


def test_a_section_page_may_have_no_title() -> None:
    found, problems = read(
        "---\ndated: true\npaginate: 5\n---\n", "inside-rust/_index.md"
    )
    assert problems == () and found is not None
    assert (found.title, found.dated, found.paginate) == ("Inside rust", True, 5)
    found, problems = read("Only text\n", "_index.md")
    assert problems == () and found is not None and found.title == ""
    found, problems = read("---\ntitle: T\nsort_by: weight\n---\n", "x/_index.md")
    assert found is not None and (found.title, found.sort_by) == ("T", "weight")
    found, problems = read('---\ntitle: ""\n---\n', "x/_index.md")
    assert [problem.code for problem in problems] == ["title-empty"]


# Problems


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("Hello\n", 1, "Begin the file with these lines:\n---\ntitle: B c\n---"),
        ("", 1, "---\ntitle: B c\n---"),
        ("---\ndate: 2024-05-06\n---\n", 1, "---\ntitle: B c\n---"),
        ("---\nx: 1\ntitle:\n---\n", 3, "---\ntitle: B c\n---"),
        ("+++\ndate = 2024-05-06\n+++\n", 1, '+++\ntitle = "B c"\n+++'),
        ("Date: 2024-05-06\n\n", 1, "Title: B c"),
    ],
)
def test_a_missing_title_is_an_error_with_the_lines_to_write(
    text: str, line: int, words: str
) -> None:
    found, (problem,) = read(text, "posts/2024-05-06-b-c.md")
    assert found is None
    assert (problem.code, problem.location.line) == ("title-missing", line)
    assert words in problem.hint


def test_a_name_that_is_no_title_is_not_suggested() -> None:
    _, (problem,) = read("", "posts/a'b.md")
    assert "title: My title" in problem.hint


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("''", "title-empty"),
        ('"\\u200b"', "title-empty"),
        ("x" * 301, "title-too-long"),
        ('"a\\nb"', "title-line-break"),
        ('"a\\x01b"', "title-control-character"),
        ('"a\\u202eb"', "title-direction-override"),
        ("2024", "value-type"),
        ("2024-05-06", "value-type"),
        ("[a]", "value-type"),
        ("yes", "value-type"),
    ],
)
def test_a_bad_title_is_an_error_at_its_value(value: str, code: str) -> None:
    found, (problem,) = read(f"---\nx: 1\ntitle: {value}\n---\n")
    assert found is None
    at = problem.location
    assert (problem.code, at.line, at.column) == (code, 3, 8)
    assert at.source == f"title: {value}"


@pytest.mark.parametrize(
    ("fields", "code", "line", "column"),
    [
        ("date: [a]", "value-type", 3, 7),
        ("date: true", "value-type", 3, 7),
        ("date: soon", "date-unreadable", 3, 7),
        ("date: '2024-02-30'", "date-impossible", 3, 7),
        ("date: 2024-02-30", "date-impossible", 3, 7),
        ("x: 1\nslug: a/b", "slug-invalid", 4, 7),
        ("slug: [a]", "value-type", 3, 7),
        ("slug: true", "value-type", 3, 7),
        ("permalink: https://example.org/", "address-invalid", 3, 12),
        ("permalink: 3", "value-type", 3, 12),
        ("draft: 'true'", "value-type", 3, 8),
        ("draft: 1", "value-type", 3, 8),
        ("tags: {a: 1}", "value-type", 3, 7),
        ("tags:\n- a\n- [b]", "value-type", 5, 3),
        ("tags: [a, true]", "value-type", 3, 11),
        ('tags: [a, "b\\nc"]', "value-line-break", 3, 11),
        ("taxonomies:\n  tags: [a, {}]", "value-type", 4, 13),
        ("description: 3", "value-type", 3, 14),
        ('description: "a\\x01"', "value-control-character", 3, 14),
        ("summary: [a]", "value-type", 3, 10),
        ("aliases: [/a/, /b?c]", "address-invalid", 3, 16),
        ("aliases:\n- /a/\n- 3", "value-type", 5, 3),
        ("template: ../x.html", "template-invalid", 3, 11),
        ("template: 3", "value-type", 3, 11),
        ("layout: /x.html", "template-invalid", 3, 9),
        ("weight: heavy", "value-type", 3, 9),
        ("weight: 1.5", "value-type", 3, 9),
        ("weight: true", "value-type", 3, 9),
        ("weight: 99999999999", "number-out-of-range", 3, 9),
        ('image: "a\\nb"', "value-line-break", 3, 8),
        ("lang: english please", "lang-invalid", 3, 7),
        ("extra: text", "value-type", 3, 8),
        ("image: 3", "value-type", 3, 8),
        ("weight: 2024-05-06 07:08:09", "value-type", 3, 9),
        ("untrusted: maybe", "value-type", 3, 12),
        ("submission: abc", "submission-invalid", 3, 13),
        ("untrustd: true", "trust-misspelled", 3, 1),
        ("Title: B", "key-duplicate", 3, 8),
        ("tilte: B", "key-unknown", 3, 1),
        ("dated: true", "key-misplaced", 3, 1),
        (f'"{"a. " * 30}": b', "key-is-text", 3, 1),
    ],
)
def test_what_is_wrong_is_named_at_its_value(
    fields: str, code: str, line: int, column: int
) -> None:
    assert only(fields) == (code, line, column)


def test_problems_of_section_pages() -> None:
    assert only("paginate: -1", "x/_index.md") == ("number-out-of-range", 3, 11)
    assert only("sort_by: mood", "x/_index.md") == ("sort-by-unknown", 3, 10)
    assert only("dated: 2024-05-06", "x/_index.md") == ("value-type", 3, 8)


def test_a_wrong_type_is_told_in_plain_words() -> None:
    _, problems = read("---\ntitle: 2024\ndraft: 'yes'\nweight: [1]\n---\n")
    assert [(problem.message, problem.hint) for problem in problems] == [
        ("'title' is a number, not text.", 'Put it in quotes: title: "2024".'),
        ("'draft' is text, not true or false.", "Write true or false without quotes."),
        ("'weight' is a list, not a whole number.", "Write digits without quotes."),
    ]


def test_a_warning_leaves_the_post() -> None:
    found, (problem,) = read("---\ntitle: A\ndesciption: D\n---\n")
    assert found is not None and found.extra == {"desciption": "D"}
    assert not problem.is_error and "Was 'description' meant?" in problem.message


def test_all_problems_of_a_file_are_found_at_once() -> None:
    _, problems = read("---\ndate: soon\ntags: [true, {}]\nslug: a b\n---\n")
    assert sorted(problem.code for problem in problems) == [
        "date-unreadable",
        "slug-invalid",
        "title-missing",
        "value-type",
        "value-type",
    ]


def test_of_very_many_problems_the_first_are_listed() -> None:
    slips = "".join(f"tltle{number}: x\n" for number in range(50))
    bad = "- /a?b\n" * 5000
    found, problems = read(f"---\ntilte: A\n{slips}aliases:\n{bad}---\n")
    assert found is None and len(problems) == 101
    assert {problem.code for problem in problems[:99]} == {"address-invalid"}
    assert [problem.location.line for problem in problems[:3]] == [54, 55, 56]
    assert problems[-1].code == "problems-too-many" and problems[-1].is_error
    assert problems[-1].message == "4,902 more problems are in this file."


KEYS = st.sampled_from([*BY_SPELLING, *SPECIAL, "Title", "x", "tilte", "series", "a.b"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats()
    | st.text(max_size=20)
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(UTC)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | KEYS, inner, max_size=3)
    ),
    max_leaves=6,
)
IDS = st.sampled_from(["a.md", "_index.md", "x/_index.md", "x/index.md", "index.md"])


@given(
    st.dictionaries(KEYS, VALUES, max_size=8), IDS, st.sampled_from(["yaml", "toml"])
)
def test_no_values_make_read_post_raise(
    fields: dict[str, object], id: str, dialect: object
) -> None:
    try:
        text = frontmatter.dump(fields, "Body", dialect)  # type: ignore[arg-type]
    except ValueError:
        return
    check(id, text.encode())


@given(st.binary() | st.text().map(str.encode), IDS)
@example(b"Title: \xc2\x85\n\n", "a.md")
def test_no_bytes_make_read_post_raise(data: bytes, id: str) -> None:
    for text in (data, b"---\n" + data + b"\n---\n", b"Title: A\n" + data):
        check(id, text)


def check(id: str, data: bytes) -> None:
    found, body, problems = read_post(id, data, id, RULES)
    assert (found is None) == any(problem.is_error for problem in problems)
    assert all(problem.code in CODES for problem in problems)
    if found:
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=Post) == found
        msgspec.json.encode(found)


def test_the_room_is_light_to_import() -> None:
    """PyYAML and tomllib are read when a file needs them."""
    code = "import sys; before = set(sys.modules); "  # coverage may have some
    code += "import sitegen.content.posts as p; "
    code += "p.read_post('a.md', b'---\\ntitle: A\\n---', 'a.md', p.PostRules()); "
    code += "print({'yaml', 'tomllib'} & (set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
