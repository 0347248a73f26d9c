"""Review pages, without a browser: who gets in, what is shown, what decisions do."""

import contextlib
import errno
import os
import re
import stat
import subprocess
import sys
import time
from html import unescape
from pathlib import Path

import pytest

from sitegen.submissions import approval, decisions, rebuild
from sitegen.submissions.decisions import FILE, Decision
from sitegen.submissions.moderation import Desk
from sitegen.submissions.records import Submission
from sitegen.submissions.review import errands, listing, password
from sitegen.submissions.review.app import (
    GUESSES_ALL,
    GUESSES_NETWORK,
    HANDS,
)
from sitegen.submissions.review.session import COOKIE, IDLE_SECONDS, WHOLE_SECONDS
from sitegen.submissions.review.visit import PAGE_POLICY
from tests.conftest import Run
from tests.submissions.conftest import (
    CONFIG,
    OWN,
    PASSWORD,
    Clock,
    MakeEndpoint,
    Moderate,
    Moderator,
    Serve,
    Visitor,
    add,
    token_in,
    wait_for,
)

REBUILD = CONFIG.replace("[submissions]", "[submissions]\nrebuild = true")


# Getting in


def test_there_are_no_pages_until_a_password_is_set(
    make_endpoint: MakeEndpoint, run: Run
) -> None:
    endpoint = make_endpoint()
    nobody = Moderator(endpoint)
    for place in ("", "login/", "review.css", "log/"):
        assert nobody.get(place).status_code == 404
    assert nobody.log_in().status_code == 404
    root = endpoint.published.root
    result = run("queue", "password", root=root, input=f"{PASSWORD}\nmore\n")
    assert result.exit_code == 0
    assert "https://example.org/submit/review/" in result.stderr
    assert PASSWORD not in result.stderr + result.stdout
    assert nobody.get().status_code == 200 and nobody.log_in().status_code == 303
    result = run("queue", "password", "--remove", root=root)
    assert result.exit_code == 0 and nobody.get().status_code == 404


def test_only_the_hash_of_a_password_is_kept(
    make_endpoint: MakeEndpoint, run: Run
) -> None:
    endpoint = make_endpoint()
    root = endpoint.published.root
    assert run("queue", "password", root=root, input="short\n").exit_code == 1
    assert not password.stored(endpoint.spool)
    run("queue", "password", root=root, input=f"{PASSWORD}\n")
    path = root / "content/queue/private/password"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    hashed = path.read_text()
    assert hashed.startswith("scrypt ") and PASSWORD not in hashed
    assert password.is_right(hashed, PASSWORD)
    assert not password.is_right(hashed, f"{PASSWORD} ")
    assert not password.is_right("", PASSWORD)
    assert not password.is_right(hashed.replace("scrypt", "plain"), PASSWORD)
    assert [p.name for p in path.parent.glob("password*")] == ["password"]


