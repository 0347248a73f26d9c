"""The spool: one entry for one acknowledgement, and a title held once."""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.problems import SitegenError
from sitegen.submissions import filesystem, records
from sitegen.submissions.filesystem import QueueBroken, QueueFull
from sitegen.submissions.records import BadEntry, Submission
from sitegen.submissions.recovery import PURGE_SECONDS, recover
from sitegen.submissions.room import FULL_SECONDS, Room
from sitegen.submissions.spool import NothingPublished, Outcome, Spool, open_spool
from sitegen.submissions.syncing import GroupSync

NOBODY = NothingPublished()
LIFE = 3600.0


class Published(msgspec.Struct, frozen=True):
    """A site with some posts."""

    titles: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()

    def holds_title(self, title: str) -> bool:
        return title in self.titles

    def holds_submission(self, id: str) -> bool:
        return id in self.ids


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """Gives an empty queue."""
    with open_spool(tmp_path / "queue") as opened:
        yield opened


def submission(
    number: int = 1, title: str = "A title", content: str = "x"
) -> Submission:
    """Returns what a visitor might send."""
    sent = records.digest_sent(title, content)
    return Submission(f"{number:020x}", title, content, 1782907200, sent=sent)


def links(spool: Spool) -> dict[str, str]:
    """Returns the titles that are held, and by whom."""
    return {name: spool.holder(name) for name in os.listdir(spool.titles)}


def age(spool: Spool, folder: str, name: str) -> None:
    """Makes a file older than a token's life."""
    then = time.time() - LIFE - 10
    os.utime(name, (then, then), dir_fd=spool.fds[folder], follow_symlinks=False)


def test_the_folder_is_private_and_ignored_by_git(spool: Spool) -> None:
    assert spool.path.stat().st_mode & 0o777 == 0o700
    assert (spool.path / ".gitignore").read_text() == "*\n"
    assert {
        path.stat().st_mode & 0o777 for path in spool.path.iterdir() if path.is_dir()
    } == {0o700}


def test_a_submission_is_stored_and_holds_its_title(spool: Spool) -> None:
    sent = submission(content="Hello\n\n---\nend")
    assert spool.add(sent, NOBODY) is Outcome.STORED
    assert spool.read("pending", sent.id) == sent
    assert links(spool) == {records.title_digest("a TITLE"): sent.id}
    assert os.listdir(spool.tmp) == []


def test_a_title_is_taken_whatever_its_spelling(spool: Spool) -> None:
    spool.add(submission(1, "Café"), NOBODY)
    assert spool.add(submission(2, "CAFE\u0301"), NOBODY) is Outcome.TITLE_TAKEN
    assert spool.ids("pending") == [f"{1:020x}"]


def test_a_published_title_is_taken_and_not_held(spool: Spool) -> None:
    published = Published(titles=frozenset({"A title"}))
    assert spool.add(submission(), published) is Outcome.TITLE_TAKEN
    assert links(spool) == {} and spool.ids("pending") == []


def test_a_form_that_is_sent_twice_gets_one_entry(spool: Spool) -> None:
    outcomes = [spool.add(submission(), NOBODY) for _ in range(2)]
    assert outcomes == [Outcome.STORED, Outcome.REPEATED]
    assert spool.ids("pending") == [f"{1:020x}"]


@pytest.mark.parametrize(
    "again",
    [
        submission(content="other"),
        submission(title="Other"),
        submission(title="A  Title"),
    ],
)
def test_a_form_that_is_used_again_is_refused(spool: Spool, again: Submission) -> None:
    spool.add(submission(), NOBODY)
    assert spool.add(again, NOBODY) is Outcome.TOKEN_USED
    assert spool.read("pending", again.id) == submission()
    assert list(links(spool)) == [records.title_digest("A title")]


def test_a_used_form_with_a_title_of_another_is_refused(spool: Spool) -> None:
    spool.add(submission(1), NOBODY)
    spool.add(submission(2, "Other"), NOBODY)
    assert spool.add(submission(2), NOBODY) is Outcome.TOKEN_USED


