"""Addresses: permalinks and aliases become paths of the site."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.content.addresses import read_address
from sitegen.content.flaws import Fault


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/", "/"),
        ("/about/", "/about/"),
        ("about", "/about/"),
        ("2015/09/17/Rust-1.3", "/2015/09/17/Rust-1.3/"),
        ("2015/09/17/Rust-1.3.html", "/2015/09/17/Rust-1.3.html"),
        ("releases/1.3.0", "/releases/1.3.0/"),
        ("/feed.xml", "/feed.xml"),
        ("/caf%C3%A9/", "/café/"),
        ("/cafe\u0301/", "/café/"),
        ("/a%20b/", "/a b/"),
        ("/100%25/", "/100%/"),
        ("/.well-known/x", "/.well-known/x/"),
    ],
)
def test_a_path_is_read(text: str, path: str) -> None:
    assert read_address(text) == path


@pytest.mark.parametrize(
    "text",
    ["", " ", "https://example.org/a/", "//example.org/", "/a//b/", "/../a", "/a/./b/",
     "/a?b=c", "/a#b", "a\\b", "/a\nb/", "/a%zz/", "/a%ff/", "/a%2Fb/", "/%2e%2e/a/",
     "/a%3Fb%00/", "/a /b/", "/" + "x" * 251 + "/", "/a\u202eb/"],
)  # fmt: skip
def test_what_is_not_a_path_is_refused(text: str) -> None:
    found = read_address(text)
    assert isinstance(found, Fault) and found.code == "address-invalid"
    assert found.message.startswith("The address '")


@given(st.text() | st.text("/.%ab2 \\"))
def test_a_path_is_read_as_itself_unless_it_has_a_percent_sign(text: str) -> None:
    path = read_address(text)
    if isinstance(path, str):
        assert path.startswith("/")
        assert not {"", ".", ".."} & set(path.strip("/").split("/")) or path == "/"
        if "%" not in path:
            assert read_address(path) == path
