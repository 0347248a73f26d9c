"""`sitegen init` and `sitegen new`."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from sitegen.build.survey import Asked, Survey
from sitegen.cli.site import asked as ask
from sitegen.cli.site import clock_moment
from sitegen.cli.terminal import say, tell
from sitegen.config import Config
from sitegen.problems import ProblemsFound, SitegenError, printable

CONFIG = """\
title = {title}
# base_url = "https://example.org"   # feed, sitemap and canonical links need it
# description = ""
# author = ""
language = "en"
timezone = "UTC"

[markdown]
engine = "commonmark"
"""

FIRST_POST = """\
This is the first post of your site. Edit it in `{path}`, or write another:

```sh
sitegen new "My second post"
```

<!-- more -->

What stands above the line `<!-- more -->` is the summary in lists.
"""

IGNORED = """\
# What sitegen makes; it can be made again at any time.
/output/
/.sitegen/
.*.sitegen-tmp
"""


@click.command()
@click.argument("folder", default=".", type=click.Path(file_okay=False))
@click.pass_obj
def init(obj: tuple[str, str], folder: str) -> None:
    """Starts a site: a configuration, a first post, a Git repository.

    Nothing that exists is overwritten.

    \b
    Examples:
      sitegen init
      sitegen init blog
    """
    root = Path(obj[0], folder)
    if (root / "sitegen.toml").exists():
        message = f"There is a site in {root} already."
        raise SitegenError(message, "Write a post with: sitegen new TITLE")
    root.mkdir(parents=True, exist_ok=True)
    for path, text in starter_files(root).items():
        _create(root / path, text)
    _create(root / ".gitignore", IGNORED)
    made = start_repository(root)
    where = "" if folder == "." else f" -C {folder}"
    say(f"A site in {root}" + (", with a Git repository." if made else "."))
    say(f"Build it with: sitegen{where} build")


def start_repository(root: Path) -> bool:
    """Makes a Git repository unless there is one; returns whether it did."""
    from sitegen import git

    if git.find(root) is not None:
        return False
    try:
        git.init(root)
    except SitegenError as failure:
        say(f"No Git repository was made: {failure.message}")
        return False
    return True


def starter_files(root: Path) -> dict[str, str]:
    """Returns the files of a new site, by path."""
    import json

    name = root.resolve().name.replace("-", " ").replace("_", " ").strip()
    title = json.dumps((name[:1].upper() + name[1:]) or "My site", ensure_ascii=False)
    files = {"sitegen.toml": CONFIG.format(title=title)}
    content = root / "content"
    if not content.is_dir() or not any(content.rglob("*.md")):
        path = "content/posts/hello-world.md"
        today = clock_moment(Config(), None).datetime()
        files[path] = post_text(
            {"title": "Hello, world", "date": today.date(), "tags": ["hello"]},
            "\n" + FIRST_POST.format(path=path),
        )
    return files


def post_text(fields: dict[str, Any], body: str) -> str:
    """Returns the text of a content file."""
    from sitegen.content.frontmatter import dump

    return dump(fields, body)


def _create(path: Path, text: str) -> None:
    """Writes a new file; an existing one stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(path, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        say(f"{path} exists and stays as it is.")
    else:
        say(f"{path}")


@click.command()
@click.argument("title")
@click.option(
    "--section",
    default="posts",
    metavar="NAME",
    help="The section to write in.  [default: posts]",
)
@click.option("--tag", "tags", multiple=True, help="A tag; may be given many times.")
@click.option("--draft", is_flag=True, help="Mark it as a draft.")
@click.option("--date", metavar="TIME", help="Its date.  [default: now]")
@click.option("--edit", is_flag=True, help="Open it in $EDITOR.")
@click.option("--branch", is_flag=True, help="Start the branch post/SLUG for it.")
@click.option("--commit", is_flag=True, help="Commit it.")
@click.pass_obj
def new(
    obj: tuple[str, str],
    title: str,
    section: str,
    tags: tuple[str, ...],
    draft: bool,
    date: str | None,
    edit: bool,
    branch: bool,
    commit: bool,
) -> None:
    """Writes the first lines of a new post and prints its path.

    A title that another post has is refused before anything is created. A section's
    _new.md, if there is one, is what its new posts begin with. Where the site's author
    is somebody else, the post names who Git says you are.

    \b
    Examples:
      sitegen new "Hello"
      sitegen new "About us" --section pages --draft --edit
    """
    from sitegen.cli.check import survey

    asked = ask(obj)
    _check_title(title)
    section = _checked_section(section)
    found = survey(asked)
    _refuse_taken(found, title, section)
    path = free_path(asked, section, title)
    when = _moment(asked, date)
    text = new_text(asked, section, post_fields(title, when, tags, draft))
    if branch:
        _start_branch(asked, path.stem)
    _create_post(asked.root / path, text)
    if path.stem != _plain_stem(title):
        say(f"{_plain_stem(title)}.md exists already, so the name is {path.name}.")
    tell(str(asked.root / path) if str(asked.root) != "." else str(path))
    if edit:
        click.edit(filename=str(asked.root / path))
    if commit:
        _commit_new(asked, path, title)


def _start_branch(asked: Asked, stem: str) -> None:
    from sitegen import git
    from sitegen.build.publishing import BRANCH

    repository = git.require(asked.root)
    if not git.head(repository):
        message = "There is no commit yet that a branch could start from."
        raise SitegenError(message, "Make one: git add . && git commit")
    git.start_branch(repository, f"{BRANCH}{stem}")
    say(f"On the new branch {BRANCH}{stem}.")


def _commit_new(asked: Asked, path: Path, title: str) -> None:
    from sitegen import git

    repository = git.require(asked.root)
    done = git.commit_path(repository, path.as_posix(), f"Add {title}")
    say(f"Committed {path} as {done[:10]}." if done else f"{path} is committed.")


def new_text(asked: Asked, section: str, fields: dict[str, Any]) -> bytes:
    """Returns what a new post begins with: its section's `_new.md`, or its fields.

    A template decides what a post has besides its title; a date is filled in where the
    template has one, and who writes where the template leaves that open.
    """
    template = _template(asked, section)
    if template is None:
        name = asked.config.author and _writer(asked)
        signed = {"author": name} if name not in ("", asked.config.author) else {}
        return post_text({**fields, **signed}, "\n").encode()
    from sitegen.content.edit import edit as edited
    from sitegen.content.frontmatter import parse

    front, problems = parse(template.read_bytes(), str(template))
    if problems:
        raise ProblemsFound(problems)
    own = front.fields
    spelled = {key.lower(): key for key in own}
    if own and "date" not in spelled:
        del fields["date"]
    if "author" in spelled and not own[spelled["author"]]:
        fields["author"] = _writer(asked)
    if "tags" in fields and isinstance(own.get("tags"), list):
        fields["tags"] = list(dict.fromkeys([*own["tags"], *fields["tags"]]))
    named = {spelled.get(key, key): value for key, value in fields.items()}
    return edited(template.read_bytes(), named)


def _writer(asked: Asked) -> str:
    """Returns the name of who Git says is writing; "" if it does not know."""
    from sitegen import git

    repository = git.find(asked.root)
    person = git.identity(repository) if repository else None
    return person.name if person else ""


def _template(asked: Asked, section: str) -> Path | None:
    """Returns the nearest `_new.md`, in the section or above it."""
    content = asked.root / asked.config.paths.content
    folder = content / section
    for place in (folder, *folder.parents):
        if (place / "_new.md").is_file():
            return place / "_new.md"
        if place == content:
            break
    return None


def _check_title(title: str) -> None:
    from sitegen.content.titles import check_title

    fault = check_title(title)
    if fault:
        raise SitegenError(fault.message, fault.hint)


def _checked_section(section: str) -> str:
    from sitegen.content.slugs import slugify

    parts = [part for part in section.strip("/").split("/") if part]
    for part in parts:
        if part.startswith((".", "_")) or part in ("..", "queue") or "\\" in part:
            message = f"'{printable(part)}' cannot be a section."
            raise SitegenError(message, f"Try --section {slugify(part)}.")
    return "/".join(parts)


def _refuse_taken(found: Survey, title: str, section: str) -> None:
    from sitegen.content.titles import title_key

    scope = found.config.unique.title
    if scope == "off":
        return
    key, top = title_key(title), section.partition("/")[0]
    for post in found.posts:
        if post.is_section or title_key(post.title) != key:
            continue
        if scope == "site" or post.section.partition("/")[0] == top:
            place = found.places.of_key(post.id, "title")
            message = f'The title "{title}" is taken by {place.path}:{place.line}.'
            raise SitegenError(message, "Choose another title.")


def _plain_stem(title: str) -> str:
    from sitegen.content.slugs import slugify

    return slugify(title)


def free_path(asked: Asked, section: str, title: str) -> Path:
    """Returns the path for a new post, with `-2`, `-3` where a name is taken."""
    folder = Path(asked.config.paths.content, section)
    stem, number = _plain_stem(title), 1
    while True:
        name = stem if number == 1 else f"{stem}-{number}"
        path = folder / f"{name}.md"
        bundle = asked.root / folder / name
        if not (asked.root / path).exists() and not bundle.exists():
            return path
        number += 1


def post_fields(
    title: str, when: datetime, tags: tuple[str, ...], draft: bool
) -> dict[str, Any]:
    """Returns the front matter of a new post."""
    fields: dict[str, Any] = {"title": title, "date": when}
    if tags:
        fields["tags"] = list(tags)
    if draft:
        fields["draft"] = True
    return fields


def _moment(asked: Asked, date: str | None) -> datetime:
    return clock_moment(asked.config, date, "--date").datetime()


def _create_post(path: Path, text: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "xb") as file:
        file.write(text)
