"""The server answers like a static host, and nothing else."""

import socket

import pytest

from sitegen.problems import SitegenError
from sitegen.serve.app import is_allowed, type_of
from sitegen.serve.overlay import dressed
from sitegen.serve.server import EVERYWHERE, Options, hosts_of, listen, origin_of
from sitegen.site.visibility import Shown
from tests.conftest import MakeSite
from tests.serve.conftest import SITE, Serve

FILES = {
    "static/clip.mp4": bytes(range(256)) * 8,
    "static/.well-known/security.txt": "Contact: us\n",
    "static/.hidden": "secret",
    "static/data.json": "{}",
}


def test_pages_have_types_and_are_looked_for_again(
    make_site: MakeSite, serve: Serve
) -> None:
    served = serve(make_site(SITE))
    status, headers, body = served.get("/posts/one/")
    assert status == 200
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["cache-control"] == "no-cache"
    assert b"Hello from one." in body
    again = served.get("/posts/one/", If_None_Match=headers["etag"])
    assert (again[0], again[2]) == (304, b"")
    assert served.get("/posts/one/index.html")[0] == 200


def test_files_are_sent_as_they_are_also_in_parts(
    make_site: MakeSite, serve: Serve
) -> None:
    served = serve(make_site({**SITE, **FILES}))
    status, headers, body = served.get("/clip.mp4")
    assert (status, body) == (200, FILES["static/clip.mp4"])
    assert headers["content-type"] == "video/mp4"
    assert headers["accept-ranges"] == "bytes"
    status, headers, body = served.get("/clip.mp4", Range="bytes=10-12")
    assert (status, body) == (206, bytes([10, 11, 12]))
    assert headers["content-range"] == "bytes 10-12/2048"
    assert served.get("/clip.mp4", Range="bytes=9999-")[0] == 416
    assert served.get("/clip.mp4", If_None_Match=headers["etag"])[0] == 304
    assert served.get("/data.json")[1]["content-type"] == "application/json"
    assert served.get("/clip.mp4", "HEAD")[2] == b""


def test_a_folder_without_its_slash_is_redirected(
    make_site: MakeSite, serve: Serve
) -> None:
    served = serve(make_site(SITE))
    status, headers, _ = served.get("/posts/one")
    assert (status, headers["location"]) == (301, "/posts/one/")
    assert headers["cache-control"] == "no-cache"
    assert served.get("/posts/one?a=b%20c")[1]["location"] == "/posts/one/?a=b%20c"


def test_what_is_not_there_is_the_sites_own_404(
    make_site: MakeSite, serve: Serve
) -> None:
    served = serve(make_site(SITE))
    status, _, body = served.get("/nothing/")
    assert status == 404
    assert b"Page not found" in body


@pytest.mark.parametrize(
    "path",
    [
        "/../sitegen.toml",
        "/..%2f..%2f..%2fsitegen.toml",
        "/%2e%2e/%2e%2e/sitegen.toml",
        "/posts/../../../../sitegen.toml",
        "/..\\..\\sitegen.toml",
        "//etc/passwd",
        "/.sitegen-manifest",
        "/.hidden",
        "/index.html%00.png",
        "/posts/.one.md",
    ],
)
def test_nothing_outside_and_nothing_hidden_is_served(
    path: str, make_site: MakeSite, serve: Serve
) -> None:
    served = serve(make_site({**SITE, **FILES}))
    assert served.get(path)[0] == 404


def test_what_hosts_must_show_by_convention_is_served(
    make_site: MakeSite, serve: Serve
) -> None:
    served = serve(make_site({**SITE, **FILES}))
    assert served.text("/.well-known/security.txt") == "Contact: us\n"


def test_only_reading_is_allowed(make_site: MakeSite, serve: Serve) -> None:
    served = serve(make_site(SITE))
    status, headers, _ = served.get("/", "POST")
    assert (status, headers["allow"]) == (405, "GET, HEAD")


def test_a_sub_path_is_kept_and_the_address_is_local(
    make_site: MakeSite, serve: Serve
) -> None:
    settings = 'title = "Notes"\nbase_url = "https://example.org/blog"\n'
    served = serve(make_site({**SITE, "sitegen.toml": settings}))
    port = served.server.port
    assert served.url == f"http://127.0.0.1:{port}/blog"
    page = served.text("/blog/posts/one/")
    assert f'href="http://127.0.0.1:{port}/blog/posts/one/"' in page
    assert "example.org" not in page
    assert served.get("/posts/one/")[0] == 404
    assert served.get("/")[1]["location"] == "/blog/"
    assert served.get("/blog/style.css")[0] == 200
    assert served.get("/blog/feed.xml")[1]["content-type"].startswith("application/xml")


def test_a_name_that_is_not_ours_is_refused(make_site: MakeSite, serve: Serve) -> None:
    served = serve(make_site(SITE))
    assert served.get("/", Host="evil.example")[0] == 403
    assert served.get("/", Host=f"localhost:{served.server.port}")[0] == 200