def test_an_edited_entry_still_answers_the_form_that_made_it(spool: Spool) -> None:
    sent = submission()
    spool.add(sent, NOBODY)
    spool.replace("pending", msgspec.structs.replace(sent, content="edited"))
    assert spool.add(sent, NOBODY) is Outcome.REPEATED


@pytest.mark.parametrize("state", ["spam", "rejected"])
def test_what_was_decided_is_not_sent_again(spool: Spool, state: str) -> None:
    spool.add(submission(), NOBODY)
    spool.move(f"{1:020x}", "pending", state)
    spool.free_title(f"{1:020x}", "A title")
    assert spool.add(submission(), NOBODY) is Outcome.REPEATED
    assert spool.ids("pending") == [] and links(spool) == {}


def test_what_was_declined_or_published_is_not_sent_again(spool: Spool) -> None:
    spool.decline(f"{1:020x}")
    assert spool.add(submission(1), NOBODY) is Outcome.REPEATED
    published = Published(ids=frozenset({f"{2:020x}"}))
    assert spool.add(submission(2), published) is Outcome.REPEATED
    assert spool.ids("pending") == [] and links(spool) == {}


def test_suspected_spam_holds_no_title(spool: Spool) -> None:
    outcomes = [spool.add_spam(submission()) for _ in range(2)]
    assert outcomes == [Outcome.STORED, Outcome.REPEATED]
    assert spool.read("spam", f"{1:020x}") == submission() and links(spool) == {}


def test_one_title_from_many_threads_is_stored_once(spool: Spool) -> None:
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(lambda n: spool.add(submission(n), NOBODY), range(64)))
    assert outcomes.count(Outcome.STORED) == 1
    assert outcomes.count(Outcome.TITLE_TAKEN) == 63
    assert len(spool.ids("pending")) == len(links(spool)) == 1


def test_one_form_from_many_threads_is_stored_once(spool: Spool) -> None:
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(lambda _: spool.add(submission(), NOBODY), range(32)))
    assert outcomes.count(Outcome.STORED) == 1
    assert outcomes.count(Outcome.REPEATED) == 31
    assert len(spool.ids("pending")) == len(links(spool)) == 1


