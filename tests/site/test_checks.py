"""What is wrong with a site as a whole, and exactly where."""

from pathlib import Path

import pytest

from sitegen.site.visibility import Shown
from tests.conftest import MakeSite
from tests.surveys import md, place, post, problems_of, survey


def test_a_good_site_has_no_problem(make_site: MakeSite) -> None:
    body = """# Title

[a](b.md#heading) [top](#top) [self](#title) [text](#:~:text=x) [b](/posts/b/) [b](/posts/b)
[file](/paper.pdf) [feed](/feed.xml) [tags](/tags/) [page 1](/) ![x](pic/dot.png)
[section](/posts/) [css](/style.css) [out](https://example.net/) [mail](mailto:a@b.c)
<a id="own"></a> [own](#own) [host](//example.net/x) [raw](<../posts/b.md>)
[redirect](/old/) [redirect file](/old.html)
"""
    root = make_site(
        {
            "sitegen.toml": 'base_url = "https://example.org"\n',
            "content/posts/a.md": post("A", "tags: [x]", body=body),
            "content/posts/b.md": post(
                "B", "aliases: [/old/, /old.html]", body="## Heading"
            ),
            "content/posts/pic/index.md": post("Pic"),
            "content/posts/pic/dot.png": b"",
            "static/paper.pdf": b"",
        }
    )
    assert problems_of(root) == []


# titles


def test_titles_are_the_same_if_readers_see_the_same(make_site: MakeSite) -> None:
    root = make_site(
        {
            "content/posts/a.md": post("Café  au lait"),
            "content/posts/b.md": post("CAFE\u0301 AU LAIT", date="2026-01-02"),
            "content/posts/c.md": post(
                '"caf\\u00e9 au\\u200b lait"', date="2025-01-01"
            ),
            "content/posts/d.md": post("Cafe au lait"),
            "content/posts/_index.md": md("title: Cafe au lait"),
        }
    )
    assert problems_of(root) == [
        "content/posts/a.md:2:8 title-duplicate",
        "content/posts/b.md:2:8 title-duplicate",
    ]


def test_the_oldest_post_keeps_its_title(make_site: MakeSite) -> None:
    root = make_site(
        {
            "content/a.md": md("title: Same"),
            "content/b.md": post("Same", date="2026-01-02"),
            "content/c.md": "+++\ntitle = 'Same'\ndate = 2026-01-01\n+++\n",
        }
    )
    problems = survey(root).problems()
    assert [problem.location.path for problem in problems] == [
        "content/a.md",
        "content/b.md",
    ]
    assert all("content/c.md:2" in problem.message for problem in problems)
    assert [p.related[0].line for p in problems] == [2, 2]


@pytest.mark.parametrize(("scope", "count"), [("site", 2), ("section", 1), ("off", 0)])
def test_titles_are_unique_within_a_scope(
    make_site: MakeSite, scope: str, count: int
) -> None:
    root = make_site(
        {
            "sitegen.toml": f'[unique]\ntitle = "{scope}"\n',
            "content/a/x.md": md("title: Same"),
            "content/a/deep/y.md": md("title: Same"),
            "content/b/x.md": md("title: Same"),
        }
    )
    codes = [problem.code for problem in survey(root).problems()]
    assert codes == ["title-duplicate"] * count


# paths


def paths(make_site: MakeSite, files: dict[str, str]) -> list[str]:
    """Returns the problems of a site, with what they say."""
    found = survey(make_site(files)).problems()
    return [f"{place(problem)}: {problem.message}" for problem in found]


def test_one_slug_is_one_path(make_site: MakeSite) -> None:
    """C, C++ and C# are three titles and one slug."""
    found = paths(
        make_site,
        {
            "content/posts/2026-01-01-c.md": md("title: C"),
            "content/posts/c.md": post("C++"),
            "content/posts/other.md": post("C#", "slug: c"),
        },
    )
    assert found == [
        "content/posts/c.md:2:1 path-collision: posts/c/index.html is already written"
        " by content/posts/2026-01-01-c.md:2.",
        "content/posts/other.md:4:7 path-collision: posts/c/index.html is already"
        " written by content/posts/2026-01-01-c.md:2.",
    ]


@pytest.mark.parametrize(
    "files",
    [
        {"content/posts/A.md": post("A"), "content/posts/a.md": post("B")},
        {"content/a.md": md("title: A"), "static/a/index.html": ""},
        {"content/a.md": md("title: A"), "static/A/INDEX.html": ""},
        {"content/b/index.md": md("title: B"), "content/b/x.txt": "", "static/b/x.txt": ""},
        {"content/a.md": md("title: A", "permalink: /tags/"), "content/posts/b.md": post("B", "tags: [x]")},
        {"content/posts.md": md("title: A"), "content/posts/_index.md": md("title: B")},
        {"content/ä.md": md("title: A"), "content/b.md": md("title: B", "permalink: /Ä/")},
        {"static/a": "", "content/a.md": md("title: A")},
        {"content/a.md": md("title: A", "permalink: /x.html"), "content/b.md": md("title: B", "permalink: /x.html/y/")},
        {"content/posts/x.md": post("X", "tags: ['!!! a', a]"), "content/b.md": md("title: B", "permalink: /tags/a/")},
        {"content/a.md": md("title: A", "permalink: /style.css/"), "content/b.md": md("title: B")},
    ],
)  # fmt: skip
def test_two_files_cannot_be_written_to_one_path(
    make_site: MakeSite, files: dict[str, str]
) -> None:
    codes = {problem.code for problem in survey(make_site(files)).problems()}
    assert codes == {"path-collision"}


