"""The endpoint: what visitors see, and what becomes of what they send."""

import json
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from sitegen.config import parse
from sitegen.problems import SitegenError
from sitegen.submissions import create_app, form
from tests.submissions.conftest import (
    CONFIG,
    Clock,
    MakeEndpoint,
    Visitor,
    token_in,
)

FORM = "application/x-www-form-urlencoded"


def test_the_form_has_its_fields_and_no_script(visitor: Visitor) -> None:
    answer = visitor.get()
    assert answer.status_code == 200
    for name in ("title", "content", "name", "email", "website", "token"):
        assert f'name="{name}"' in answer.text
    assert "<script" not in answer.text and "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_a_post_is_taken_and_the_receipt_says_that_it_waits(visitor: Visitor) -> None:
    answer = visitor.send({"name": "Jane", "email": "jane@example.org"})
    assert answer.status_code == 303
    entries = visitor.endpoint.spool.ids("pending")
    entry = visitor.endpoint.spool.read("pending", entries[0])
    assert (entry.title, entry.content, entry.author) == ("A title", "A text.", "Jane")
    assert entry.email == "jane@example.org" and entry.flags == ()
    receipt = visitor.receipt(answer)
    assert receipt.status_code == 200 and "waits for a moderator" in receipt.text
    assert "Jane" not in receipt.text and "A title" not in receipt.text


def test_programs_get_json(visitor: Visitor) -> None:
    accept = {"Accept": "application/json"}
    answer = visitor.send(headers=accept)
    assert answer.status_code == 201
    told = json.loads(answer.text)
    receipt = visitor.client.get(told["receipt"], headers=accept)
    assert json.loads(receipt.text) == {"state": told["state"], "url": ""}
    assert told["state"] == "waiting"
    refused = visitor.send({"title": ""}, headers=accept)
    assert refused.status_code == 422
    told = json.loads(refused.text)
    assert told["error"] == "fields" and list(told["fields"]) == ["title"]
    assert told["token"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"title": " "}, "Please give it a title"),
        ({"title": "x" * 301}, "longer than 300"),
        ({"title": "a\nb"}, "line break"),
        ({"title": "a\u202eb"}, "direction"),
        ({"title": "a\x07b"}, "control character"),
        ({"title": "a\ufffeb"}, "U+FFFE"),
        ({"title": "\u200b\u2060"}, "cannot be seen"),
        ({"content": " \n"}, "Please write something"),
        ({"content": "a\x0bb"}, "U+000B"),
        ({"content": "x" * 30_001}, "30,000 are allowed"),
        ({"name": "a\nb"}, "line break"),
        ({"name": "a\x08"}, "control character"),
        ({"name": "x" * 101}, "longer than 100"),
        ({"email": "nobody"}, "e-mail address"),
        ({"email": "a@b.org\r\nBcc: c@d.org"}, "e-mail address"),
    ],
)
def test_a_mistake_is_shown_beside_its_field(
    visitor: Visitor, values: dict[str, str], words: str
) -> None:
    answer = visitor.send({"content": "Kept <text> & more", **values})
    name = next(iter(values))
    assert answer.status_code == 422
    error = answer.text.partition(f'id="{name}-error">')[2].partition("</p>")[0]
    assert words in error
    if name != "content":
        assert "Kept &lt;text&gt; &amp; more</textarea>" in answer.text
    assert visitor.endpoint.spool.ids("pending") == []


def test_a_mended_form_is_taken(visitor: Visitor) -> None:
    refused = visitor.send({"title": ""})
    answer = visitor.send({"token": token_in(refused.text)})
    assert answer.status_code == 303
    assert visitor.endpoint.spool.ids("spam") == []


def test_a_title_is_taken_once(visitor: Visitor) -> None:
    visitor.send()
    answer = visitor.send({"title": "a  TITLE", "content": "My own words"})
    assert answer.status_code == 409 and "My own words" in answer.text
    assert "taken already" in answer.text.partition('id="title-error">')[2]


