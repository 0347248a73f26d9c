"""Moderators decide: by the commands, on real repositories."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from sitegen.content.frontmatter import parse
from sitegen.markup.sanitize import render_untrusted
from sitegen.submissions import approval, child
from sitegen.submissions.child import _render as render
from sitegen.submissions.records import Submission, digest_sent, title_digest
from tests.conftest import CLOCK, MakeSite, Run
from tests.submissions.conftest import CONFIG, POST

pytestmark = pytest.mark.needs("git")

GIT = ["git", "-c", "user.name=Author", "-c", "user.email=author@example.org"]


@pytest.fixture
def site(make_site: MakeSite, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives a site in a repository whose Git knows nobody."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("EMAIL", "")
    root = make_site(
        {
            "sitegen.toml": CONFIG,
            "content/posts/first.md": POST,
            ".gitignore": "/output/\n/.sitegen/\n",
        }
    )
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    return root


def git(root: Path, *args: str) -> str:
    """Returns what Git prints in the site's repository."""
    done = subprocess.run([*GIT, *args], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def put(
    root: Path,
    number: int,
    title: str,
    content: str = "A text.",
    state: str = "pending",
    **more: Any,
) -> str:
    """Puts an entry into the queue; returns its id."""
    from sitegen.submissions.spool import NothingPublished, Outcome, open_spool

    id = f"{number:020x}"
    entry = Submission(
        id, title, content, CLOCK - 60, sent=digest_sent(title, content), **more
    )
    with open_spool(root / "content/queue") as spool:
        if state == "spam":
            assert spool.add_spam(entry) is Outcome.STORED
        else:
            assert spool.add(entry, NothingPublished()) is Outcome.STORED
            if state != "pending":
                spool.move(id, "pending", state)
                spool.free_title(id, title)
    return id


def state_of(root: Path, id: str) -> list[str]:
    """Returns every name of the queue that belongs to an entry, but the way back."""
    queue = root / "content/queue"
    found = [path for path in queue.rglob("*") if id in path.name]
    named = [path for path in found if path.parent.name != "undo"]
    titles = [path for path in (queue / "titles").iterdir() if os.readlink(path) == id]
    return sorted(path.parent.name for path in (*named, *titles))


# Looking


def test_entries_are_listed_newest_first(run: Run, site: Path) -> None:
    put(site, 1, "One", author="Jane")
    put(site, 2, "Two", state="spam", flags=("trap",))
    result = run("queue", "list", root=site)
    assert result.exit_code == 0
    assert result.stdout == "00000000  2026-07-01 11:59 UTC  One by Jane\n"
    result = run("queue", "list", "--state", "all", "--format", "json", root=site)
    entries = json.loads(result.stdout)["entries"]
    assert [(e["title"], e["state"], e["flags"]) for e in entries] == [
        ("One", "pending", []),
        ("Two", "spam", ["trap"]),
    ]
    assert entries[0]["received_at"] == "2026-07-01T11:59:00+00:00"


def test_what_is_shown_cannot_steer_a_terminal(run: Run, site: Path) -> None:
    id = put(
        site,
        1,
        "A title",
        "\x9b31m red\n\x85next \u202e back",
        author="J\u200b",
        extra={"note": "a\nstate: forged"},
    )
    result = run("queue", "show", id, root=site)
    assert result.exit_code == 0
    assert not any(
        ord(c) < 32 and c != "\n" or 127 <= ord(c) < 160 for c in result.stdout
    )
    assert "\u202e" not in result.stdout and "\n  state: forged" in result.stdout
    whole = json.loads(run("queue", "show", id, "--format", "json", root=site).stdout)
    assert whole["entries"][0]["content"].startswith("\x9b31m red")


def test_ids_are_given_by_their_first_characters(run: Run, site: Path) -> None:
    put(site, 1, "One")
    put(site, 2, "Two")
    several = run("queue", "show", "000", root=site)
    assert several.exit_code == 1 and "begins several ids" in several.stderr
    nothing = run("queue", "show", "\x1b[31m", root=site)
    assert nothing.exit_code == 1 and "\x1b[31m'" not in nothing.stderr.replace(
        "\x1b[31m\x1b[1m", ""
    )
    assert "One" in run("queue", "show", f"{1:020x}", root=site).stdout


def test_an_unreadable_entry_is_named(run: Run, site: Path) -> None:
    id = put(site, 1, "One")
    (site / f"content/queue/pending/{id}.md").write_text("---\ntitle: x\n---\n")
    assert run("queue", "list", root=site).stdout == ""
    result = run("queue", "show", id, root=site)
    assert result.exit_code == 1 and "not that of an entry" in result.stderr


def test_a_site_without_the_table_has_no_queue(run: Run, make_site: MakeSite) -> None:
    root = make_site({"content/a.md": POST})
    result = run("queue", "list", root=root)
    assert result.exit_code == 1 and "takes no submissions" in result.stderr
    assert not (root / "content/queue").exists()


# Approving


def test_an_approved_entry_is_a_post_in_a_commit(run: Run, site: Path) -> None:
    id = put(
        site,
        1,
        "Grüße & <b>",
        "Some *text*.",
        author="Jane Doe",
        email="jane@example.org",
    )
    result = run("queue", "approve", id[:20], "--format", "json", root=site)
    assert result.exit_code == 0, result.stderr
    (done,) = json.loads(result.stdout)["entries"]
    assert (done["path"], done["url"]) == (
        "content/posts/grüße-b.md",
        "/posts/gr%C3%BC%C3%9Fe-b/",
    )
    assert "no hook was run" in result.stderr
    data = (site / done["path"]).read_bytes()
    front, _ = parse(data, "x")
    assert front.fields["submission"] == {"id": id} and "jane@" not in data.decode()
    assert front.fields["author"] == "Jane Doe" and data.endswith(b"Some *text*.\n")
    log = git(site, "log", "-1", "--format=%H|%an|%ae|%cn|%ce|%s", "--name-status")
    head, _, files = log.strip().partition("\n\n")
    assert (
        head
        == f"{done['commit']}|Jane Doe|{id}@submissions.invalid|sitegen|sitegen@localhost|approve {id}"
    )
    assert files.startswith("A\t") and files.count("\n") == 0
    assert git(site, "status", "--porcelain") == ""
    assert state_of(site, id) == []
    assert "/posts/gr%C3%BC%C3%9Fe-b/" in (
        site / ".sitegen/titles"
    ).read_bytes().decode("utf-8", "replace")


def test_other_work_is_left_as_it_is(run: Run, site: Path) -> None:
    (site / "staged.txt").write_text("staged")
    git(site, "add", "staged.txt")
    (site / "content/posts/first.md").write_text(POST + "edited\n")
    before = git(site, "status", "--porcelain")
    assert run("queue", "approve", put(site, 1, "One"), root=site).exit_code == 0
    assert git(site, "status", "--porcelain") == before
    assert git(site, "show", "--name-only", "--format=") == "content/posts/one.md\n"
    git(site, "commit", "-qm", "the author's next")
    assert (site / "content/posts/one.md").exists()
    assert "content/posts/one.md" in git(site, "ls-tree", "-r", "--name-only", "HEAD")


def test_it_works_with_a_detached_head(run: Run, site: Path) -> None:
    git(site, "checkout", "-q", "--detach")
    assert run("queue", "approve", put(site, 1, "One"), root=site).exit_code == 0
    assert git(site, "log", "-1", "--format=%s").startswith("approve ")


def test_it_works_without_a_repository(run: Run, make_site: MakeSite) -> None:
    root = make_site({"sitegen.toml": CONFIG, "content/posts/first.md": POST})
    id = put(root, 1, "One")
    result = run(
        "queue",
        "approve",
        id,
        root=root,
        env={"GIT_CEILING_DIRECTORIES": str(root.parent)},
    )
    assert result.exit_code == 0 and (root / "content/posts/one.md").is_file()
    assert "commit" not in result.stderr


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("", "Visitor"),
        ("<>", "Visitor"),
        ("...", "Visitor"),
        ("A <root@example.org>", "A root@example.org"),
        ("--author=x", "--author=x"),
    ],
)
def test_a_visitor_cannot_forge_an_author(
    run: Run, site: Path, author: str, name: str
) -> None:
    id = put(site, 1, "One", author=author)
    assert run("queue", "approve", id, root=site).exit_code == 0
    assert (
        git(site, "log", "-1", "--format=%an|%ae")
        == f"{name}|{id}@submissions.invalid\n"
    )


