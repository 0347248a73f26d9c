"""One page at a time: a template as text, and what it becomes for a site."""

from pathlib import Path

import pytest

from sitegen.build.drawer import Drawer
from sitegen.build.parse import Documents
from sitegen.build.render import Rendering, context, render
from sitegen.build.survey import Survey
from sitegen.build.templates import (
    HonestEnvironment,
    TemplateFailure,
    render_template,
)
from sitegen.build.theme import TemplateSource
from sitegen.problems import Problem
from sitegen.site.views import Reader
from tests.surveys import survey


def environment(templates: dict[str, str]) -> HonestEnvironment:
    """Returns an environment of some templates by name."""
    return HonestEnvironment(
        {name: TemplateSource(f"templates/{name}", t) for name, t in templates.items()}
    )


def documents_of(found: Survey) -> Documents:
    """Returns the documents of a site, none of which has been made before."""
    drawer = Drawer(found.root, {})
    posts = found.site.by_id
    return Documents(found.root, found.inputs.rules, found.bodies, posts, drawer)


def rendered(root: Path, output: str, **templates: str) -> str:
    """Returns the text of one output file, made by the template `main`, or others."""
    return rendering(root, output, templates).data.decode()


def rendering(root: Path, output: str, templates: dict[str, str]) -> Rendering:
    """Returns one output file and its questions; `main` stands for its template."""
    found = survey(root)
    artifact = next(a for a in found.artifacts if a.output == output)
    names = {artifact.templates[-1]: templates.pop("main", "")}
    documents = documents_of(found)
    made = environment({**templates, **names})
    return render(artifact, found.site, made, documents)


def text_of(root: Path, template: str, output: str = "index.html", **more: str) -> str:
    """Returns what a template (named x.html) gives in the place of an output."""
    found = survey(root)
    artifact = next(a for a in found.artifacts if a.output == output)
    documents = documents_of(found)
    names = {name.replace("__", "."): text for name, text in more.items()}
    made = environment({**names, "x.html": template})
    page = made.open_page(Reader(found.site, documents))
    return render_template(
        made, ("x.html",), context(artifact, page.reader), artifact.path
    )


def failure(root: Path, template: str, output: str = "index.html") -> Problem:
    """Returns why a template fails in the place of an output."""
    with pytest.raises(TemplateFailure) as caught:
        text_of(root, template, output)
    return caught.value.problem
