"""Which texts are trusted, and what a stranger's front matter may say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.content.posts import PostRules, read_post
from sitegen.content.records import Post

ID = "0123456789abcdef0123"
RULES = PostRules(url_fields=("link",), other_fields=("city", "age"))


def read(fields: str) -> tuple[Post | None, list[str]]:
    """Returns the post with these fields and the codes of what is wrong."""
    data = f"---\ntitle: A\n{fields}\n---\nx\n".encode()
    post, _, problems = read_post("posts/a.md", data, "content/posts/a.md", RULES)
    return post, [problem.code for problem in problems if problem.is_error]


def trusted(fields: str) -> bool:
    """Returns whether a file with these fields is trusted; it must be readable."""
    post, codes = read(fields)
    assert post and not codes, codes
    return post.trusted


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("", True),
        ("untrusted: false", True),
        ("untrusted: true", False),
        (f"submission: {{id: {ID}}}", False),
        (f"SUBMISSION: {{id: {ID}}}", False),
        (f"submission: {{id: {ID}}}\nuntrusted: true", False),
        (f"submission: {{id: {ID}}}\nuntrusted: false", True),
        (f"submission: {{id: {ID}}}\nuntrusted: no", True),
    ],
)
def test_trust_follows_from_two_keys(fields: str, expected: bool) -> None:
    assert trusted(fields) is expected


def test_the_submission_is_kept() -> None:
    post, _ = read(f"submission: {{id: {ID}}}")
    assert post and post.submission == ID


@pytest.mark.parametrize(
    "fields",
    [
        "submission:",
        "submission: yes",
        "submission: {}",
        "submission: {id: 7}",
        "submission: {id: ../x}",
        f"submission: {{id: {ID}, email: a@b.org}}",
        f"submission: [{ID}]",
    ],
)
def test_a_submission_that_cannot_be_read_is_an_error(fields: str) -> None:
    assert read(fields) == (None, ["submission-invalid"])


@pytest.mark.parametrize("value", ["", "0", "'false'", "maybe", "[false]", "{a: 1}"])
@pytest.mark.parametrize("before", ["", f"submission: {{id: {ID}}}\n"])
def test_untrusted_must_be_true_or_false(before: str, value: str) -> None:
    post, codes = read(f"{before}untrusted: {value}")
    assert post is None and codes == ["value-type"]


@pytest.mark.parametrize("key", ["untrustd", "Un-trusted", "trusted", "submision"])
def test_a_slip_in_a_key_of_trust_is_an_error(key: str) -> None:
    assert read(f"{key}: true") == (None, ["trust-misspelled"])


def test_a_stranger_may_set_these_keys() -> None:
    fields = (
        "date: 2026-01-02\nauthor: Jane\ntags: [a]\nsummary: s\nuntrusted: true\n"
        "extra: {city: Ulm, age: 7, link: 'https://example.org/a?b=c#d'}"
    )
    assert not trusted(fields)


@pytest.mark.parametrize(
    "field",
    [
        "template: evil.html",
        "layout: evil.html",
        "layout: x",
        "permalink: /",
        "url: /about/",
        "slug: x",
        "aliases: [/]",
        "draft: false",
        "published: true",
        "status: published",
        "weight: -1",
        "unlisted: true",
        "image: http://evil.org/x.png",
        "description: x",
        "categories: [x]",
        "taxonomies: {tags: [x]}",
        "updated: 2026-01-02",
        "expires: 2030-01-02",
        "lang: en",
        "toc: false",
        "anything: else",
        "extra: {other: 1}",
        "extra: {template: x}",
    ],
)
def test_a_stranger_may_set_nothing_else(field: str) -> None:
    assert read(f"untrusted: true\n{field}")[1] == ["untrusted-key"]


@pytest.mark.parametrize(
    "value",
    [
        "'javascript:alert(1)'",
        "'JaVaScRiPt:alert(1)'",
        "'data:text/html,x'",
        "'//evil.org'",
        "'https://'",
        "'https:/\\evil.org'",
        '"https://a\\nb"',
        "' https://a.org'",
        "'https://a.org/\">'",
        "7",
        "[https://a.org]",
    ],
)
def test_a_strangers_address_is_one_of_the_web(value: str) -> None:
    fields = f"untrusted: true\nextra: {{link: {value}}}"
    assert read(fields)[1] == ["untrusted-value"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["submission", "Submission", "untrusted", "UNTRUSTED"]),
            st.sampled_from(["", "true", "false", "no", f"{{id: {ID}}}", "x", "[]"]),
        ),
        unique_by=lambda pair: pair[0].lower(),
    )
)
def test_trust_fails_closed(pairs: list[tuple[str, str]]) -> None:
    post, _ = read("\n".join(f"{key}: {value}" for key, value in pairs))
    said = {key.lower(): value for key, value in pairs}
    if post and post.trusted and "submission" in said:
        assert said["untrusted"] in ("false", "no")
    if post and post.trusted:
        assert said.get("untrusted") in (None, "false", "no")
