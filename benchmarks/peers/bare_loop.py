"""Our floor: the least that Python can do with the same files.

Read, parse the front matter with PyYAML's C loader, render with pyromark, fill one
Jinja template, write. No checks, no lists, no feed, nothing kept for the next run.
It is started as a script and imports nothing of ours, so that nothing is added to it.
"""

import os
import sys
from collections.abc import Sequence
from multiprocessing import get_context

import jinja2
import markupsafe
import pyromark
import yaml

_MARKDOWN = pyromark.Markdown(
    options=pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH
)


def main(site: str, output: str, jobs: int) -> None:
    """Build every post of `site` with so many processes."""
    names = sorted(os.listdir(f"{site}/content/posts"))
    os.makedirs(f"{output}/posts")
    tasks = [(site, output, names[start::jobs]) for start in range(jobs)]
    if jobs == 1:
        build(tasks[0])
        return
    with get_context("fork").Pool(jobs) as pool:
        pool.map(build, tasks, chunksize=1)


def build(task: tuple[str, str, Sequence[str]]) -> None:
    """Build the named posts, one after the other."""
    site, output, names = task
    loader = jinja2.FileSystemLoader(f"{site}/templates")
    environment = jinja2.Environment(loader=loader, autoescape=True)
    template = environment.get_template("post.html")
    for name in names:
        build_post(f"{site}/content/posts/{name}", output, name[:-3], template)


def build_post(path: str, output: str, slug: str, template: jinja2.Template) -> None:
    """Turn one Markdown file into one page."""
    with open(path, encoding="utf-8") as file:
        _, front, body = file.read().split("---\n", 2)
    post = yaml.load(front, yaml.CSafeLoader)
    content = markupsafe.Markup(_MARKDOWN.html(body))
    text = template.render(post=post, content=content, slug=slug)
    os.mkdir(f"{output}/posts/{slug}")
    with open(f"{output}/posts/{slug}/index.html", "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
