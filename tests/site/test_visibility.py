"""Which posts are shown, and when that changes."""

from pathlib import Path

import pytest

from sitegen.content.records import Moment
from sitegen.site.visibility import Shown
from tests.conftest import MakeSite, Run
from tests.surveys import NOW, md, post, survey


@pytest.fixture
def root(make_site: MakeSite) -> Path:
    """Gives a site with a draft, a future and an expired post."""
    return make_site(
        {
            "sitegen.toml": 'timezone = "Europe/Paris"\n',
            "content/posts/now.md": post("Now", date="2026-07-01T12:00:00Z"),
            "content/posts/draft.md": post("Draft", "draft: true"),
            "content/posts/later.md": post("Later", date="2026-12-01"),
            "content/posts/gone.md": post("Gone", "expires: 2026-07-01T12:00:00Z"),
            "content/posts/stays.md": post("Stays", "expires: 2026-07-01T12:00:01Z"),
        }
    )


def shown(root: Path, shown: Shown) -> list[str]:
    """Returns the titles of the posts that are shown, sorted."""
    return sorted(post.title for post in survey(root, shown=shown).site.leaves)


def test_only_published_posts_are_shown(root: Path) -> None:
    assert shown(root, Shown()) == ["Now", "Stays"]


def test_each_kind_can_be_shown_too(root: Path) -> None:
    assert shown(root, Shown(drafts=True)) == ["Draft", "Now", "Stays"]
    assert shown(root, Shown(future=True)) == ["Later", "Now", "Stays"]
    assert shown(root, Shown(expired=True)) == ["Gone", "Now", "Stays"]
    assert len(shown(root, Shown(True, True, True))) == 5


def test_what_waits_is_known_with_its_reason(root: Path) -> None:
    found = [
        (w.title, w.reason, w.moment and w.moment.at) for w in survey(root).waiting
    ]
    later = 1796079600  # midnight in Paris, not in Greenwich
    assert found == [
        ("Draft", "draft", None),
        ("Gone", "expired", NOW.at),
        ("Later", "future", later),
    ]


def test_the_next_change_is_known(root: Path) -> None:
    assert survey(root).due == NOW.at + 1
    assert survey(root, Moment(NOW.at + 1)).due == 1796079600
    assert survey(root, Moment(NOW.at + 1), Shown(future=True)).due is None
    assert survey(root, shown=Shown(expired=True)).due == 1796079600


def test_a_date_without_a_zone_is_in_the_site_s(make_site: MakeSite, run: Run) -> None:
    files = {"content/posts/a.md": post("A", date="2026-07-01 13:00")}
    utc = make_site(files, name="utc")
    tokyo = make_site(files | {"sitegen.toml": 'timezone = "Asia/Tokyo"\n'}, "tokyo")
    assert [w.id for w in survey(utc).waiting] == ["posts/a.md"]
    assert survey(tokyo).waiting == ()


def test_the_title_of_a_draft_is_taken_too(make_site: MakeSite) -> None:
    root = make_site(
        {
            "content/posts/a.md": post("Same", "draft: true"),
            "content/posts/b.md": md("title: Same", "date: 2027-01-01"),
        }
    )
    assert [problem.code for problem in survey(root).problems()] == ["title-duplicate"]