def test_titles_that_look_like_options_are_titles(run: Run, site: Path) -> None:
    ids = [
        put(site, n, title)
        for n, title in enumerate(
            [
                "--help",
                "-rf /",
                "../../etc/passwd",
                "$(id)",
                "%s %n",
                ".git",
                "index",
                "CON",
            ]
        )
    ]
    assert run("queue", "approve", *ids, root=site).exit_code == 0
    names = sorted(path.name for path in (site / "content/posts").iterdir())
    assert names == sorted(
        [
            "help.md",
            "rf.md",
            "etc-passwd.md",
            "id.md",
            "s-n.md",
            "git.md",
            "index-2.md",
            "con-2.md",
            "first.md",
        ]
    )
    assert {
        s.split()[0] for s in git(site, "log", "-8", "--format=%s").splitlines()
    } == {"approve"}


def test_the_committer_is_gits_own(run: Run, site: Path) -> None:
    git(site, "config", "user.name", "Mod")
    git(site, "config", "user.email", "mod@example.org")
    run("queue", "approve", put(site, 1, "One"), root=site)
    assert git(site, "log", "-1", "--format=%cn %ce") == "Mod mod@example.org\n"


def test_hooks_are_not_run(run: Run, site: Path) -> None:
    for hook in ("pre-commit", "commit-msg", "post-commit", "prepare-commit-msg"):
        path = site / ".git/hooks" / hook
        path.write_text(f"#!/bin/sh\ntouch {site}/ran\nexit 1\n")
        path.chmod(0o755)
    assert run("queue", "approve", put(site, 1, "One"), root=site).exit_code == 0
    assert not (site / "ran").exists()
    assert "No hook" in git(site, "log", "-1", "--format=%b")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes approvals wait no longer than a moment."""
    monkeypatch.setattr(approval, "LOCK_SECONDS", 0.1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "held", ["index.lock", "MERGE_HEAD", "rebase-merge/done", "refs/heads/main.lock"]
)
def test_a_busy_repository_puts_the_approval_off(
    run: Run, site: Path, held: str
) -> None:
    id = put(site, 1, "One")
    lock = site / ".git" / held
    lock.parent.mkdir(exist_ok=True)
    lock.write_text(git(site, "rev-parse", "HEAD"))
    result = run("queue", "approve", id, root=site)
    assert result.exit_code == 1 and "busy" in result.stderr
    assert state_of(site, id) == ["pending", "titles"]
    assert not (site / "content/posts/one.md").exists()
    assert list((site / "content/posts").iterdir()) == [site / "content/posts/first.md"]
    lock.unlink()
    if lock.parent.name == "rebase-merge":
        lock.parent.rmdir()
    assert git(site, "status", "--porcelain") == ""
    assert run("queue", "approve", id, root=site).exit_code == 0


def test_a_commit_that_fails_takes_the_file_back(run: Run, site: Path) -> None:
    id = put(site, 1, "One")
    (site / ".gitignore").write_text("/content/posts/one.md\n")
    result = run("queue", "approve", id, root=site)
    assert result.exit_code == 1 and "ignored" in result.stderr
    assert state_of(site, id) == ["pending", "titles"]
    assert not (site / "content/posts/one.md").exists()


def test_a_name_that_is_taken_gets_a_number(run: Run, site: Path) -> None:
    (site / "content/posts/c").mkdir()
    ids = [
        put(site, n, title)
        for n, title in enumerate(["C", "C++", "C#", "2026-01-02 First"])
    ]
    assert run("queue", "approve", *ids, root=site).exit_code == 0
    names = {path.name for path in (site / "content/posts").iterdir()}
    assert names == {
        "first.md",
        "c",
        "c-2.md",
        "c-3.md",
        "c-4.md",
        "2026-01-02-first-2.md",
    }
    assert run("build", root=site).exit_code == 0


def test_a_title_that_was_published_meanwhile_is_refused(run: Run, site: Path) -> None:
    id = put(site, 1, "One")
    (site / "content/posts/other.md").write_text(POST.replace("First post", "ONE"))
    result = run("queue", "approve", id, root=site)
    assert result.exit_code == 1 and "taken by /posts/other/" in result.stderr
    assert state_of(site, id) == ["pending", "titles"]


def test_an_error_of_the_site_is_refused_and_named(run: Run, site: Path) -> None:
    alias = POST.replace("First post", "Old").replace(
        "date", "aliases: [/posts/one/]\ndate"
    )
    (site / "content/posts/old.md").write_text(alias)
    id = put(site, 1, "One")
    result = run("queue", "approve", id, root=site)
    assert result.exit_code == 1 and "alias-collision" in result.stderr
    assert not (site / "content/posts/one.md").exists()


def test_a_broken_link_is_named(run: Run, site: Path) -> None:
    result = run("queue", "approve", put(site, 1, "One", "[x](nowhere.md)"), root=site)
    assert result.exit_code == 0 and "link-missing" in result.stderr


def test_errors_elsewhere_do_not_stop_an_approval(run: Run, site: Path) -> None:
    (site / "content/posts/bad.md").write_text("---\ntitle: [\n---\n")
    assert run("queue", "approve", put(site, 1, "One"), root=site).exit_code == 0


def test_what_takes_too_long_to_render_cannot_be_approved(
    run: Run, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "sitegen.toml").write_text(CONFIG + "render_seconds = 1\n")
    monkeypatch.setattr(child, "_render", _sleep)
    id = put(site, 1, "One")
    result = run("queue", "approve", id, root=site)
    assert result.exit_code == 1 and "more than 1 seconds" in result.stderr
    assert state_of(site, id) == ["pending", "titles"]


def _sleep(*_: object) -> None:
    import time

    time.sleep(60)


def test_what_a_template_may_take_for_markdown_is_rendered_first_as_well(
    run: Run, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = '[[submissions.fields]]\nname = "city"\n'
    (site / "sitegen.toml").write_text(CONFIG + city)
    quick = put(site, 1, "One", extra={"city": "A quick city"})
    assert run("queue", "approve", quick, root=site).exit_code == 0
    monkeypatch.setattr(child, "_render", _sleep_at_slow_fields)
    (site / "sitegen.toml").write_text(CONFIG + "render_seconds = 1\n" + city)
    slow = put(site, 2, "Two", extra={"city": "A slow city"})
    result = run("queue", "approve", slow, root=site)
    assert result.exit_code == 1 and "more than 1 seconds" in result.stderr


def _sleep_at_slow_fields(
    text: str, hosts: tuple[str, ...], fields: tuple[str, ...]
) -> bytes:
    # By a top-level name, since a process that is not forked looks for it by that.
    if "A slow city" in fields:
        _sleep()
    return render(text, hosts, fields)


def test_each_field_is_rendered_with_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = []

    def noted(text: str, hosts: tuple[str, ...]) -> object:
        rendered.append(text)
        return render_untrusted(text, hosts)

    monkeypatch.setattr(child, "render_untrusted", noted)
    render("a text", (), ("a city", "a street"))
    assert sorted(rendered) == ["a city", "a street", "a text"]


def test_a_renderer_that_dies_is_an_error(
    run: Run, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "_render", os._exit)
    result = run("queue", "preview", put(site, 1, "One"), root=site)
    assert result.exit_code == 1 and "cannot be rendered" in result.stderr


def test_only_what_waits_is_approved(run: Run, site: Path) -> None:
    result = run("queue", "approve", put(site, 1, "One", state="spam"), root=site)
    assert result.exit_code == 1 and "queue restore" in result.stderr


def test_what_was_published_before_leaves_the_queue(run: Run, site: Path) -> None:
    id = put(site, 1, "One")
    assert run("queue", "approve", id, root=site).exit_code == 0
    from sitegen.submissions.records import dump

    entry = Submission(id, "One", "x", CLOCK)
    (site / f"content/queue/pending/{id}.md").write_bytes(dump(entry))
    result = run("queue", "approve", id, root=site)
    assert (
        result.exit_code == 1 and "has been published at /posts/one/" in result.stderr
    )
    assert state_of(site, id) == []


# Preview


WITH_HISTORY = """{% extends "base.html" %}
{% block content %}{{ post.title }} {{ post.content }} {{ post.toc }}
{{ post.contributors|join(", ") }}, {{ post.updated }}, {{ site.updated }}
{{ post.source_url }}{% endblock %}"""


@pytest.mark.parametrize(
    ("where", "author"),
    [("in a repository", "J"), ("in a repository", "<>"), ("outside", "J")],
)
def test_a_preview_is_the_page_that_will_be_published(
    where: str,
    author: str,
    run: Run,
    site: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The page shows its commit as well, which is yet to come."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setenv(name, f"@{CLOCK} +0000")
    (site / "templates").mkdir()
    (site / "templates/post.html").write_text(WITH_HISTORY)
    if where == "outside":
        shutil.rmtree(site / ".git")
    text = (
        "# Head\n\nx<script>x</script> [l](#head) ![i](http://evil.org/x.png)\n\n"
        "```python\nx\n```"
    )
    id = put(site, 1, "One", text, author=author)
    shown = tmp_path / "preview.html"
    assert run("queue", "preview", id, "-o", shown, root=site).exit_code == 0
    printed = run("queue", "preview", id, root=site).stdout
    assert printed.encode() == shown.read_bytes() + b"\n"
    assert not (site / "content/posts/one.md").exists()
    assert run("queue", "approve", id, root=site).exit_code == 0
    assert run("build", root=site).exit_code == 0
    page = shown.read_bytes()
    assert (site / "output/posts/one/index.html").read_bytes() == page
    assert b"http://evil.org" not in page and b"<script>x" not in page
    told = "" if where == "outside" else "J" if author == "J" else "Visitor"
    assert f"\n{told}, 2026-" in page.decode()


def test_a_preview_with_a_broken_template_names_it(run: Run, site: Path) -> None:
    (site / "templates").mkdir()
    (site / "templates/post.html").write_text("{{ nothing }}")
    result = run("queue", "preview", put(site, 1, "One"), root=site)
    assert result.exit_code == 1 and "templates/post.html:1" in result.stderr


# Rejecting, spam, restoring


def test_a_rejected_entry_frees_its_title_and_can_come_back(
    run: Run, site: Path
) -> None:
    id = put(site, 1, "One")
    assert (
        run("queue", "reject", id, "--reason", "an advertisement", root=site).exit_code
        == 0
    )
    assert state_of(site, id) == ["rejected"]
    assert "reason: an advertisement" in run("queue", "show", id, root=site).stdout
    other = put(site, 2, "one")
    taken = run("queue", "restore", id, root=site)
    assert taken.exit_code == 1 and other in taken.stderr
    run("queue", "spam", other, root=site)
    assert run("queue", "restore", id, root=site).exit_code == 0
    assert state_of(site, id) == ["pending", "titles"]
    assert run("queue", "restore", id, root=site).exit_code == 0
    run("queue", "approve", id, root=site)
    published = run("queue", "restore", other, root=site)
    assert published.exit_code == 1 and "taken by /posts/one/" in published.stderr


def test_an_erased_entry_leaves_nothing_but_that_it_was_declined(
    run: Run, site: Path
) -> None:
    id = put(site, 1, "One", email="jane@example.org")
    queue = site / "content/queue"
    (queue / f"tmp/{id}.123").write_text("jane@example.org")
    for name in (f"outbox/letter.{id}", f"undo/{id}"):
        (queue / "private" / name).write_text("jane@example.org")
    assert run("queue", "reject", id, "--erase", root=site).exit_code == 0
    assert state_of(site, id) == ["declined"]
    assert (queue / "private/declined" / id).read_bytes() == b""
    texts = [path.read_bytes() for path in queue.rglob("*") if path.is_file()]
    assert not any(b"jane@example.org" in text for text in texts)


def test_rejected_entries_are_purged_after_thirty_days(run: Run, site: Path) -> None:
    id = put(site, 1, "One")
    run("queue", "reject", id, root=site)
    other = put(site, 2, "Two")
    later = {"SOURCE_DATE_EPOCH": str(CLOCK + 31 * 24 * 3600)}
    run(
        "queue",
        "spam",
        other,
        root=site,
        env={"SOURCE_DATE_EPOCH": str(CLOCK + 29 * 24 * 3600)},
    )
    assert state_of(site, id) == ["rejected"]
    run("queue", "restore", other, root=site, env=later)
    assert state_of(site, id) == ["declined"]


def test_several_are_decided_at_once_and_failures_are_said(
    run: Run, site: Path
) -> None:
    ids = [put(site, 1, "One"), put(site, 2, "First post"), put(site, 3, "Three")]
    result = run("queue", "approve", *ids, "--format", "json", root=site)
    assert result.exit_code == 1 and "taken by /posts/first/" in result.stderr
    assert [e["id"] for e in json.loads(result.stdout)["entries"]] == [ids[0], ids[2]]


# Editing


def editor(site: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    """Makes $EDITOR replace a text."""
    script = site.parent / "editor"
    script.write_text(
        f"#!/usr/bin/env python3\nimport sys, pathlib\np = pathlib.Path(sys.argv[1])\np.write_text(p.read_text().replace({old!r}, {new!r}))\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(script))
    monkeypatch.setenv("EDITOR", str(script))


def test_an_edited_entry_holds_its_new_title(
    run: Run, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = put(site, 1, "One", author="Jane", email="j@example.org")
    editor(site, monkeypatch, "One", "Two 2")
    assert run("queue", "edit", id, root=site).exit_code == 0
    titles = [path.name for path in (site / "content/queue/titles").iterdir()]
    assert titles == [title_digest("two 2")]
    shown = run("queue", "show", id, root=site).stdout
    assert "title: Two 2" in shown and "author: Jane" in shown
    editor(site, monkeypatch, "nothing", "")
    assert "Nothing was changed" in run("queue", "edit", id, root=site).stderr


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("One", "First post", "taken by /posts/first/"),
        ("One", "Other", "taken by the entry"),
        ("title: One", "title: ''", "Please give it a title"),
        ("title: One", "title: One\ntemplate: x.html", "no such field: template"),
        ("title: One", "title: [", "yaml"),
        ("A text.", "a\x0bb", "U+000B"),
    ],
)
def test_an_edit_is_checked_again(
    run: Run,
    site: Path,
    monkeypatch: pytest.MonkeyPatch,
    old: str,
    new: str,
    words: str,
) -> None:
    id = put(site, 1, "One")
    put(site, 2, "Other")
    editor(site, monkeypatch, old, new)
    result = run("queue", "edit", id, root=site, input="n\n")
    assert result.exit_code == 1 and words in result.stderr
    assert state_of(site, id) == ["pending", "titles"]
    assert "title: One" in run("queue", "show", id, root=site).stdout


# The whole story


def test_the_whole_story(run: Run, site: Path) -> None:
    from werkzeug.test import Client

    from sitegen.config import load
    from sitegen.submissions import create_app
    from tests.submissions.conftest import token_in

    assert run("build", root=site).exit_code == 0
    client = Client(create_app(load(site)[0], site))
    form = client.get("/submit/").text
    assert "cannot be sent in here" not in form and "My blog" in form
    assert "cannot be sent in here" in (site / "output/submit/index.html").read_text()
    refused = client.post(
        "/submit/",
        data={"title": "My own post", "content": "Hello **there**", "name": "Jane"},
    )
    answer = client.post(
        "/submit/",
        data={
            "title": "My own post",
            "content": "Hello **there**",
            "name": "Jane",
            "token": token_in(refused.text),
        },
    )
    assert answer.status_code == 303
    receipt = answer.headers["Location"]
    assert "waits for a moderator" in client.get(receipt).text
    (entry,) = json.loads(run("queue", "list", "--format", "json", root=site).stdout)[
        "entries"
    ]
    assert run("queue", "approve", entry["id"][:6], root=site).exit_code == 0
    assert git(site, "log", "-1", "--format=%s %an") == f"approve {entry['id']} Jane\n"
    assert run("build", root=site).exit_code == 0
    assert (
        "<strong>there</strong>"
        in (site / "output/posts/my-own-post/index.html").read_text()
    )
    assert '<a href="/posts/my-own-post/">' in client.get(receipt).text
    again = client.post(
        "/submit/",
        data={
            "title": "My own post",
            "content": "Hello **there**",
            "name": "Jane",
            "token": token_in(refused.text),
        },
    )
    assert again.headers["Location"] == receipt
