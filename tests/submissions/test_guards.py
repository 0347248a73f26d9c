"""What the guards know: rates, networks, published titles, settings."""

import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.build.titles import read_titles, renew_titles
from sitegen.config import Config, Submissions, Unique, load, parse
from sitegen.content.records import Post
from sitegen.content.scan import Found
from sitegen.submissions import origin
from sitegen.submissions.published import Published, index_of
from sitegen.submissions.rates import FILE, SALT_SECONDS, Limit, Rates
from tests.conftest import MakeSite
from tests.submissions.conftest import CONFIG, POST, Clock

ID = "0123456789abcdef0123"


@pytest.fixture
def rates(tmp_path: Path, clock: Clock) -> Rates:
    """Gives a database of rates, on a clock that the test moves."""
    return Rates(tmp_path, clock)


def test_a_rate_is_refilled_steadily(rates: Rates, clock: Clock) -> None:
    limit = (Limit(b"a", 4),)
    assert [rates.take(limit) for _ in range(4)] == [0, 0, 0, 0]
    assert rates.take(limit) == pytest.approx(900)
    clock.now += 901
    assert rates.take(limit) == 0
    assert rates.take(limit) > 0
    clock.now += 3601
    assert [rates.take(limit) for _ in range(4)] == [0, 0, 0, 0]


def test_what_has_to_wait_is_not_counted(rates: Rates, clock: Clock) -> None:
    both = (Limit(b"all", 10), Limit(b"one", 1))
    assert rates.take(both) == 0
    for _ in range(50):
        assert rates.take(both) > 0
    assert [rates.take((Limit(b"all", 10),)) for _ in range(9)] == [0] * 9


def test_a_clock_that_is_put_back_shuts_nobody_out_for_long(
    rates: Rates, clock: Clock
) -> None:
    limit = (Limit(b"a", 1),)
    assert rates.take(limit) == 0
    clock.now -= 10 * 24 * 3600
    assert 0 < rates.take(limit) <= 3600
    clock.now += 3600
    assert rates.take(limit) == 0