def test_a_published_title_is_taken(visitor: Visitor) -> None:
    assert visitor.send({"title": "FIRST post"}).status_code == 409


def test_a_title_that_an_author_writes_is_taken(visitor: Visitor) -> None:
    visitor.get("received/")
    path = visitor.endpoint.published.root / "content/posts/second.md"
    path.write_text("---\ntitle: A title\ndate: 2026-01-02\n---\n")
    published = visitor.endpoint.published
    published.asked = -1e9
    with published.lock:
        published.asleep = True
    assert visitor.send().status_code == 409


def test_sending_twice_gives_the_first_answer(visitor: Visitor) -> None:
    token = visitor.token()
    answers = [visitor.send({"token": token}) for _ in range(2)]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert len(visitor.endpoint.spool.ids("pending")) == 1


def test_a_used_form_with_another_text_keeps_the_text(visitor: Visitor) -> None:
    token = visitor.token()
    visitor.send({"token": token})
    answer = visitor.send({"token": token, "title": "Other", "content": "new words"})
    assert answer.status_code == 409 and "new words" in answer.text
    fresh = token_in(answer.text)
    again = visitor.send({"token": fresh, "title": "Other", "content": "new words"})
    assert again.status_code == 303
    assert len(visitor.endpoint.spool.ids("pending")) == 2


@pytest.mark.parametrize("token", ["", "nonsense", "aGk.aGk.aGk"])
def test_a_form_without_a_token_is_one_click_away(visitor: Visitor, token: str) -> None:
    answer = visitor.send({"token": token, "content": "Long typed text"})
    assert answer.status_code == 403 and "Long typed text" in answer.text
    assert answer.text.count("<button") == 1
    again = visitor.send({"token": token_in(answer.text)})
    assert again.status_code == 303 and visitor.endpoint.spool.ids("pending")


def test_an_old_form_is_one_click_away(visitor: Visitor, clock: Clock) -> None:
    token = visitor.token()
    clock.now += 24 * 3600 + 1
    answer = visitor.send({"token": token, "content": "Long typed text"})
    assert answer.status_code == 403 and "Long typed text" in answer.text
    assert visitor.send({"token": token_in(answer.text)}).status_code == 303


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "https://evil.example.org"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://friend.org"}, 303),
        ({"Sec-Fetch-Site": "same-site", "Origin": "https://example.org"}, 303),
        ({"Origin": "https://example.org:443"}, 303),
        ({"Origin": "http://example.org"}, 403),
        ({"Origin": "https://example.org.evil.org"}, 403),
        ({"Origin": "null"}, 303),
        ({"Origin": "http://[bad"}, 403),
    ],
)
def test_only_allowed_sites_may_send(
    make_endpoint: MakeEndpoint, clock: Clock, headers: dict[str, str], status: int
) -> None:
    config = CONFIG.replace(
        "[submissions]\n", '[submissions]\norigins = ["https://friend.org"]\n'
    )
    visitor = Visitor(make_endpoint(config), clock)
    answer = visitor.send({"content": "Kept"}, headers=headers)
    assert answer.status_code == status
    assert status == 303 or "Kept</textarea>" in answer.text


def test_without_an_address_the_host_decides(
    make_endpoint: MakeEndpoint, clock: Clock
) -> None:
    visitor = Visitor(make_endpoint("[submissions]\n"), clock)
    assert visitor.send(headers={"Origin": "http://localhost"}).status_code == 303
    other = visitor.send({"title": "B"}, headers={"Origin": "http://other"})
    assert other.status_code == 403


@pytest.mark.parametrize(
    ("values", "flag", "wait"),
    [
        ({"website": "http://x"}, "trap", 60),
        ({}, "fast", 1),
        ({"content": "http://a.b " * 6}, "links", 60),
    ],
)
def test_what_looks_like_a_machine_goes_to_spam(
    visitor: Visitor, clock: Clock, values: dict[str, str], flag: str, wait: float
) -> None:
    token = token_in(visitor.get().text)
    clock.now += wait
    answer = visitor.send({"token": token, **values})
    assert answer.status_code == 303
    (id,) = visitor.endpoint.spool.ids("spam")
    assert visitor.endpoint.spool.read("spam", id).flags == (flag,)
    assert "waits for a moderator" in visitor.receipt(answer).text
    assert visitor.send({"token": token, **values}).status_code == 303
    assert visitor.send().status_code == 303, "spam holds no title"


