"""What exists and in which order."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sitegen.config import Config
from sitegen.content.records import Moment, Post
from sitegen.site.model import KEPT, Site, SiteData, readable, term_slug
from tests.conftest import MakeSite
from tests.surveys import md, post, site_of


def titles(site: Site, ids: tuple[str, ...]) -> list[str]:
    """Returns the titles of some posts."""
    return [site.by_id[id].title for id in ids]


def test_sections_with_dates_hold_posts(make_site: MakeSite) -> None:
    site = site_of(
        make_site(
            {
                "content/posts/undated.md": md("title: Undated post"),
                "content/news/deep/a.md": post("Dated"),
                "content/news/b.md": md("title: Undated news"),
                "content/docs/c.md": md("title: Doc"),
                "content/about.md": md("title: About"),
            }
        )
    )
    assert site.dated == {
        "": False,
        "docs": False,
        "news": True,
        "news/deep": True,
        "posts": True,
    }
    assert titles(site, site.posts) == ["Dated", "Undated news", "Undated post"]
    assert titles(site, site.pages) == ["About", "Doc"]


def test_an_index_says_whether_a_section_is_dated(make_site: MakeSite) -> None:
    site = site_of(
        make_site(
            {
                "content/posts/_index.md": md("title: Posts", "dated: false"),
                "content/posts/a.md": post("A"),
                "content/posts/deep/b.md": post("B"),
                "content/docs/_index.md": md("title: Docs", "dated: true"),
                "content/docs/sub/c.md": md("title: C"),
                "content/docs/sub/no/_index.md": md("title: Not", "dated: false"),
                "content/docs/sub/no/d.md": post("D"),
            }
        )
    )
    assert titles(site, site.posts) == ["C"]
    assert titles(site, site.pages) == ["A", "B", "D"]


def test_a_dated_file_at_the_top_is_a_post(make_site: MakeSite) -> None:
    """The top folder says nothing about its files, unless its `_index.md` does."""
    files = {"content/a.md": post("A"), "content/b.md": md("title: B")}
    site = site_of(make_site(files))
    assert (site.posts, site.pages) == (("a.md",), ("b.md",))
    index = {"content/_index.md": md("title: Top", "dated: true")}
    assert site_of(make_site(index)).posts == ("a.md", "b.md")
    index = {"content/_index.md": md("title: Top", "dated: false")}
    assert site_of(make_site(index)).pages == ("a.md", "b.md")


def test_posts_are_newest_first_and_the_path_decides_a_tie(make_site: MakeSite) -> None:
    site = site_of(
        make_site(
            {
                "content/posts/b.md": post("B", date="2026-01-02"),
                "content/posts/a.md": post("A", date="2026-01-02"),
                "content/posts/late.md": post("Late", date="2026-01-02T00:00:01Z"),
                "content/posts/zone.md": post("Zone", date="2026-01-02T00:00:00+02:00"),
                "content/posts/none.md": md("title: None"),
            }
        )
    )
    assert titles(site, site.posts) == ["Late", "A", "B", "Zone", "None"]


def test_pages_are_by_weight_then_title(make_site: MakeSite) -> None:
    site = site_of(
        make_site(
            {
                "content/c.md": md("title: apple"),
                "content/b.md": md("title: Banana"),
                "content/a.md": md("title: Heavy", "weight: 1"),
                "content/d.md": md("title: Light", "weight: -1"),
            }
        )
    )
    assert titles(site, site.pages) == ["Light", "apple", "Banana", "Heavy"]


def test_a_section_can_choose_its_order(make_site: MakeSite) -> None:
    files = {
        "content/posts/b.md": post("B", "weight: 1", date="2026-01-03"),
        "content/posts/a.md": post("A", "weight: 3", date="2026-01-02"),
        "content/posts/c.md": post("C", "weight: 2", date="2026-01-01"),
    }

    def order(sort_by: str) -> list[str]:
        index = {"content/posts/_index.md": md("title: P", f"sort_by: {sort_by}")}
        site = site_of(make_site(files | index))
        return titles(site, site.sections["posts"].posts)

    assert order("date") == ["B", "A", "C"]
    assert order("weight") == ["B", "C", "A"]
    assert order("title") == ["A", "B", "C"]


def test_a_section_lists_posts_below_it_but_only_its_own_pages(
    make_site: MakeSite,
) -> None:
    site = site_of(
        make_site(
            {
                "content/posts/deep/er/a.md": post("A"),
                "content/docs/b.md": md("title: B"),
                "content/docs/deep/c.md": md("title: C"),
            }
        )
    )
    assert site.sections["posts"].posts == ("posts/deep/er/a.md",)
    assert site.sections["docs"].pages == ("docs/b.md",)
    assert site.sections["docs"].sections == ("docs/deep",)
    assert site.sections[""].sections == ("docs", "posts")
    assert site.sections[""].posts == ("posts/deep/er/a.md",)


def test_sections_are_by_weight_then_title(make_site: MakeSite) -> None:
    site = site_of(
        make_site(
            {
                "content/zoo/_index.md": md("title: A zoo"),
                "content/zoo/a.md": md("title: A"),
                "content/bar_foo/b.md": md("title: B"),
                "content/first/_index.md": md("title: Z", "weight: -1"),
                "content/first/c.md": md("title: C"),
            }
        )
    )
    assert site.sections[""].sections == ("first", "zoo", "bar_foo")
    assert site.sections["bar_foo"].title == "Bar foo"


def test_a_section_page_alone_makes_a_section(make_site: MakeSite) -> None:
    site = site_of(make_site({"content/empty/_index.md": md("title: Empty")}))
    assert list(site.sections) == ["", "empty"]
    assert site.leaves == ()


def test_neighbours_stay_within_the_top_level_section(make_site: MakeSite) -> None:
    site = site_of(
        make_site(
            {
                "content/posts/a.md": post("A", date="2026-01-01"),
                "content/posts/deep/b.md": post("B", date="2026-01-03"),
                "content/posts/c.md": post("C", date="2026-01-05"),
                "content/posts/_index.md": md("title: P", "sort_by: title"),
                "content/news/x.md": post("X", date="2026-01-02"),
                "content/posts/hidden.md": post("H", "unlisted: true"),
            }
        )
    )
    assert site.neighbours == {
        "posts/a.md": ("", "posts/deep/b.md"),
        "posts/deep/b.md": ("posts/a.md", "posts/c.md"),
        "posts/c.md": ("posts/deep/b.md", ""),
        "news/x.md": ("", ""),
    }


def test_pages_follow_one_another_in_reading_order(make_site: MakeSite) -> None:
    site = site_of(
        make_site(
            {
                "content/docs/b.md": md("title: B", "weight: 1"),
                "content/docs/a.md": md("title: A", "weight: 2"),
                "content/docs/sub/c.md": md("title: C"),
                "content/about.md": md("title: About"),
                "content/contact.md": md("title: Contact"),
            }
        )
    )
    assert site.neighbours == {
        "docs/b.md": ("", "docs/a.md"),
        "docs/a.md": ("docs/b.md", "docs/sub/c.md"),
        "docs/sub/c.md": ("docs/a.md", ""),
        "about.md": ("", "contact.md"),
        "contact.md": ("about.md", ""),
    }


def test_terms_are_told_apart_by_what_readers_see(make_site: MakeSite) -> None:
    site = site_of(
        make_site(
            {
                "content/posts/a.md": post("A", "tags: [C, C++, C#, Web]"),
                "content/posts/b.md": post("B", "tags: [c, web, 'web ']"),
                "content/posts/c.md": post("C", "tags: [web]"),
                "content/posts/d.md": post("D", "tags: [hidden]", "unlisted: true"),
                "content/page.md": md("title: Page", "tags: [page]"),
            }
        )
    )
    terms = site.taxonomies["tags"].values()
    found = [(term.name, term.path, len(term.posts)) for term in terms]
    assert found == [
        ("C", "/tags/c/", 2),
        ("C#", "/tags/c-sharp/", 1),
        ("C++", "/tags/c-plus-plus/", 1),
        ("web", "/tags/web/", 3),
    ]
    assert site.taxonomies["categories"] == {}


def test_terms_have_slugs_of_their_own() -> None:
    names = ("C", "C++", "C#", "F#", "A+", "Größe", "!!!")
    slugs = [term_slug(name) for name in names]
    assert slugs[:6] == ["c", "c-plus-plus", "c-sharp", "f-sharp", "a-plus", "größe"]
    assert slugs[6].startswith("x-")


def test_a_post_can_be_added_without_changing_the_site(make_site: MakeSite) -> None:
    root = make_site({"content/posts/a.md": post("A")})
    site = site_of(root)
    make_site({"content/posts/b.md": post("B", date="2026-05-01")})
    other = site_of(root)
    added = site.with_post(other.by_id["posts/b.md"])
    assert added.posts == ("posts/b.md", "posts/a.md")
    assert site.posts == ("posts/a.md",)
    assert added.updated == other.updated != site.updated


def test_folder_names_become_titles() -> None:
    assert readable("docs/how-to_pages") == "How to pages"
    assert readable("") == ""


def test_a_site_of_nothing_has_no_date(make_site: MakeSite) -> None:
    assert site_of(make_site({"content/a.md": md("title: A")})).updated is None


FIELDS_TO_CHANGE = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["A", "b", "Zed", "one"]),
        "summary": st.text(max_size=3),
        "updated": st.sampled_from([Moment(1), Moment(2_000_000_000)]),
        "date": st.sampled_from([None, Moment(1), Moment(1_900_000_000)]),
        "weight": st.integers(-1, 1),
        "unlisted": st.booleans(),
        "terms": st.sampled_from([{}, {"tags": ("x",)}, {"tags": ("X", "y")}]),
        "section": st.sampled_from(["posts", "docs", ""]),
        "sort_by": st.sampled_from(["", "title"]),
    },
)
"""Other values of some fields of a post."""


@given(st.lists(FIELDS_TO_CHANGE, min_size=4, max_size=4), st.booleans())
def test_a_renewed_site_equals_a_new_one(
    changes: list[dict[str, Any]], sorted_by_title: bool
) -> None:
    posts = (
        Post("_index.md", "Home", "", "", sort_by="title" if sorted_by_title else ""),
        Post("docs/a.md", "Docs", "docs", "a"),
        Post("posts/b.md", "First", "posts", "b", date=Moment(10)),
        Post("posts/c.md", "Second", "posts", "c", date=Moment(20)),
    )
    replace = msgspec.structs.replace
    changed = tuple(replace(p, **c) for p, c in zip(posts, changes, strict=True))
    old, new = (SiteData(Config(), each, {}, Moment(30)) for each in (posts, changed))
    site = Site(old)
    for name in KEPT:
        getattr(site, name)
    renewed, fresh = site.renewed(new), Site(new)
    assert {n: getattr(renewed, n) for n in KEPT} == {
        n: getattr(fresh, n) for n in KEPT
    }