def test_terms_with_one_slug_collide(make_site: MakeSite) -> None:
    found = paths(
        make_site,
        {
            "content/posts/a.md": post("A", "tags: [x y]"),
            "content/posts/b.md": post("B", "tags: [one, x-y]", date="2026-01-02"),
        },
    )
    assert found == [
        "content/posts/b.md:4:13 path-collision: tags/x-y/index.html is already written"
        " by content/posts/a.md:4."
    ]


def test_a_page_may_stand_where_a_section_without_a_text_would(
    make_site: MakeSite,
) -> None:
    root = make_site(
        {"content/docs.md": md("title: Docs"), "content/docs/a.md": md("title: A")}
    )
    assert problems_of(root) == []


# aliases


def test_aliases_hit_neither_pages_nor_each_other(make_site: MakeSite) -> None:
    found = paths(
        make_site,
        {
            "content/posts/a.md": post("A", "aliases: [/posts/b/, /old/]"),
            "content/posts/b.md": post("B", "aliases:\n  - /posts/b/\n  - /Old/"),
            "content/posts/c.md": post("C", "aliases: /style.css/x/"),
        },
    )
    assert found == [
        "content/posts/a.md:4:11 alias-collision: The alias /posts/b/ is already an"
        " address: content/posts/b.md:2.",
        "content/posts/a.md:4:22 alias-collision: The alias /old/ is already another"
        " alias (as Old/index.html): content/posts/b.md:6.",
        "content/posts/b.md:5:5 alias-loop: The alias /posts/b/ is the page's own"
        " address.",
        "content/posts/c.md:4:10 alias-collision: style.css/x/index.html cannot be"
        " written beside style.css of the theme's static/style.css: style.css is a file,"
        " not a folder.",
    ]


# templates and dates


def test_templates_must_exist(make_site: MakeSite) -> None:
    found = survey(
        make_site(
            {
                "content/a.md": md("title: A", "template: wide.html"),
                "content/b.md": md("title: B", "layout: psot.html"),
                "content/c.md": md("title: C", "layout: post"),
                "content/d.md": md("title: D", "template: special/d.html"),
                "templates/special/d.html": "",
            }
        )
    ).problems()
    assert [(place(p), p.hint) for p in found] == [
        ("content/a.md:3:11 template-unknown", "Create it in templates/."),
        ("content/b.md:3:9 template-unknown", "Did you mean 'post.html'?"),
    ]


def test_posts_and_dated_addresses_need_a_date(make_site: MakeSite) -> None:
    root = make_site(
        {
            "sitegen.toml": 'permalinks.news = "/{year}/{slug}/"\n',
            "content/posts/a.md": md("title: A"),
            "content/posts/b.md": md("title: B", "draft: true"),
            "content/posts/2026-01-01-c.md": md("title: C"),
            "content/posts/d.md": md("title: D", "permalink: /2026/01/02/d/"),
            "content/news/e.md": md("title: E"),
            "content/news/f.md": md("title: F", "permalink: /f/"),
        }
    )
    assert problems_of(root) == [
        "content/news/e.md:2:8 permalink-date",
        "content/posts/a.md:2:8 date-missing",
    ]


# links


def links(make_site: MakeSite, body: str, **more: str) -> list[str]:
    """Returns the problems of one post's text."""
    files = {"content/posts/a.md": post("A", body=body), **more}
    return [p.removeprefix("content/posts/") for p in problems_of(make_site(files))]


@pytest.mark.parametrize("engine", ["commonmark", "markdown"])
def test_links_to_nothing_are_found_where_they_stand(
    make_site: MakeSite, engine: str
) -> None:
    body = """One [missing](gone.md) and [again](gone.md).

- é [there](/nowhere/), ![image](no.png)
- <img src="no.png" alt=""> [ref] <a href='gone.md'>x</a>

[ref]: ./gone%2Emd
"""
    make_site({"sitegen.toml": f'[markdown]\nengine = "{engine}"\n'})
    assert links(make_site, body) == [
        "a.md:5:5 link-missing",
        "a.md:5:28 link-missing",
        "a.md:7:5 link-missing",
        "a.md:7:25 image-missing",
        "a.md:8:13 image-missing",
        "a.md:8:29 link-missing",
        "a.md:8:44 link-missing",
        "a.md:10:1 link-missing",
    ]


