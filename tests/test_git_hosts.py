"""A remote's address leads to the pages where a file is read and edited."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.git.hosts import web

GITHUB = "https://github.com/ann/blog"


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/ann/blog.git",
        "https://github.com/ann/blog",
        "https://github.com/ann/blog/",
        "https://GitHub.com/ann/blog.git",
        "https://ann:ghp_secret@github.com/ann/blog.git",
        "git@github.com:ann/blog.git",
        "github.com:ann/blog",
        "git@github.com:/ann/blog.git",
        "ssh://git@github.com/ann/blog.git",
        "ssh://git@github.com:22/ann/blog.git",
        "ssh://git@ssh.github.com:443/ann/blog.git",
        "git+ssh://git@github.com/ann/blog.git",
        "git://github.com/ann/blog.git",
    ],
)
def test_all_forms_of_an_address_lead_to_one_place(remote: str) -> None:
    found = web(remote)
    assert found is not None
    assert (found.kind, found.url) == ("github", GITHUB)


@pytest.mark.parametrize(
    ("remote", "source", "edit"),
    [
        (
            "git@github.com:ann/blog.git",
            f"{GITHUB}/blob/main/content/a%20b.md",
            f"{GITHUB}/edit/main/content/a%20b.md",
        ),
        (
            "git@gitlab.com:group/sub/blog.git",
            "https://gitlab.com/group/sub/blog/-/blob/main/content/a%20b.md",
            "https://gitlab.com/group/sub/blog/-/edit/main/content/a%20b.md",
        ),
        (
            "https://gitlab.example.org:8443/ann/blog.git",
            "https://gitlab.example.org:8443/ann/blog/-/blob/main/content/a%20b.md",
            "https://gitlab.example.org:8443/ann/blog/-/edit/main/content/a%20b.md",
        ),
        (
            "ssh://git@codeberg.org/ann/blog.git",
            "https://codeberg.org/ann/blog/src/branch/main/content/a%20b.md",
            "https://codeberg.org/ann/blog/_edit/main/content/a%20b.md",
        ),
        (
            "ssh://git@forgejo.example.org:2222/ann/blog.git",
            "https://forgejo.example.org/ann/blog/src/branch/main/content/a%20b.md",
            "https://forgejo.example.org/ann/blog/_edit/main/content/a%20b.md",
        ),
        (
            "http://gitea.local:3000/ann/blog",
            "http://gitea.local:3000/ann/blog/src/branch/main/content/a%20b.md",
            "http://gitea.local:3000/ann/blog/_edit/main/content/a%20b.md",
        ),
        (
            "git@bitbucket.org:ann/blog.git",
            "https://bitbucket.org/ann/blog/src/main/content/a%20b.md",
            "https://bitbucket.org/ann/blog/src/main/content/a%20b.md?mode=edit&at=main",
        ),
    ],
)
def test_each_host_has_its_own_addresses(remote: str, source: str, edit: str) -> None:
    found = web(remote)
    assert found is not None
    assert found.source_url("main", "content/a b.md") == source
    assert found.edit_url("main", "content/a b.md") == edit


def test_names_are_quoted() -> None:
    found = web(GITHUB)
    assert found is not None
    url = found.source_url("post/a#b", "content/é?#%.md")
    assert url == f"{GITHUB}/blob/post/a%23b/content/%C3%A9%3F%23%25.md"


@pytest.mark.parametrize(
    "remote",
    [
        "",
        "../elsewhere",
        "/srv/git/blog.git",
        "file:///srv/git/blog.git",
        "https://example.org/ann/blog.git",
        "git@git.example.org:ann/blog.git",
        "https://github.com/ann",
        "https://github.com/",
        "https://github.com/a/b/c",
        "https://notgithub.com/ann/blog",
        "https://github.com:port/ann/blog",
        "https://[broken/ann/blog",
        "C:/Users/ann/blog",
    ],
)
def test_what_is_not_certain_leads_nowhere(remote: str) -> None:
    assert web(remote) is None


@given(st.text())
def test_no_address_is_too_odd(remote: str) -> None:
    for scheme in ("", "https://", "ssh://", "git@"):
        web(scheme + remote)