def test_a_failed_link_frees_the_title(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(QueueFull):
        spool.add(submission(), NOBODY)
    assert links(spool) == {} and os.listdir(spool.tmp) == []


def test_a_failed_fsync_ends_the_work_of_the_process(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        with pytest.raises(QueueBroken):
            spool.add(submission(), NOBODY)
    with pytest.raises(QueueBroken):
        spool.add(submission(2, "Other"), NOBODY)
    with pytest.raises(QueueBroken):
        spool.add_spam(submission(2, "Other"))
    assert spool.ids("pending") == [] and os.listdir(spool.tmp) == []


@pytest.fixture
def group(tmp_path: Path) -> Iterator[GroupSync]:
    """Gives what syncs two folders."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    handles = [os.open(folder, os.O_RDONLY) for folder in folders]
    group = GroupSync(handles)
    yield group
    group.close()
    for handle in handles:
        os.close(handle)


def test_threads_that_wait_share_a_sync(
    group: GroupSync, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, go = threading.Event(), threading.Event()
    calls: list[str] = []

    def slow(folder: int) -> None:
        calls.append(os.readlink(f"/proc/self/fd/{folder}"))
        entered.set()
        go.wait(10)

    monkeypatch.setattr(os, "fsync", slow)
    threads = [threading.Thread(target=group.sync) for _ in range(9)]
    threads[0].start()
    entered.wait(10)
    for thread in threads[1:]:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()
    one, two = sorted(set(calls))
    assert 4 <= len(calls) < 18 and calls.count(one) == calls.count(two)


def test_threads_that_wait_for_a_failing_sync_all_hear_of_it(
    group: GroupSync, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, go = threading.Event(), threading.Event()

    def broken(_: int) -> None:
        entered.set()
        go.wait(10)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with ThreadPoolExecutor(9) as pool:
        asked = [pool.submit(group.sync)]
        entered.wait(10)
        asked += [pool.submit(group.sync) for _ in range(8)]
        go.set()
        failures = [each.exception(10) for each in asked]
    assert [type(failure) for failure in failures] == [QueueBroken] * 9


def test_a_sync_that_is_interrupted_leaves_nobody_waiting(
    group: GroupSync, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, go = threading.Event(), threading.Event()

    def interrupted(*_: object) -> bool:
        entered.set()
        go.wait(10)
        raise MemoryError

    with ThreadPoolExecutor(2) as pool:
        monkeypatch.setattr(GroupSync, "run", interrupted)
        first = pool.submit(group.sync)
        entered.wait(10)
        second = pool.submit(group.sync)
        go.set()
        assert isinstance(first.exception(10), MemoryError)
        assert isinstance(second.exception(10), MemoryError | QueueBroken)


@pytest.mark.parametrize("failure", [MemoryError, SystemExit])
def test_what_a_helper_did_not_do_is_not_acknowledged(
    group: GroupSync, monkeypatch: pytest.MonkeyPatch, failure: type[BaseException]
) -> None:
    main = threading.current_thread()

    def only_here(_: int) -> None:
        if threading.current_thread() is not main:
            raise failure

    monkeypatch.setattr(os, "fsync", only_here)
    for _ in range(2):  # the thread lives on
        with pytest.raises(QueueBroken, match="interrupted"):
            group.sync()


def test_nothing_is_synced_after_the_end(group: GroupSync) -> None:
    group.sync()
    group.close()
    with pytest.raises(QueueBroken, match="closed"):
        group.sync()


def test_those_who_wait_at_the_end_are_served(
    group: GroupSync, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, go = threading.Event(), threading.Event()

    def slow(_: int) -> None:
        entered.set()
        go.wait(10)

    monkeypatch.setattr(os, "fsync", slow)
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(group.sync) for _ in range(3)]
        entered.wait(10)
        while len(group.waiting) < 2:
            pass
        group.close()
        go.set()
        assert [each.exception(10) for each in asked] == [None] * 3
    assert group.handles.all == []


def test_a_failure_counts_for_processes_of_one_family(group: GroupSync) -> None:
    def fail() -> None:
        group.sync()  # with descriptors of its own
        group.fail("Input/output error")

    group.sync()
    process = get_context("fork").Process(target=fail)
    process.start()
    process.join()
    assert process.exitcode == 0
    with pytest.raises(QueueBroken, match="another process"):
        group.sync()


def test_folders_are_listed_whole_by_all_at_once(spool: Spool) -> None:
    expected = [f"{number:020x}" for number in range(40)]
    for id in expected:
        (spool.path / f"pending/{id}.md").touch()

    def look(_: int) -> bool:
        return all(spool.ids("pending") == expected for _ in range(50))

    def go_on_looking() -> None:
        while True:
            spool.ids("pending")

    other = get_context("fork").Process(target=go_on_looking)
    other.start()
    try:
        with ThreadPoolExecutor(2) as pool:
            assert all(pool.map(look, range(2)))
    finally:
        other.kill()
        other.join()


def test_a_link_in_place_of_an_entry_is_not_followed(
    spool: Spool, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(records.dump(submission()))
    os.symlink(tmp_path / "secret", spool.path / "pending" / f"{1:020x}.md")
    with pytest.raises(OSError):
        spool.read("pending", f"{1:020x}")


def test_a_pipe_in_place_of_an_entry_is_refused(spool: Spool) -> None:
    os.mkfifo(spool.path / "pending" / f"{1:020x}.md")
    with pytest.raises(OSError, match="regular"):
        spool.read("pending", f"{1:020x}")


def test_an_entry_under_another_id_is_refused(spool: Spool) -> None:
    spool.add(submission(), NOBODY)
    pending = spool.path / "pending"
    (pending / f"{1:020x}.md").rename(pending / f"{2:020x}.md")
    with pytest.raises(BadEntry, match="holds the entry"):
        spool.read("pending", f"{2:020x}")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "queue").write_text("a file")
    with pytest.raises(SitegenError, match="cannot be used"):
        open_spool(tmp_path / "queue")


def test_a_file_system_without_links_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", denied)
    with pytest.raises(SitegenError, match="second name"):
        open_spool(tmp_path / "queue")
    assert os.listdir(tmp_path / "queue/tmp") == []


# Room


def test_a_full_queue_takes_nothing_but_repeats_its_answers(tmp_path: Path) -> None:
    with open_spool(tmp_path / "queue", 3) as spool:
        for number in range(3):
            spool.add(submission(number, f"Title {number}"), NOBODY)
        with pytest.raises(QueueFull, match="too many entries in pending"):
            spool.add(submission(9, "Other"), NOBODY)
        assert spool.add(submission(1, "Title 1"), NOBODY) is Outcome.REPEATED
        assert spool.add_spam(submission(9)) is Outcome.STORED
        assert len(spool.ids("pending")) == len(links(spool)) == 3
        assert os.listdir(spool.tmp) == []


def test_a_queue_full_of_spam_still_takes_posts(tmp_path: Path) -> None:
    with open_spool(tmp_path / "queue", 1) as spool:
        spool.add_spam(submission(1))
        with pytest.raises(QueueFull, match="spam"):
            spool.add_spam(submission(2))
        assert spool.add(submission(2), NOBODY) is Outcome.STORED


def test_a_full_folder_is_counted_again_after_a_while(tmp_path: Path) -> None:
    folder, now = os.open(tmp_path, os.O_RDONLY), [0.0]
    (tmp_path / "one").touch()
    room = Room(folder, 1, lambda: now[0])
    assert not room.take()
    (tmp_path / "one").unlink()
    assert not room.take(), "it was counted in this second"
    now[0] += FULL_SECONDS
    assert room.take()
    os.close(folder)


def test_room_is_never_exceeded_by_eight_processes(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    rooms = [Room(folder, 40) for _ in range(8)]
    names = iter(range(10_000))
    for turn in range(200):
        for room in rooms[: 1 + turn % 8]:
            if room.take():
                (tmp_path / str(next(names))).touch()
    os.close(folder)
    assert len(list(tmp_path.iterdir())) == 40


# Recovery


def test_recovery_of_a_healthy_queue_changes_nothing(spool: Spool) -> None:
    spool.add(submission(), NOBODY)
    age(spool, "titles", records.title_digest("A title"))
    before = links(spool)
    done = recover(spool, time.time(), LIFE)
    assert (done.temporary, done.freed, done.held, done.dropped) == (0, 0, 0, 0)
    assert links(spool) == before


def test_recovery_removes_what_no_request_can_still_need(spool: Spool) -> None:
    (spool.path / "tmp/old").touch()
    (spool.path / "tmp/new").touch()
    age(spool, "tmp", "old")
    os.symlink("nobody", "old", dir_fd=spool.titles)
    os.symlink("nobody", "new", dir_fd=spool.titles)
    age(spool, "titles", "old")
    done = recover(spool, time.time(), LIFE)
    assert (done.temporary, done.freed) == (1, 1)
    assert os.listdir(spool.tmp) == ["new"] and list(links(spool)) == ["new"]
    assert recover(spool, time.time(), LIFE).freed == 0


def test_recovery_keeps_of_two_titles_that_of_the_entry(spool: Spool) -> None:
    spool.add(submission(), NOBODY)
    other = records.title_digest("Other")
    os.symlink(f"{1:020x}", other, dir_fd=spool.titles)
    for name in links(spool):
        age(spool, "titles", name)
    assert recover(spool, time.time(), LIFE).freed == 1
    assert list(links(spool)) == [records.title_digest("A title")]


def test_recovery_takes_a_lost_title_again(spool: Spool) -> None:
    spool.add(submission(), NOBODY)
    os.unlink(records.title_digest("A title"), dir_fd=spool.titles)
    assert recover(spool, time.time(), LIFE).held == 1
    assert links(spool) == {records.title_digest("A title"): f"{1:020x}"}


def test_recovery_drops_the_second_copy_of_what_was_rejected(spool: Spool) -> None:
    spool.add(submission(), NOBODY)
    spool.move(f"{1:020x}", "pending", "rejected")
    (spool.path / "pending" / f"{1:020x}.md").write_bytes(records.dump(submission()))
    assert recover(spool, time.time(), LIFE).dropped == 1
    assert spool.find(f"{1:020x}") == "rejected"


def test_recovery_purges_what_was_rejected_long_ago(spool: Spool) -> None:
    for number in (1, 2):
        spool.add(submission(number, f"Title {number}"), NOBODY)
        spool.move(f"{number:020x}", "pending", "rejected")
    then = time.time() - PURGE_SECONDS - 10
    os.utime(f"{1:020x}.md", (then, then), dir_fd=spool.fds["rejected"])
    assert recover(spool, time.time(), LIFE).purged == 1
    assert spool.ids("rejected") == [f"{2:020x}"] and spool.is_declined(f"{1:020x}")


# Files of entries

XML_TEXT = st.text(
    st.characters(
        exclude_categories=["Cs"],
        exclude_characters=[
            "\r",
            *map(chr, range(9)),
            "\x0b",
            "\x0c",
            *map(chr, range(14, 32)),
            "\ufffe",
            "\uffff",
        ],
    )
)


@given(
    st.builds(
        Submission,
        id=st.just("0" * 20),
        title=XML_TEXT.filter(bool),
        content=XML_TEXT,
        received=st.integers(0, 2**40),
        author=XML_TEXT,
        email=XML_TEXT,
        extra=st.dictionaries(
            st.from_regex("[a-z]{1,9}", fullmatch=True),
            XML_TEXT | st.booleans() | st.integers(-(2**40), 2**40),
        ),
        network=XML_TEXT,
        flags=st.lists(XML_TEXT).map(tuple),
        reason=XML_TEXT,
    )
)
def test_an_entry_comes_back_as_it_was(submission: Submission) -> None:
    data = records.dump(submission)
    assert records.parse(data) == submission
    # Whatever is not quite as it was written is read as YAML.
    assert records.parse(data.replace(b"\n", b"\n# by hand\n", 1)) == submission


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no front matter", "not that of an entry"),
        ("---\ntitle: x\n---\n", "not that of an entry"),
        ("---\ntitle: x\ntemplate: y\nsubmission: {}\n---\n", "not that of an entry"),
        (
            "---\nuntrusted: true\nid: a\nadmin: 1\n---\n",
            "not that of an entry",
        ),
        (
            "---\nuntrusted: true\ntitle: x\nid: ../../etc/passwd\n---\n",
            "not one of ours",
        ),
        (
            "---\nuntrusted: true\ntitle: [x]\nid: '0'\n---\n",
            "Expected `str`",
        ),
        (
            '---\nuntrusted: true\nid: "x"\ncontent: "y"\n---\n',
            "not that of an entry",
        ),
        (
            '---\nuntrusted: true\ntitle: "x"\ntitle: "y"\n---\n',
            "title",
        ),
        ("---\ntitle: x\n", "not closed"),
        ("---\na: &a [x]\ntitle: *a\nsubmission: {}\n---\n", "entry"),
    ],
)
def test_a_file_that_is_no_entry_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadEntry, match=message):
        records.parse(text.encode())


@given(
    st.binary(max_size=300)
    | st.builds(
        lambda data, at, more: data[:at] + more + data[at:],
        st.just(records.dump(submission())),
        st.integers(0, 200),
        st.binary(min_size=1, max_size=20) | st.sampled_from([b"\n", b"&a ", b"---\n"]),
    )
)
def test_nothing_makes_the_reader_of_entries_stumble(data: bytes) -> None:
    try:
        found = records.parse(data)
    except BadEntry:
        return
    assert records.ID.fullmatch(found.id)
    assert records.parse(records.dump(found)) == found


def test_writing_is_taken_up_after_a_short_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:3]))
    folder = os.open(tmp_path, os.O_RDONLY)
    os.close(filesystem.write_new(folder, "x", b"1234567890"))
    os.close(folder)
    assert (tmp_path / "x").read_bytes() == b"1234567890"