def test_a_network_may_send_so_many_an_hour(
    make_endpoint: MakeEndpoint, clock: Clock
) -> None:
    config = "[submissions]\ntrusted_proxies = 1\n[submissions.limits]\nper_network = 2\ntotal = 3\n"
    visitor = Visitor(make_endpoint(config), clock)

    def send(number: int, address: str) -> int:
        token = token_in(visitor.get().text)
        answer = visitor.send(
            {"title": f"T{number}", "token": token, "content": "Kept"},
            headers={"X-Forwarded-For": f"6.6.6.{number}, {address}"},
        )
        if answer.status_code == 429:
            assert 0 < int(answer.headers["Retry-After"]) <= 3600
            assert "Kept</textarea>" in answer.text
        return answer.status_code

    addresses = ["1.2.3.4", "1.2.3.99", "::ffff:1.2.3.5", "2001:db8::1", "9.9.9.9"]
    statuses = [send(n, address) for n, address in enumerate(addresses)]
    assert statuses == [303, 303, 429, 303, 429]
    clock.now += 1801
    assert send(7, "1.2.3.4") == 303


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"title=a", {"Content-Type": "multipart/form-data; boundary=x"}, 415),
        (b"{}", {"Content-Type": "application/json"}, 415),
        (b"title=a", {"Content-Type": FORM, "Content-Encoding": "gzip"}, 415),
        (b"title=a", {"Content-Type": FORM, "Content-Length": ""}, 411),
        (b"title=a", {"Content-Type": FORM, "Transfer-Encoding": "chunked"}, 411),
        (b"title=a", {"Content-Type": FORM, "Content-Length": "-1"}, 400),
        (b"title=a", {"Content-Type": FORM, "Content-Length": "7x"}, 400),
        (b"title=a", {"Content-Type": FORM, "Content-Length": "²"}, 400),
        (b"title=a", {"Content-Type": FORM, "Content-Length": "300001"}, 413),
        (b"title=a", {"Content-Type": FORM, "Content-Length": "9" * 5000}, 413),
        (b"title=a", {"Content-Type": FORM, "Content-Length": "90"}, 400),
        (b"title=a&title=b", {"Content-Type": FORM}, 400),
        (b"title=a&admin=1", {"Content-Type": FORM}, 400),
        (b"title=%ff", {"Content-Type": FORM}, 400),
        (b"title=%ed%a0%80", {"Content-Type": FORM}, 400),
        (b"title=\xff", {"Content-Type": FORM}, 400),
        (b"x=1&" * 10_000, {"Content-Type": FORM}, 400),
    ],
)
def test_bodies_that_are_no_form_are_refused(
    visitor: Visitor, body: bytes, headers: dict[str, str], status: int
) -> None:
    length = headers.pop("Content-Length", None)
    overrides = {} if length is None else {"CONTENT_LENGTH": length}
    answer = visitor.client.post(
        visitor.path, data=body, headers=headers, environ_overrides=overrides
    )
    assert answer.status_code == status
    assert "<form" in answer.text


def test_an_illegible_form_shows_what_is_legible(visitor: Visitor) -> None:
    body = b"title=Caf%e9&content=My+text&other=1"
    answer = visitor.client.post(visitor.path, data=body, content_type=FORM)
    assert answer.status_code == 400
    assert "My text</textarea>" in answer.text and "Caf\ufffd" in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/submit/", 405),
        ("POST", "/submit/received/", 405),
        ("GET", "/submit/../etc/passwd", 404),
        ("GET", "/submit/review", 404),
        ("GET", "/", 404),
        ("GET", "/submit", 308),
        ("HEAD", "/submit/", 200),
        ("GET", "/submit/received/", 404),
        ("GET", "/submit/received/?r=forged.sig", 404),
        ("GET", "/submit/health", 200),
    ],
)
def test_paths_and_methods(
    visitor: Visitor, method: str, path: str, status: int
) -> None:
    assert visitor.client.open(path, method=method).status_code == status