def test_processes_and_threads_share_a_rate(tmp_path: Path, clock: Clock) -> None:
    several = [Rates(tmp_path, clock) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        waits = list(
            pool.map(lambda n: several[n % 4].take((Limit(b"a", 20),)), range(80))
        )
    assert waits.count(0) == 20


def test_counting_ahead_lets_nothing_through_beyond_a_limit(
    tmp_path: Path, clock: Clock
) -> None:
    limit = Limit(b"a", 3000)
    assert limit.ahead == 3
    several = [Rates(tmp_path, clock) for _ in range(4)]
    allowed = sum(several[n % 4].take((limit,)) == 0 for n in range(3100))
    assert 3000 - 4 * limit.ahead < allowed <= 3000


def test_what_has_to_wait_is_not_counted_ahead(rates: Rates) -> None:
    every, one = Limit(b"all", 2000), Limit(b"one", 1)
    assert [rates.take((every, one)) == 0 for _ in range(20)] == [True] + [False] * 19
    assert sum(rates.take((every,)) == 0 for _ in range(2100)) == 1999


def test_a_fork_does_not_use_what_its_parent_counted(
    rates: Rates, tmp_path: Path
) -> None:
    limit = Limit(b"a", 2000)
    rates.take((limit,))
    assert rates.ahead == {b"a": 1}
    rates.pid += 1  # as a fork finds it
    rates.take((limit,))
    assert rates.ahead == {b"a": 1} and rates.calls == 2


def test_what_is_counted_ahead_is_forgotten_for_too_many_networks(
    rates: Rates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sitegen.submissions.rates.MOST_KEYS", 3)
    every = Limit(b"all", 5000)
    for number in range(20):
        assert rates.take((every, Limit(b"%d" % number, 5000))) == 0
    assert len(rates.ahead) <= 5


def test_a_damaged_database_is_made_anew(rates: Rates, tmp_path: Path) -> None:
    rates.take((Limit(b"a", 1),))
    rates.close()
    (tmp_path / FILE).write_bytes(
        b"not a database, and longer than a hundred bytes" * 9
    )
    for ending in ("-wal", "-shm"):
        (tmp_path / f"{FILE}{ending}").unlink(missing_ok=True)
    assert rates.take((Limit(b"a", 1),)) == 0


def test_a_database_that_cannot_be_opened_is_an_error(
    tmp_path: Path, clock: Clock
) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(OSError, match="rates"):
        Rates(tmp_path, clock).take((Limit(b"a", 1),))


def test_networks_are_known_by_a_hash_that_expires(
    rates: Rates, clock: Clock, tmp_path: Path
) -> None:
    first = rates.hash_of("1.2.3.0/24")
    assert first == rates.hash_of("1.2.3.0/24") != rates.hash_of("1.2.4.0/24")
    assert first == Rates(tmp_path, clock).hash_of("1.2.3.0/24")
    clock.now += SALT_SECONDS
    assert rates.hash_of("1.2.3.0/24") != first
    rates.close()
    with sqlite3.connect(tmp_path / FILE) as database:
        assert len(database.execute("SELECT * FROM salts").fetchall()) == 1
    database.close()
    assert not any(b"1.2.3" in path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("address", "forwarded", "proxies", "network"),
    [
        ("1.2.3.4", "", 0, "1.2.3.0/24"),
        ("1.2.3.4", "9.9.9.9", 0, "1.2.3.0/24"),
        ("127.0.0.1", "9.9.9.9", 1, "9.9.9.0/24"),
        ("127.0.0.1", "6.6.6.6, 9.9.9.9", 1, "9.9.9.0/24"),
        ("127.0.0.1", "6.6.6.6, 9.9.9.9, 10.0.0.1", 2, "9.9.9.0/24"),
        ("127.0.0.1", "9.9.9.9", 3, "9.9.9.0/24"),
        ("127.0.0.1", "", 1, "127.0.0.0/24"),
        ("2001:db8:1:2:3::4", "", 0, "2001:db8:1:2::/64"),
        ("::ffff:1.2.3.4", "", 0, "1.2.3.0/24"),
        ("fe80::1%eth0", "", 0, "fe80::/64"),
        ("127.0.0.1", "[2001:db8::1]:443", 1, "2001:db8::/64"),
        ("127.0.0.1", "1.2.3.4:5678", 1, "1.2.3.0/24"),
        ("", "", 0, "local"),
        ("127.0.0.1", "<script>", 1, "local"),
    ],
)
def test_a_network_is_what_trusted_proxies_saw(
    address: str, forwarded: str, proxies: int, network: str
) -> None:
    environ = {"REMOTE_ADDR": address, "HTTP_X_FORWARDED_FOR": forwarded}
    assert origin.network(environ, proxies) == network


@given(st.text(max_size=30), st.text(max_size=60), st.integers(0, 3))
def test_no_address_makes_the_guard_stumble(
    address: str, forwarded: str, proxies: int
) -> None:
    environ = {"REMOTE_ADDR": address, "HTTP_X_FORWARDED_FOR": forwarded}
    assert origin.network(environ, proxies)


# Published titles


@pytest.fixture
def site(make_site: MakeSite) -> tuple[Path, Config]:
    """Gives a site with a post that came from a submission."""
    sent = POST.replace("First", "Sent").replace(
        "date", f"submission: {{id: {ID}}}\ndate"
    )
    root = make_site(
        {
            "sitegen.toml": CONFIG,
            "content/posts/first.md": POST,
            "content/posts/sent.md": sent,
            "content/about.md": "---\ntitle: About\ndraft: true\n---\n",
            "content/posts/_index.md": "---\ntitle: All posts\n---\n",
            "content/bad.md": "---\ntitle: [\n---\n",
        }
    )
    return root, load(root)[0]


def test_the_list_says_titles_addresses_and_submissions(
    site: tuple[Path, Config],
) -> None:
    index = index_of(renew_titles(*site), site[1])
    assert index.titles == {
        "first post": "/posts/first/",
        "sent post": "/posts/sent/",
        "about": "/about/",
    }
    assert index.submissions == {ID: "/posts/sent/"}


@pytest.mark.parametrize(("scope", "count"), [("site", 3), ("section", 2), ("off", 0)])
def test_titles_count_as_the_site_says(
    site: tuple[Path, Config], scope: str, count: int
) -> None:
    root, config = site
    unique = Unique(scope)  # type: ignore[arg-type]
    config = Config(submissions=Submissions(), unique=unique)
    assert len(index_of(renew_titles(root, config), config).titles) == count


def test_only_what_changed_is_read_again(
    site: tuple[Path, Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = renew_titles(*site)
    read: list[str] = []
    from sitegen.build import titles

    real = titles._read_post

    def noted(root: Path, config: Config, found: Found) -> Post | None:
        read.append(found.path)
        return real(root, config, found)

    monkeypatch.setattr(titles, "_read_post", noted)
    assert renew_titles(*site) == before and read == []
    (site[0] / "content/posts/first.md").write_text(POST.replace("First", "Changed"))
    (site[0] / "content/about.md").unlink()
    after = index_of(renew_titles(*site), site[1])
    assert read == ["posts/first.md"] and set(after.titles) == {
        "changed post",
        "sent post",
    }


@pytest.mark.parametrize("damage", [b"", b"\x00\x01", b"\x93\x01\x02\x03"])
def test_a_list_that_cannot_be_read_is_made_anew(
    site: tuple[Path, Config], damage: bytes
) -> None:
    good = renew_titles(*site)
    (site[0] / ".sitegen/titles").write_bytes(damage)
    assert read_titles(*site).rows == ()
    assert renew_titles(*site) == good


def test_changes_by_hand_are_noticed_while_there_are_requests(
    site: tuple[Path, Config],
) -> None:
    published = Published(*site)
    try:
        assert (
            published.holds_title("FIRST POST")
            and published.url_of(ID) == "/posts/sent/"
        )
        (site[0] / "content/posts/new.md").write_text(POST.replace("First", "New"))
        deadline = time.monotonic() + 60
        while not published.holds_title("new post"):
            assert time.monotonic() < deadline
        (site[0] / "content/posts/new.md").unlink()
        published.asleep = True
        with published.lock:
            published.lock.notify_all()
        while published.holds_title("new post"):
            assert time.monotonic() < deadline
    finally:
        published.stop()


def test_a_forked_process_scans_for_itself(site: tuple[Path, Config]) -> None:
    published = Published(*site)
    assert published.holds_title("first post")
    published.pid = os.getpid() + 1  # as a fork finds it
    scans = published.scans
    assert published.holds_title("first post") and published.scans > scans
    published.stop()


# Settings


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('path = "submit"', "'path' must be a path"),
        ('path = "/a/../b/"', "'path' must be a path"),
        ('section = "../x"', "'section' must be"),
        ('origins = ["example.org"]', "'origins' must hold"),
        ('image_hosts = ["https://x.org/"]', "'image_hosts' must hold"),
        ("trusted_proxies = -1", "'trusted_proxies' cannot"),
        ("[submissions.limits]\ntotal = 0", "'total' is too small"),
        ("[submissions.limits]\nbodi = 1", "Unknown key 'bodi'"),
        ("limits = 3", "must be a table"),
        ("[[submissions.fields]]\nname = 'A b'", "'name' must be small"),
        ("[[submissions.fields]]\nname = 'token'", "'name' is taken"),
        (
            "[[submissions.fields]]\nname = 'a'\nkind = 'colour'",
            "'kind' must be one of",
        ),
        ("[[submissions.fields]]\nname = 'a'\nkind = 'choice'", "'kind' is choice"),
        (
            "[[submissions.fields]]\nname = 'a'\nchoices = ['x']",
            "'choices' belongs",
        ),
        ("[[submissions.fields]]\nname = 'a'\nlongest = 0", "'longest' must be"),
    ],
)
def test_settings_that_cannot_be_meant_are_named(text: str, words: str) -> None:
    config, problems = parse(f"[submissions]\n{text}\n".encode())
    assert [words in problem.message for problem in problems] == [True]
    assert problems[0].location.line or "table" in words
    assert config.submissions


def test_the_table_alone_switches_submissions_on() -> None:
    assert parse(b"")[0].submissions is None
    assert parse(b"[submissions]\n")[0].submissions == Submissions()
