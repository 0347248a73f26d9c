"""An artifact becomes bytes: `render(artifact, site, …)`, callable alone."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from sitegen.build.templates import HonestEnvironment, render_template
from sitegen.content.records import Moment
from sitegen.markup.records import Document
from sitegen.site import urls
from sitegen.site.model import Site
from sitegen.site.plan import Artifact, redirect_lines
from sitegen.site.questions import Question
from sitegen.site.views import PageView, Reader, Views

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 does not allow at all."""


class Rendering(msgspec.Struct, frozen=True):
    """The bytes of one output file and what was asked to make them."""

    data: bytes
    questions: list[Question]


class SitemapEntry(msgspec.Struct, frozen=True):
    """A page as `sitemap.xml` lists it."""

    permalink: str
    updated: datetime | None


def render(
    artifact: Artifact,
    site: Site,
    environment: HonestEnvironment,
    documents: Callable[[str], Document],
) -> Rendering:
    """Returns the bytes of an artifact that is made, not copied.

    `documents` gives the document of a body by its post's id. Raises TemplateFailure.
    """
    if artifact.kind in BUILT_IN:
        text, asked = BUILT_IN[artifact.kind](site)
        return Rendering(text.encode(), asked)
    page = environment.open_page(Reader(site, documents))
    variables = context(artifact, page.reader)
    showing = showing_words(artifact, site)
    text = render_template(environment, artifact.templates, variables, showing)
    if artifact.kind in ("feed", "sitemap") or artifact.output.endswith(".xml"):
        text = _NOT_XML.sub("", text)
    asked = page.questions()
    page.reader.close()
    return Rendering(text.encode("utf-8", "replace"), asked)


def showing_words(artifact: Artifact, site: Site) -> str:
    """Returns words for what a page shows: its source, or its path."""
    if artifact.subject[:1] != ":" and artifact.subject in site.by_id:
        return f"{site.config.paths.content}/{artifact.subject}".removeprefix("./")
    return artifact.path


def context(artifact: Artifact, reader: Reader) -> dict[str, Any]:
    """Returns the variables of an artifact's template, besides the global `site`."""
    page = PageView(reader, artifact.kind, artifact.path, artifact.subject)
    return {"page": page, **VARIABLES.get(artifact.kind, _nothing)(artifact, reader)}


def _nothing(artifact: Artifact, reader: Reader) -> dict[str, Any]:
    return {}


def _leaf(artifact: Artifact, reader: Reader) -> dict[str, Any]:
    return {"post": reader.view(artifact.subject)}


def _posts(artifact: Artifact, reader: Reader) -> dict[str, Any]:
    return {"posts": Views(reader, artifact.query), "pager": artifact.pager}


def _section(artifact: Artifact, reader: Reader) -> dict[str, Any]:
    return {"section": reader.view(artifact.subject), **_posts(artifact, reader)}


def _term(artifact: Artifact, reader: Reader) -> dict[str, Any]:
    term = reader.view(artifact.subject)
    taxonomy = reader.view(f":taxonomy:{artifact.subject.split(':')[2]}")
    return {"term": term, "taxonomy": taxonomy, **_posts(artifact, reader)}


def _taxonomy(artifact: Artifact, reader: Reader) -> dict[str, Any]:
    taxonomy = reader.view(artifact.subject)
    return {"taxonomy": taxonomy, "terms": taxonomy.terms}


def _redirect(artifact: Artifact, reader: Reader) -> dict[str, Any]:
    reader.setting("base_url")
    return {"target": urls.permalink(reader.site.config, artifact.target)}


def _sitemap(artifact: Artifact, reader: Reader) -> dict[str, Any]:
    reader.setting("base_url")
    config = reader.site.config
    found = reader.ask(*artifact.query) if artifact.query else []
    entries = tuple(
        SitemapEntry(urls.permalink(config, path), _datetime(moment))
        for path, moment in found
    )
    parts = tuple(urls.permalink(config, path) for path in artifact.sitemaps)
    return {"entries": entries, "sitemaps": parts}


def _datetime(moment: Moment | None) -> datetime | None:
    return moment.datetime() if moment else None


VARIABLES: Mapping[str, Callable[[Artifact, Reader], dict[str, Any]]] = {
    "post": _leaf,
    "page": _leaf,
    "home": _section,
    "section": _section,
    "term": _term,
    "taxonomy": _taxonomy,
    "feed": _posts,
    "sitemap": _sitemap,
    "redirect": _redirect,
}
"""Kind of artifact → its template's own variables."""


def _redirects(site: Site) -> tuple[str, list[Question]]:
    return redirect_lines(site), [("redirects",)]


def _highlight(site: Site) -> tuple[str, list[Question]]:
    from sitegen.markup.highlight import highlight_stylesheet

    return highlight_stylesheet(), []


BUILT_IN: Mapping[str, Callable[[Site], tuple[str, list[Question]]]] = {
    "redirects": _redirects,
    "highlight": _highlight,
}
"""Kind of artifact that needs no template → the function that makes it."""