def test_the_site_may_live_below_a_path(
    make_endpoint: MakeEndpoint, clock: Clock
) -> None:
    config = CONFIG.replace("example.org", "example.org/blog")
    visitor = Visitor(make_endpoint(config), clock)
    answer = visitor.send()
    assert answer.headers["Location"].startswith("/blog/submit/received/?r=")
    assert visitor.receipt(answer).status_code == 200


def test_the_form_is_shown_in_the_sites_own_page(visitor: Visitor) -> None:
    folder = visitor.endpoint.published.root / "output/submit"
    (folder / "received").mkdir(parents=True)
    shell = (
        "<h1>Mine</h1><!-- sitegen:{0} --><p>Not here.</p><!-- /sitegen:{0} --><footer>"
    )
    (folder / "index.html").write_text(shell.format("form"))
    (folder / "received/index.html").write_text(shell.format("receipt"))
    for page in (visitor.get().text, visitor.receipt(visitor.send()).text):
        assert page.startswith("<h1>Mine</h1>") and page.endswith("<footer>")
        assert "Not here" not in page
    (folder / "index.html").write_text("<h1>Without a place</h1>")
    assert "<form" in visitor.get().text


DECLARED = """
[submissions]
[[submissions.fields]]
name = "city"
label = "Your city"
required = true
[[submissions.fields]]
name = "story"
kind = "text"
hint = "How it began"
[[submissions.fields]]
name = "link"
kind = "url"
[[submissions.fields]]
name = "age"
kind = "number"
[[submissions.fields]]
name = "born"
kind = "date"
[[submissions.fields]]
name = "size"
kind = "choice"
choices = ["small", "large"]
[[submissions.fields]]
name = "agreed"
kind = "flag"
required = true
"""


def test_declared_fields_are_kept_in_extra(
    make_endpoint: MakeEndpoint, clock: Clock
) -> None:
    visitor = Visitor(make_endpoint(DECLARED), clock)
    extra = {
        "city": "Ulm",
        "story": "a\r\nb: c",
        "link": "https://x.org/?a=1",
        "age": "-7",
        "born": "2001-02-03",
        "size": "large",
        "agreed": "1",
    }
    assert visitor.send(extra).status_code == 303
    (id,) = visitor.endpoint.spool.ids("pending")
    kept = visitor.endpoint.spool.read("pending", id).extra
    assert kept == {**extra, "story": "a\nb: c", "age": -7, "agreed": True}


@pytest.mark.parametrize(
    "bad",
    [
        {"city": ""},
        {"city": "x" * 201},
        {"city": "a\nb"},
        {"story": "\x00"},
        {"link": "javascript:alert(1)"},
        {"link": "https://"},
        {"link": "https://a b"},
        {"link": "http://[x"},
        {"age": "1e3"},
        {"age": "9" * 16},
        {"born": "2001-02-30"},
        {"size": "huge"},
        {"agreed": ""},
    ],
)
def test_declared_fields_are_checked(
    make_endpoint: MakeEndpoint, clock: Clock, bad: dict[str, str]
) -> None:
    visitor = Visitor(make_endpoint(DECLARED), clock)
    answer = visitor.send({"city": "Ulm", "agreed": "1", **bad})
    assert answer.status_code == 422 and f'id="{next(iter(bad))}-error"' in answer.text