def test_a_password_is_asked_for_twice(
    make_endpoint: MakeEndpoint, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = make_endpoint()
    monkeypatch.setattr("sitegen.cli.queue.is_piped", lambda: False)
    typed = f"{PASSWORD}\nanother one, longer\n{PASSWORD}\n{PASSWORD}\n"
    result = run("queue", "password", root=endpoint.published.root, input=typed)
    assert result.exit_code == 0 and PASSWORD not in result.output
    assert password.is_right(password.stored(endpoint.spool), PASSWORD)


def test_a_guess_costs_memory_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the cost is lowered for all other tests
    assert password.COST * password.BLOCK * 128 >= 32 << 20
    assert password.COST * password.LANES >= 3 << 15


def test_an_accent_may_be_typed_in_either_way(make_endpoint: MakeEndpoint) -> None:
    endpoint = make_endpoint()
    password.store(endpoint.spool, "caf\u00e9 au lait chaud")
    hashed = password.stored(endpoint.spool)
    assert password.is_right(hashed, "cafe\u0301 au lait chaud")


@pytest.mark.parametrize(
    ("base_url", "secure", "path"),
    [
        ("https://example.org", True, "/submit/review/"),
        ("http://localhost", False, "/submit/review/"),
        ("https://example.org/blog", True, "/blog/submit/review/"),
    ],
)
def test_the_cookie_goes_nowhere_else(
    base_url: str, secure: bool, path: str, make_endpoint: MakeEndpoint
) -> None:
    config = CONFIG.replace("https://example.org", base_url)
    endpoint = make_endpoint(config)
    password.store(endpoint.spool, PASSWORD)
    answer = Moderator(endpoint).log_in(base_url=base_url.partition("/blog")[0])
    assert answer.status_code == 303 and answer.headers["Location"] == path
    parts = [p.strip() for p in answer.headers["Set-Cookie"].split(";")]
    assert parts[0].startswith(f"{COOKIE}=")
    assert (
        "HttpOnly" in parts and "SameSite=Strict" in parts and f"Path={path}" in parts
    )
    assert ("Secure" in parts) is secure


def test_a_session_ends_when_it_is_not_used_and_after_all(
    make_endpoint: MakeEndpoint, moderate: Moderate, clock: Clock
) -> None:
    ann = moderate(make_endpoint())
    clock.now += IDLE_SECONDS - 60
    assert "Log out" in ann.get().text
    clock.now += IDLE_SECONDS - 60  # counts from the last use
    assert "Log out" in ann.get().text
    clock.now += IDLE_SECONDS + 60
    assert "Log out" not in ann.get().text
    ann.log_in()
    for _ in range(WHOLE_SECONDS // (IDLE_SECONDS - 60)):
        assert "Log out" in ann.get().text
        clock.now += IDLE_SECONDS - 60
    clock.now += IDLE_SECONDS - 60
    assert "Log out" not in ann.get().text


def test_a_preview_that_comes_late_undoes_no_log_out(
    make_endpoint: MakeEndpoint, moderate: Moderate, clock: Clock
) -> None:
    endpoint = make_endpoint()
    id = add(endpoint, 1, "One")
    ann = moderate(endpoint)
    clock.now += IDLE_SECONDS - 60
    assert "Set-Cookie" not in ann.get(f"{id}/preview/").headers
    assert "Set-Cookie" in ann.get(f"{id}/").headers


def test_a_new_password_ends_every_session(
    make_endpoint: MakeEndpoint, moderate: Moderate
) -> None:
    endpoint = make_endpoint()
    ann = moderate(endpoint)
    assert "Log out" in ann.get().text
    password.store(endpoint.spool, PASSWORD)  # the same one: also a change
    assert "Log out" not in ann.get().text


def test_a_cookie_that_somebody_changed_is_none(
    make_endpoint: MakeEndpoint, moderate: Moderate
) -> None:
    ann = moderate(make_endpoint())
    cookie = ann.client.get_cookie(COOKIE, path=ann.path)
    assert cookie
    for value in (f"x{cookie.value}", cookie.value[:-1], "", "a.b", "\u00ff"):
        bob = Moderator(ann.endpoint)
        bob.client.set_cookie(COOKIE, value, path=ann.path)
        assert "Log out" not in bob.get().text


def test_logging_out_takes_the_cookie_away(
    make_endpoint: MakeEndpoint, moderate: Moderate
) -> None:
    ann = moderate(make_endpoint())
    answer = ann.send("logout/", {"token": ann.token()})
    assert answer.status_code == 303 and "Log out" not in ann.get().text


def test_guessing_is_locked_out_for_a_network(
    make_endpoint: MakeEndpoint, clock: Clock
) -> None:
    endpoint = make_endpoint()
    password.store(endpoint.spool, PASSWORD)
    here = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.7"}}
    near = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.250"}}
    far = {"environ_overrides": {"REMOTE_ADDR": "198.51.100.7"}}
    mallory = Moderator(endpoint, "Mallory")
    for number in range(GUESSES_NETWORK):
        assert (
            mallory.log_in(f"a guess that is wrong {number}", **here).status_code == 403
        )
    answer = mallory.log_in(PASSWORD, **near)
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
    assert "Set-Cookie" not in answer.headers and "too many attempts" in answer.text
    assert Moderator(endpoint).log_in(PASSWORD, **far).status_code == 303
    clock.now += 3600
    assert mallory.log_in(PASSWORD, **here).status_code == 303


def test_guessing_is_locked_out_in_all(make_endpoint: MakeEndpoint) -> None:
    endpoint = make_endpoint()
    password.store(endpoint.spool, PASSWORD)
    mallory = Moderator(endpoint, "Mallory")
    statuses = [
        mallory.log_in(
            "a guess that is wrong",
            environ_overrides={"REMOTE_ADDR": f"10.0.{number}.1"},
        ).status_code
        for number in range(GUESSES_ALL + 1)
    ]
    assert statuses == [403] * GUESSES_ALL + [429]


@pytest.mark.parametrize("name", ["", " ", "x" * 61, "a\u202eb", "a\x00b"])
def test_a_name_has_to_be_one(name: str, make_endpoint: MakeEndpoint) -> None:
    endpoint = make_endpoint()
    password.store(endpoint.spool, PASSWORD)
    assert Moderator(endpoint, name).log_in().status_code == 422


def test_a_link_in_a_web_mail_leads_in(
    make_endpoint: MakeEndpoint, moderate: Moderate
) -> None:
    """SameSite=Strict keeps the cookie back, so the page comes from this site again."""
    ann = moderate(make_endpoint())
    stranger = Moderator(ann.endpoint)
    answer = stranger.get(f"{'0' * 20}/", headers={"Sec-Fetch-Site": "cross-site"})
    place = f"/submit/review/{'0' * 20}/"
    assert f'content="0; url={place}"' in answer.text


# Forgery


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://www.example.org"},
        {"Origin": "https://evil.example"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_no_other_site_can_act(
    headers: dict[str, str], make_endpoint: MakeEndpoint, moderate: Moderate
) -> None:
    config = CONFIG.replace(
        "[submissions]", '[submissions]\norigins = ["https://www.example.org"]'
    )
    endpoint = make_endpoint(config)
    id = add(endpoint, 1, "One")
    ann = moderate(endpoint)
    fields = {"token": ann.token(), "do": "reject", "entry": ann.choice(id)}
    assert ann.send("act/", fields, headers=headers).status_code == 403
    assert endpoint.spool.find(id) == "pending"
    assert ann.send("act/", fields, headers=OWN).status_code == 303


def test_a_form_needs_the_sessions_token(
    make_endpoint: MakeEndpoint, moderate: Moderate
) -> None:
    endpoint = make_endpoint()
    id = add(endpoint, 1, "One")
    ann, bob = moderate(endpoint), moderate(endpoint, "Bob")
    for token in ("", "x", bob.token(), "\u00e9"):
        fields = {"token": token, "do": "reject", "entry": ann.choice(id)}
        assert ann.send("act/", fields).status_code == 403
        assert endpoint.spool.find(id) == "pending"


def test_looking_never_acts(make_endpoint: MakeEndpoint, moderate: Moderate) -> None:
    endpoint = make_endpoint()
    id = add(endpoint, 1, "One")
    ann = moderate(endpoint)
    token, choice = ann.token(), ann.choice(id)
    for place in ("act/", "undo/", "login/", "logout/"):
        answer = ann.get(f"{place}?token={token}&do=reject&entry={choice}")
        assert answer.status_code == 405 and answer.headers["Allow"] == "POST"
    for place in ("", "log/", f"{id}/", f"{id}/preview/"):
        answer = ann.send(place, {"token": token, "do": "reject", "entry": choice})
        assert answer.status_code == 405 and "GET" in answer.headers["Allow"]
    answer = ann.get(f"{id}/edit/?token={token}&title=Other&content=x")
    assert answer.status_code == 200 and "One" in answer.text
    assert endpoint.spool.read("pending", id).title == "One"


def test_nothing_is_shown_without_a_session(
    make_endpoint: MakeEndpoint, moderate: Moderate
) -> None:
    endpoint = make_endpoint()
    id = add(endpoint, 1, "Secret title", "Secret text")
    moderate(endpoint)
    nobody = Moderator(endpoint)
    for place in ("", f"{id}/", f"{id}/preview/", f"{id}/edit/", "log/", "?q=secret"):
        answer = nobody.get(place)
        assert "Log in" in answer.text and "Secret" not in answer.text, place
    assert (
        nobody.send("act/", {"do": "reject", "entry": f"{id}.{'0' * 16}"}).status_code
        == 403
    )
    assert endpoint.spool.find(id) == "pending"


def test_every_page_keeps_to_itself(
    make_endpoint: MakeEndpoint, moderate: Moderate
) -> None:
    endpoint = make_endpoint()
    id = add(endpoint, 1, "One")
    ann = moderate(endpoint)
    for place in ("", f"{id}/", f"{id}/edit/", "log/", "nowhere/", "login/"):
        headers = ann.get(place).headers
        assert headers["Content-Security-Policy"] == PAGE_POLICY
        assert "frame-ancestors 'none'" in PAGE_POLICY
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["X-Frame-Options"] == "DENY"


def test_a_preview_has_no_rights(
    make_endpoint: MakeEndpoint, moderate: Moderate
) -> None:
    config = CONFIG.replace(
        "[submissions]", '[submissions]\nimage_hosts = ["images.example.org"]'
    )
    endpoint = make_endpoint(config)
    id = add(endpoint, 1, "One", "A *text*.")
    ann = moderate(endpoint)
    answer = ann.get(f"{id}/preview/")
    assert answer.status_code == 200 and "A <em>text</em>." in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'; style-src 'self'; ")
    assert "img-src 'self' images.example.org;" in policy
    assert "frame-ancestors 'self'" in policy and "script-src" not in policy
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["Cache-Control"] == "no-store"
    frame = re.search(r"<iframe[^>]*>", ann.get(f"{id}/").text)
    assert frame and re.search(r"\ssandbox(?![\w=-])", frame[0])


def test_an_errand_that_takes_too_long_is_given_up(
    make_endpoint: MakeEndpoint,
    moderate: Moderate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    endpoint = make_endpoint()
    id = add(endpoint, 1, "One")
    ann = moderate(endpoint)
    for name in ("_preview", "_approve"):
        monkeypatch.setattr(errands, name, _sleep)
    monkeypatch.setattr(errands, "_patience", lambda office, count: 0.2)
    answer = ann.get(f"{id}/preview/")
    assert answer.status_code == 422 and "takes more than 0.2 seconds" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    answer = ann.act("approve", ann.choice(id))
    assert answer.status_code == 409 and "look whether it was done" in answer.text
    assert endpoint.spool.find(id) == "pending"


def test_a_crowd_of_previews_leaves_threads_to_visitors(
    make_endpoint: MakeEndpoint, moderate: Moderate, clock: Clock
) -> None:
    endpoint = make_endpoint()
    id = add(endpoint, 1, "One")
    ann = moderate(endpoint)
    with contextlib.ExitStack() as stack:
        for _ in range(HANDS):
            stack.enter_context(endpoint.review.turn())
        while endpoint.review.line.acquire(blocking=False):  # those who wait
            stack.callback(endpoint.review.line.release)
        assert "Try again in a moment" in ann.get(f"{id}/preview/").text
        assert "Try again" in ann.act("approve", ann.choice(id)).text
        assert Visitor(endpoint, clock).send({"title": "Two"}).status_code == 303
    assert ann.get(f"{id}/preview/").status_code == 200


def _sleep(*_: object) -> bytes:
    time.sleep(600)
    return b""


# Looking


def test_the_newest_entries_come_first_a_page_at_a_time(
    make_endpoint: MakeEndpoint,
    moderate: Moderate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    endpoint = make_endpoint()
    spool = endpoint.spool
    for number in range(60):
        id = add(endpoint, number * 7 % 60, f"Number {number}")
        os.utime(f"{id}.md", (number, number), dir_fd=spool.pending)
    ann = moderate(endpoint)
    read: list[str] = []
    real = spool.read

    def counted(state: str, id: str) -> Submission:
        read.append(id)
        return real(state, id)

    monkeypatch.setattr(spool, "read", counted)
    pages = [ann.get(f"?first={first}").text for first in (0, 25, 50, 9999)]
    titles = [re.findall(r"<bdi>Number (\d+)</bdi>", page) for page in pages]
    assert titles[0] == [str(n) for n in range(59, 34, -1)]
    assert titles[1] == [str(n) for n in range(34, 9, -1)]
    assert titles[2] == titles[3] == [str(n) for n in range(9, -1, -1)]
    assert "26–50 of 60" in pages[1]
    assert len(read) <= 4 * listing.PAGE


def test_a_list_knows_what_came_and_went(make_endpoint: MakeEndpoint) -> None:
    endpoint = make_endpoint()
    order = listing.Order(endpoint.spool, "pending")
    one = add(endpoint, 1, "One")
    os.utime(f"{one}.md", (1, 1), dir_fd=endpoint.spool.pending)
    assert order.current() == [one]
    two = add(endpoint, 2, "Two")
    assert order.current() == [two, one]
    endpoint.spool.remove("pending", one)
    assert order.current() == [two]


def test_a_search_is_bounded_and_says_so(
    make_endpoint: MakeEndpoint,
    moderate: Moderate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listing, "READ", 10)
    endpoint = make_endpoint()
    for number in range(25):
        word = "needle" if number in (3, 20) else "hay"
        id = add(endpoint, number, f"Title {number}", f"A {word} in a stack.")
        os.utime(f"{id}.md", (number, number), dir_fd=endpoint.spool.pending)
    ann = moderate(endpoint)
    page = ann.get("?q=NEEDLE").text
    assert "Title 20" in page and "Title 3<" not in page
    assert "1 entry found among the newest 10 of 25" in page
    further = re.search(r'rel="next" href="([^"]+)"', page)
    assert further and further[1].endswith("q=NEEDLE&amp;first=10")
    assert (
        "No entries found among the newest 20 of 25"
        in ann.get("?q=needle&first=10").text
    )
    last = ann.get("?q=needle&first=20").text
    assert "Title 3<" in last and "Search further back" not in last


def test_an_entry_says_what_is_known_of_it(
    make_endpoint: MakeEndpoint, moderate: Moderate
) -> None:
    endpoint = make_endpoint()
    add(endpoint, 1, "A walk along the pier", network="a" * 16)
    other = add(
        endpoint, 2, "Cheap things", network="a" * 16, spam=True, flags=("trap",)
    )
    id = add(
        endpoint, 3, "A walk al\u043eng the pier", "Text \u202e hidden",
        author="Jane", email="jane@example.org", network="a" * 16,
    )  # fmt: skip
    ann = moderate(endpoint)
    page = ann.get(f"{id}/").text
    assert "mixes Cyrillic and Latin letters" in page
    assert "waiting, looks the same" in page
    assert f'{other}/"><bdi>Cheap things</bdi></a> <span class="meta">spam' in page
    assert '<mark class="hidden">U+202E</mark>' in page
    assert "Jane" in page and "jane@example.org" in page
    assert f"q=network:{'a' * 16}" in page
    assert "filled in the field" in ann.get(f"{other}/").text
    found = ann.get(f"?state=pending&q=network:{'a' * 16}").text
    assert found.count('<li data-entry="') == 2


def test_what_is_not_there_is_said(
    make_endpoint: MakeEndpoint, moderate: Moderate
) -> None:
    ann = moderate(make_endpoint())
    for place in (f"{'f' * 20}/", f"{'f' * 20}/edit/", "../x", "x/", f"{'F' * 20}/"):
        assert ann.get(place).status_code == 404
    assert ann.get(f"{'f' * 20}/preview/").status_code == 422


# Deciding


def test_rejecting_is_logged_and_undone(
    make_endpoint: MakeEndpoint, moderate: Moderate, clock: Clock
) -> None:
    endpoint = make_endpoint()
    visitor = Visitor(endpoint, clock)
    answer = visitor.send({"title": "One"})
    (id,) = endpoint.spool.ids("pending")
    ann = moderate(endpoint)
    done = ann.act("reject", ann.choice(id), reason="an  advert\nisement\x00")
    assert done.status_code == 303
    assert endpoint.spool.read("rejected", id).reason == "an advert isement"
    receipt = visitor.receipt(answer).text
    assert "was not accepted" in receipt and "advert" not in receipt
    news = ann.client.get(done.headers["Location"]).text
    assert "Ann rejected 1 entry." in news and "Undo" in news
    assert "rejected" in ann.get("log/").text
    assert ann.undo(done).status_code == 303
    assert endpoint.spool.read("pending", id).reason == ""
    assert "waits for a moderator" in visitor.receipt(answer).text
    assert visitor.send({"title": "one"}).status_code == 409  # it holds its title again
    assert ann.undo(done).status_code == 409  # not twice


def test_nothing_is_undone_after_an_hour_or_another_decision(
    make_endpoint: MakeEndpoint, moderate: Moderate, clock: Clock
) -> None:
    endpoint = make_endpoint()
    one, two = add(endpoint, 1, "One"), add(endpoint, 2, "Two")
    ann = moderate(endpoint)
    first = ann.act("spam", ann.choice(one))
    ann.act("restore", ann.choice(one))
    answer = ann.undo(first)
    assert (
        answer.status_code == 409 and "Ann restored this entry already" in answer.text
    )
    late = ann.act("reject", ann.choice(two))
    clock.now += 3601
    ann.log_in()
    answer = ann.undo(late)
    assert answer.status_code == 409 and "too long ago" in answer.text
    assert endpoint.spool.find(two) == "rejected"
    assert not list((endpoint.spool.path / "private/undo").iterdir())


def test_a_title_that_was_taken_meanwhile_prevents_undoing(
    make_endpoint: MakeEndpoint, moderate: Moderate
) -> None:
    endpoint = make_endpoint()
    id = add(endpoint, 1, "One")
    ann = moderate(endpoint)
    done = ann.act("reject", ann.choice(id))
    add(endpoint, 2, "ONE")
    answer = ann.undo(done)
    assert answer.status_code == 409 and "title is taken" in answer.text
    assert endpoint.spool.find(id) == "rejected"


def test_an_edit_is_checked_and_undone(
    make_endpoint: MakeEndpoint, moderate: Moderate
) -> None:
    endpoint = make_endpoint()
    id = add(endpoint, 1, "One", email="jane@example.org")
    add(endpoint, 2, "Two")
    ann = moderate(endpoint)
    seen = ann.choice(id).partition(".")[2]
    fields = {
        "token": ann.token(),
        "review-seen": seen,
        "title": "Three",
        "content": "x\r\ny",
    }
    wrong = ann.send(f"{id}/edit/", {**fields, "title": "", "email": "nobody"})
    assert wrong.status_code == 422 and "Please give it a title." in wrong.text
    assert "does not look like an e-mail" in wrong.text and "x\r\ny" in wrong.text
    taken = ann.send(f"{id}/edit/", {**fields, "title": "TWO"})
    assert taken.status_code == 409 and "taken by the entry" in taken.text
    done = ann.send(f"{id}/edit/", fields)
    assert done.status_code == 303
    changed = endpoint.spool.read("pending", id)
    assert (changed.title, changed.content, changed.email) == ("Three", "x\ny", "")
    stale = ann.send(f"{id}/edit/", {**fields, "title": "Four"})
    assert stale.status_code == 409 and "Four" in stale.text
    assert "Ann changed this entry already" in stale.text
    # What the page shows now is newer, so that saving once more is a decision.
    again = re.search(r'name="review-seen" value="([^"]+)"', stale.text)
    assert again and again[1] != seen
    assert ann.undo(done).status_code == 303
    assert endpoint.spool.read("pending", id).title == "One"
    assert len(list((endpoint.spool.path / "titles").iterdir())) == 2


def test_what_was_typed_survives_a_session(
    make_endpoint: MakeEndpoint, moderate: Moderate, clock: Clock
) -> None:
    endpoint = make_endpoint()
    id = add(endpoint, 1, "One")
    ann = moderate(endpoint)
    choice, token = ann.choice(id), ann.token()
    seen = choice.partition(".")[2]
    clock.now += IDLE_SECONDS + 61
    fields = {
        "token": token,
        "review-seen": seen,
        "title": "New <b>",
        "content": 'Typed & kept\r\n"',
    }
    answer = ann.send(f"{id}/edit/", fields)
    assert answer.status_code == 403 and "nothing was lost" in answer.text
    kept = dict(
        re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', answer.text)
    )
    assert kept["content"] == "Typed &amp; kept\r\n&#34;" and "token" not in kept
    login = {name: unescape(value) for name, value in kept.items()}
    answer = ann.send(
        "login/", {**login, "review-who": "Ann", "review-password": PASSWORD}
    )
    assert answer.status_code == 200 and "New &lt;b&gt;" in answer.text
    assert endpoint.spool.read("pending", id).title == "One"  # logging in does not act
    fields["token"] = token_in(answer.text)
    assert ann.send(f"{id}/edit/", fields).status_code == 303
    assert endpoint.spool.read("pending", id).content == 'Typed & kept\n"'
    # A reason as well.
    choice = ann.choice(id)
    clock.now += IDLE_SECONDS + 61
    answer = ann.send(
        "act/", {"token": token, "do": "reject", "entry": choice, "reason": "Why & how"}
    )
    kept = dict(
        re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', answer.text)
    )
    login = {name: unescape(value) for name, value in kept.items()}
    answer = ann.send(
        "login/", {**login, "review-who": "Ann", "review-password": PASSWORD}
    )
    assert (
        'value="Why &amp; how"' in answer.text
        and f'value="{choice}" checked' in answer.text
    )
    assert endpoint.spool.find(id) == "pending"


@pytest.mark.parametrize(
    "next", ["//evil.example/", "https://evil.example/", "\r\nX: y", "../../", "x/"]
)
def test_logging_in_leads_nowhere_else(next: str, make_endpoint: MakeEndpoint) -> None:
    endpoint = make_endpoint()
    password.store(endpoint.spool, PASSWORD)
    fields = {"review-who": "Ann", "review-password": PASSWORD, "review-next": next}
    answer = Moderator(endpoint).send("login/", fields)
    assert answer.headers["Location"] == "/submit/review/"


@pytest.mark.parametrize("what", ["reject", "spam", "approve"])
def test_two_moderators_never_both_act(
    what: str, make_endpoint: MakeEndpoint, moderate: Moderate
) -> None:
    endpoint = make_endpoint()
    id = add(endpoint, 1, "One")
    ann, bob = moderate(endpoint), moderate(endpoint, "Bob")
    choice = ann.choice(id)
    assert bob.act("spam", bob.choice(id)).status_code == 303
    answer = ann.act(what, choice)
    assert answer.status_code == 409
    assert "Bob marked as spam this entry already." in answer.text
    assert endpoint.spool.find(id) == "spam"
    assert len(ann.endpoint.review.log.newest()) == 1


def test_several_are_decided_at_once(
    make_endpoint: MakeEndpoint, moderate: Moderate
) -> None:
    endpoint = make_endpoint()
    ids = [add(endpoint, number, f"Number {number}") for number in range(4)]
    ann, bob = moderate(endpoint), moderate(endpoint, "Bob")
    choices = [ann.choice(id) for id in ids]
    bob.act("reject", choices[0])
    answer = ann.act("spam", *choices)
    assert (
        answer.status_code == 409 and "Bob rejected this entry already." in answer.text
    )
    assert "Ann marked as spam 3 entries." in answer.text
    assert endpoint.spool.ids("spam") == ids[1:]
    assert ann.act("spam").status_code == 422
    assert ann.act("dance", ann.choice(ids[1])).status_code == 409


@pytest.mark.needs("git")
def test_an_approved_post_is_built_and_can_be_withdrawn(
    make_endpoint: MakeEndpoint,
    moderate: Moderate,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    endpoint = make_endpoint(REBUILD)
    root = endpoint.published.root
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    git(root, "init", "-q")
    visitor = Visitor(endpoint, clock)
    answer = visitor.send({"title": "My own post", "content": "Hello from *me*."})
    (id,) = endpoint.spool.ids("pending")
    ann = moderate(endpoint)
    done = ann.act("approve", ann.choice(id))
    assert done.status_code == 303
    page = root / "output/posts/my-own-post/index.html"
    news = ann.client.get(done.headers["Location"]).text
    assert "Ann approved 1 entry." in news and "/posts/my-own-post/" in news
    receipt = visitor.receipt(answer).text
    if not page.exists():
        assert "was accepted" in receipt and "in a moment" in receipt
    wait_for(
        lambda: (
            page.exists()
            and not (endpoint.spool.path / "private/rebuild.begun").exists()
        )
    )
    assert "Hello from <em>me</em>." in page.read_text()
    assert "Your post is published" in visitor.receipt(answer).text
    assert "It is online." in ann.client.get(done.headers["Location"]).text
    assert "Ann approved this entry already." in ann.get(f"{id}/").text
    assert "/posts/my-own-post/" in ann.get("log/").text
    log = endpoint.spool.path / "private/decisions.jsonl"
    assert id in log.read_text() and "my-own-post" not in log.read_text()
    assert ann.undo(done).status_code == 303
    wait_for(lambda: not page.exists())
    assert endpoint.spool.read("pending", id).title == "My own post"
    assert not (root / "content/posts/my-own-post.md").exists()
    assert "waits for a moderator" in visitor.receipt(answer).text
    assert visitor.send({"title": "my own post"}).status_code == 409
    assert ann.act("approve", ann.choice(id)).status_code == 303
    subjects = git(root, "log", "--format=%s").split("\n")
    words = ["approve", "withdraw", "approve"]
    assert subjects[:3] == [f"{word} {id}" for word in words]
    assert not git(root, "status", "--porcelain", "content/posts/my-own-post.md")


def test_an_approval_that_cannot_be_noted_is_not_called_a_failure(
    make_endpoint: MakeEndpoint, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = make_endpoint()
    id = add(endpoint, 1, "One")
    root, settings = endpoint.published.root, endpoint.settings
    desk = Desk(root, endpoint.config, settings, endpoint.spool, clock)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(desk.log, "add", full)
    outcome = errands._approve_one(desk, id, "")
    assert not outcome.words and (root / "content/posts/one.md").exists()
    (note,) = outcome.notes
    assert "is published at /posts/one/" in note and "The disk is full." in note


@pytest.mark.needs("git")
def test_an_undo_that_git_refuses_changes_nothing(
    make_endpoint: MakeEndpoint,
    moderate: Moderate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(approval, "LOCK_SECONDS", 0.1)
    endpoint = make_endpoint()
    root = endpoint.published.root
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    git(root, "init", "-q")
    id = add(endpoint, 1, "One")
    ann = moderate(endpoint)
    done = ann.act("approve", ann.choice(id))
    path = root / "content/posts/one.md"
    before = path.read_bytes()
    (root / ".git/index.lock").touch()
    answer = ann.undo(done)
    assert answer.status_code == 409 and "another Git command" in answer.text
    assert path.read_bytes() == before and endpoint.spool.find(id) is None
    assert not list((endpoint.spool.path / "titles").iterdir())
    (root / ".git/index.lock").unlink()
    assert ann.undo(done).status_code == 303
    assert not path.exists() and endpoint.spool.find(id) == "pending"


@pytest.mark.needs("git")
def test_a_post_that_was_edited_since_is_not_withdrawn(
    make_endpoint: MakeEndpoint, moderate: Moderate
) -> None:
    endpoint = make_endpoint()
    id = add(endpoint, 1, "One")
    ann = moderate(endpoint)
    done = ann.act("approve", ann.choice(id))
    path = endpoint.published.root / "content/posts/one.md"
    path.write_text(path.read_text().replace("A text.", "A better text."))
    answer = ann.undo(done)
    assert answer.status_code == 409 and "was changed, moved or removed" in answer.text
    assert path.exists() and endpoint.spool.find(id) is None


def test_a_build_that_fails_is_said_and_tried_again(
    make_endpoint: MakeEndpoint, moderate: Moderate
) -> None:
    endpoint = make_endpoint()
    spool = endpoint.spool
    ann = moderate(endpoint)
    built: list[int] = []

    def fails() -> str:
        built.append(1)
        return "A template is wrong."

    def asks_again() -> str:
        built.append(1)
        if len(built) == 2:
            rebuild.ask(spool)  # another approval, while this build goes on
        return ""

    assert rebuild.tend(spool, fails) > 0 and not built
    rebuild.ask(spool)
    assert rebuild.tend(spool, fails) == 0 and len(built) == 1
    assert "The last build failed" in ann.get().text
    assert "A template is wrong." in ann.get().text
    rebuild.ask(spool)
    rebuild.tend(spool, asks_again)
    assert rebuild.is_under_way(spool) and "last build failed" not in ann.get().text
    rebuild.tend(spool, asks_again)
    assert len(built) == 3 and not rebuild.is_under_way(spool)
    # Killed during a build: the next process builds.
    (spool.path / "private/rebuild.begun").touch()
    rebuild.tend(spool, asks_again)
    assert len(built) == 4 and not rebuild.is_under_way(spool)


def test_a_decision_that_was_torn_spoils_no_other(make_endpoint: MakeEndpoint) -> None:
    endpoint = make_endpoint()
    log = endpoint.review.log
    log.add(Decision(1, "0" * 20, "spam", "Ann"))
    path = endpoint.spool.path / "private" / FILE
    path.write_bytes(path.read_bytes() + b'{"at":2,"id":"tor')
    log.add(Decision(3, "1" * 20, "reject", "Bob"))
    assert [each.by for each in log.newest()] == ["Bob", "Ann"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_long_log_is_kept_twice_as_long(
    make_endpoint: MakeEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions, "LARGEST", 1000)
    log = make_endpoint().review.log
    for number in range(100):
        log.add(Decision(number, f"{number:020x}", "spam", "Ann"))
    sizes = [len(p.read_bytes()) for p in log_files(log)]
    assert len(sizes) <= 2 and sum(sizes) < 2500
    assert [each.at for each in log.newest(10)] == list(range(99, 89, -1))
    assert log.last_of(f"{98:020x}") and not log.last_of(f"{1:020x}")


def log_files(log: decisions.Decisions) -> list[Path]:
    """Returns the files of a log."""
    folder = Path(f"/proc/self/fd/{log.folder}")
    return sorted(folder.glob("decisions*"))


def test_the_log_says_nothing_of_visitors(
    make_endpoint: MakeEndpoint, moderate: Moderate
) -> None:
    endpoint = make_endpoint()
    id = add(endpoint, 1, "Secret title", author="Jane", email="jane@example.org")
    ann = moderate(endpoint)
    ann.act("reject", ann.choice(id), reason="secret reason")
    text = (endpoint.spool.path / "private/decisions.jsonl").read_text().lower()
    assert "secret" not in text and "jane" not in text and '"ann"' in text


def git(root: Path, *args: str) -> str:
    """Returns what Git prints in the site's repository."""
    command = ["git", "-C", str(root), *args]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("kind", ["waitress", "gunicorn"])
def test_real_servers_make_previews_and_approve(
    kind: str, serve: Serve, make_endpoint: MakeEndpoint
) -> None:
    endpoint = make_endpoint(CONFIG.replace("https://example.org", "http://localhost"))
    id = add(endpoint, 1, "One", "A *text*.")
    password.store(endpoint.spool, PASSWORD)
    server = serve(kind, endpoint.published.root)
    form = {"Content-Type": "application/x-www-form-urlencoded", **OWN}
    login = {"review-who": "Ann", "review-password": PASSWORD}
    status, headers, _ = server.request("POST", "/submit/review/login/", login, form)
    # The server's processes ask for the full cost, which is not that of these tests.
    assert status == 403
    command = [sys.executable, "-m", "sitegen", "-C", str(endpoint.published.root)]
    subprocess.run([*command, "queue", "password"], input=PASSWORD.encode(), check=True)
    status, headers, _ = server.request("POST", "/submit/review/login/", login, form)
    assert status == 303
    cookie = {"Cookie": headers["set-cookie"].partition(";")[0]}
    page = server.request("GET", f"/submit/review/{id}/", headers=cookie)[2]
    found = server.request("GET", f"/submit/review/{id}/preview/", headers=cookie)
    assert found[0] == 200 and "A <em>text</em>." in found[2]
    choice = re.search(rf'value="({id}\.[0-9a-f]+)"', page)
    assert choice
    act = {"token": token_in(page), "do": "approve", "entry": choice[1]}
    status, headers, text = server.request(
        "POST", "/submit/review/act/", act, {**form, **cookie}
    )
    assert status == 303, text
    assert (endpoint.published.root / "content/posts/one.md").is_file()