def test_the_lines_are_right_whatever_the_front_matter(make_site: MakeSite) -> None:
    root = make_site(
        {
            "content/a.md": b"\xef\xbb\xbf+++\r\ntitle = 'A'\r\n\r\n+++\r\n\r\n[x](no.md)\r\n",
            "content/b.md": "Title: B\nTags: a\n b\n\n\n[x](no.md)\n",
            "content/c.md": "---\ntitle: C\n---\n\n\n\tcode\n\n> [x](no.md)\n",
        }
    )
    assert problems_of(root) == [
        "content/a.md:6:1 link-missing",
        "content/b.md:6:1 link-missing",
        "content/c.md:8:3 link-missing",
    ]


def test_anchors_must_exist_here_and_elsewhere(make_site: MakeSite) -> None:
    other = post("B", body='## Größe\n\n<p id="own">x</p>\n')
    body = """## Here

[1](#here) [2](#Here) [3](b.md#gr%C3%B6%C3%9Fe) [4](b.md#groesse) [5](/posts/b/#own)
[6](/posts/b#gone) [7](a.md#here) [8](/posts/#list)
"""
    found = links(make_site, body, **{"content/posts/b.md": other})
    assert found == [
        "a.md:7:12 anchor-missing",
        "a.md:7:49 anchor-missing",
        "a.md:8:1 anchor-missing",
    ]


def test_links_to_what_is_not_shown_say_so(make_site: MakeSite) -> None:
    root = make_site(
        {
            "content/posts/a.md": post("A", body="[d](d.md) [f](/posts/f.md)"),
            "content/posts/d.md": post("D", "draft: true"),
            "content/posts/f.md": post("F", date="2027-01-01"),
        }
    )
    found = [
        (problem.code, problem.location.column) for problem in survey(root).problems()
    ]
    assert found == [("link-unpublished", 1), ("link-unpublished", 11)]
    assert survey(root, shown=Shown(drafts=True, future=True)).problems() == []


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("b.md", "Did you mean 'content/docs/b.md'?"),
        ('{{ "/x/" | url }}', "Posts are not templates: write the address itself."),
        ("example.org/x", "Did you mean 'https://example.org/x'?"),
        ("example.md/x", "Mend the link, or create the page."),
    ],
)
def test_the_next_step_fits_the_mistake(
    make_site: MakeSite, target: str, hint: str
) -> None:
    root = make_site(
        {
            "content/posts/a.md": post("A", body=f"[x](<{target}>)"),
            "content/docs/b.md": md("title: B"),
        }
    )
    assert [problem.hint for problem in survey(root).problems()] == [hint]


def test_links_below_a_sub_path_are_checked_without_it(make_site: MakeSite) -> None:
    body = "[a](/posts/a/) [b](/blog/posts/a/) [c](/blog/gone/) [d](/gone/)"
    make_site({"sitegen.toml": 'base_url = "https://example.org/blog"'})
    assert links(make_site, body) == [
        "a.md:5:36 link-missing",
        "a.md:5:53 link-missing",
    ]


def test_the_queue_is_not_the_site_s_business(make_site: MakeSite) -> None:
    root = make_site(
        {
            "content/posts/a.md": post("A"),
            "content/queue/pending/x.md": "not a post",
            "content/posts/_new.md": "not a post either",
        }
    )
    assert problems_of(root) == []


def test_all_problems_of_all_files_come_at_once(make_site: MakeSite) -> None:
    root = make_site(
        {
            "sitegen.toml": "titel = 1\n",
            "content/a.md": md("title: [x]", "date: never"),
            "content/posts/b.md": md("title: B", body="[x](no.md)"),
        }
    )
    assert problems_of(root) == [
        "content/a.md:2:8 value-type",
        "content/a.md:3:7 date-unreadable",
        "content/posts/b.md:2:8 date-missing",
        "content/posts/b.md:4:1 link-missing",
        "sitegen.toml:1:1 config-unknown",
    ]


def test_places_are_known_even_when_a_file_is_gone(make_site: MakeSite) -> None:
    root = make_site({"content/a.md": md("title: A"), "content/b.md": md("title: A")})
    found = survey(root)
    assert found.posts
    for path in (root / "content").iterdir():
        path.unlink()
    problem = found.problems()[0]
    assert problem.location.path == "content/b.md"
    assert problem.location.line == 0
    assert found.places.of_references("a.md", ["x"]) == {}


def test_the_content_folder_may_have_another_name(make_site: MakeSite) -> None:
    files = {"sitegen.toml": '[paths]\ncontent = "pages/en"\n'}
    root = make_site(files | {"pages/en/a.md": md("title: A", body="[x](no.md)")})
    assert problems_of(root) == ["pages/en/a.md:4:1 link-missing"]


def test_a_folder_of_markdown_is_a_site(make_site: MakeSite) -> None:
    root = make_site({"a.md": md("title: A", body="[x](no.md)"), "sub/b.md": "no site"})
    assert problems_of(root) == ["a.md:4:1 link-missing"]
    assert survey(Path(root)).config.paths.content == "."