def test_a_failing_disk_is_an_unhealthy_process(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = visitor.token()

    def broken(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", broken)
        answer = visitor.send({"token": token, "content": "Kept"})
    assert answer.status_code == 503 and "Kept</textarea>" in answer.text
    assert answer.headers["Retry-After"]
    assert visitor.get("health").status_code == 503
    assert visitor.send({"token": token}).status_code == 503


def test_a_full_queue_keeps_what_was_typed(
    make_endpoint: MakeEndpoint, clock: Clock
) -> None:
    visitor = Visitor(make_endpoint(f"{CONFIG}entries = 1\n"), clock)
    assert visitor.send().status_code == 303
    answer = visitor.send({"title": "Other", "content": "Kept"})
    assert answer.status_code == 507 and "Kept</textarea>" in answer.text
    assert answer.headers["Retry-After"]
    assert visitor.get("health").status_code == 200


def test_a_bug_shows_no_traceback(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(values: dict[str, str], *_: object) -> None:
        raise ValueError(values["content"])

    monkeypatch.setattr("sitegen.submissions.form.check", broken)
    answer = visitor.send({"content": "words\nERROR forged \x1b[31m"})
    assert answer.status_code == 503 and "ValueError" not in answer.text
    assert "words\nERROR forged" in answer.text, "the text is kept"
    assert answer.headers["Retry-After"] == "60"
    assert "a request failed: ValueError: words" in caplog.text
    assert "in broken" in caplog.text, "where it happened"
    assert "\nERROR forged" not in caplog.text and "\x1b" not in caplog.text


def test_secret_keys_can_be_given_and_rotated(visitor: Visitor) -> None:
    root = visitor.endpoint.published.root
    config = visitor.endpoint.config
    old, new = "o" * 32, "n" * 32
    first = Client(create_app(config, root, old))
    token = token_in(first.get("/submit/").text)
    both = Client(create_app(config, root, f"{new} {old}"))
    sent = {"title": "T", "content": "C", "token": token}
    assert both.post("/submit/", data=sent).status_code == 303
    only_new = Client(create_app(config, root, new))
    assert only_new.post("/submit/", data=sent).status_code == 403
    renewed = {**sent, "token": token_in(both.get("/submit/").text)}
    assert only_new.post("/submit/", data=renewed).status_code == 303
    with pytest.raises(SitegenError, match="shorter than 32"):
        create_app(config, root, "short")


def test_a_site_without_the_table_has_no_endpoint(tmp_path: Path) -> None:
    with pytest.raises(SitegenError, match="takes no submissions"):
        create_app(parse(b"")[0], tmp_path)


@given(st.text() | st.text(st.characters(max_codepoint=40)) | st.characters())
@example("\ufffe")
@example("\uffff")
@example("\ud800")
def test_what_xml_allows_is_known_quickly(text: str) -> None:
    assert form.is_xml(text) == (form.NOT_XML.search(text) is None)


LETTERS = st.text(max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD"]),
    path=st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.sampled_from(["/submit/", "/submit/received/"]),
    query=st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    body=st.binary(max_size=200)
    | st.dictionaries(
        st.sampled_from(["title", "content", "token", "name", "email", "website", "x"]),
        LETTERS,
    ).map(lambda d: urlencode(d, errors="surrogatepass").encode()),
    headers=st.dictionaries(
        st.sampled_from(
            [
                "Content-Type",
                "Origin",
                "Sec-Fetch-Site",
                "Accept",
                "X-Forwarded-For",
                "Content-Encoding",
                "Host",
            ]
        ),
        st.sampled_from(
            [
                FORM,
                "a/b",
                "null",
                "https://example.org",
                "application/json",
                "",
                "1.2.3.4, x",
                "\xff[",
                "localhost",
            ]
        )
        | st.text(
            st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=20
        ),
    ),
)
def test_nothing_makes_the_endpoint_stumble(
    visitor: Visitor,
    method: str,
    path: str,
    query: str,
    body: bytes,
    headers: dict[str, str],
) -> None:
    answer = visitor.client.open(
        quote(path), method=method, query_string=query, data=body, headers=headers
    )
    assert answer.status_code in (
        200,
        303,
        308,
        400,
        403,
        404,
        405,
        409,
        411,
        413,
        415,
        422,
    )
    assert "Traceback" not in answer.text
    for name, value in answer.headers:
        assert "\n" not in value and "\r" not in value, (name, value)
    if answer.mimetype == "application/json":
        json.loads(answer.text)