@pytest.mark.parametrize(
    ("host", "bind", "allowed"),
    [
        ("localhost:8000", "127.0.0.1", True),
        ("blog.localhost", "127.0.0.1", True),
        ("127.0.0.1:8000", "127.0.0.1", True),
        ("[::1]:8000", "127.0.0.1", True),
        ("192.168.1.5:8000", "127.0.0.1", False),
        ("192.168.1.5:8000", "192.168.1.5", True),
        ("192.168.1.5:8000", "0.0.0.0", True),
        ("evil.example", "0.0.0.0", False),
        ("localhost.evil.example", "127.0.0.1", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
        ("", "127.0.0.1", False),
    ],
)
def test_hosts_that_are_answered_for(host: str, bind: str, allowed: bool) -> None:
    assert is_allowed(host, hosts_of(bind)) is allowed


def test_the_machines_own_name_is_answered_for_everywhere() -> None:
    name = socket.gethostname().lower()
    assert all(is_allowed(name, hosts_of(bind)) for bind in EVERYWHERE)


def test_addresses_of_the_home_page() -> None:
    assert origin_of("0.0.0.0", 80) == "http://localhost:80"
    assert origin_of("::1", 8000) == "http://[::1]:8000"


def test_the_next_free_port_is_taken() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with listen("127.0.0.1", port) as second:
            assert second.getsockname()[1] > port


def test_an_address_that_is_not_ours_is_an_error() -> None:
    with pytest.raises(SitegenError, match="cannot listen on 192.0.2.1"):
        listen("192.0.2.1", 8000)


def test_no_free_port_is_an_error() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        blocked = [taken]
        try:
            for number in range(port + 1, min(port + 20, 65536)):
                try:
                    blocked.append(listen("127.0.0.1", number))
                except SitegenError:
                    break
            with pytest.raises(SitegenError, match="all in use"):
                while True:
                    blocked.append(listen("127.0.0.1", port))
                    assert blocked[-1].getsockname()[1] < port + 20
        finally:
            for each in blocked:
                each.close()


def test_without_live_reload_pages_are_sent_as_they_are_built(
    make_site: MakeSite, serve: Serve
) -> None:
    served = serve(make_site(SITE), Options(port=0, livereload=False))
    assert "-sitegen" not in served.text("/posts/one/")
    assert served.get("/-sitegen/events?path=/")[0] == 404


def test_files_hold_nothing_that_was_added_for_the_browser(
    make_site: MakeSite, serve: Serve
) -> None:
    root = make_site(SITE)
    served = serve(root)
    assert "/-sitegen/client.js" in served.text("/posts/one/")
    built = root / ".sitegen" / "serve" / str(served.server.port)
    assert "-sitegen" not in (built / "posts/one/index.html").read_text()
    assert not (root / "output").exists()


def test_drafts_can_be_left_out(make_site: MakeSite, serve: Serve) -> None:
    draft = "---\ntitle: D\ndraft: true\ndate: 2026-01-01\n---\n"
    root = make_site({**SITE, "content/posts/draft.md": draft})
    assert serve(root, shown=Shown()).get("/posts/draft/")[0] == 404
    assert "Draft: not on" in serve(root).text("/posts/draft/")


def test_a_file_that_was_removed_is_made_again(
    make_site: MakeSite, serve: Serve
) -> None:
    root = make_site(SITE)
    served = serve(root)
    built = root / ".sitegen" / "serve" / str(served.server.port)
    (built / "posts/one/index.html").unlink()
    (built / "style.css").unlink()
    assert served.get("/posts/one/")[0] == 503
    settled = served.until(lambda rebuilt: rebuilt.settled is not None).settled
    assert settled
    assert settled.reasons == {
        "posts/one/index.html": "not as we left it",
        "style.css": "not as we left it",
    }
    assert served.get("/posts/one/")[0] == 200
    assert served.get("/style.css")[0] == 200


def test_types_do_not_depend_on_the_machine() -> None:
    assert type_of("a.js") == "text/javascript"
    assert type_of("font.woff2") == "font/woff2"
    assert type_of("CNAME") == "application/octet-stream"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"<body><p>x</p></body></html>", b"<body>M<p>x</p>S</body></html>"),
        (
            b"<BODY class=a>x</BODY >",
            b"<BODY class=a>Mx S</BODY >".replace(b" S", b"S"),
        ),
        (b"<p>no body", b"M<p>no bodyS"),
        (b"<body><pre></body></pre></body>", b"<body>M<pre></body></pre>S</body>"),
    ],
)
def test_a_page_is_dressed_wherever_its_body_is(
    page: bytes, expected: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sitegen.serve.overlay._MARK", "{}")
    assert dressed(page, b"S", "M") == expected


def test_the_submissions_endpoint_is_mounted_where_the_settings_have_it(
    make_site: MakeSite, serve: Serve
) -> None:
    settings = 'base_url = "https://example.org/blog"\n'
    served = serve(make_site({**SITE, "sitegen.toml": settings}))
    assert served.get("/blog/send/")[0] == 404
    served.write("sitegen.toml", f'{settings}[submissions]\npath = "/send/"\n')
    served.until(lambda rebuilt: rebuilt.settled is not None)
    status, headers, body = served.get("/blog/send/")
    assert status == 200
    assert headers["x-frame-options"] == "DENY"
    assert b"<form" in body
    assert served.get("/blog/send/", Host="evil.example")[0] == 403
    assert served.get("/blog/send/", "POST")[0] in (403, 411, 415)
    served.write("sitegen.toml", settings)
    served.until(lambda rebuilt: rebuilt.settled is not None)
    assert served.get("/blog/send/")[0] == 404
