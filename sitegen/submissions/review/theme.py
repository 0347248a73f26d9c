"""The look of the review pages: their templates, stylesheet and script."""

import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from werkzeug.wrappers import Response

ASSETS = {"review.css": "text/css", "review.js": "text/javascript"}


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("sitegen.submissions.review"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["version"] = version
    return made


@cache
def _bytes(name: str) -> bytes:
    package = files("sitegen.submissions.review")
    return package.joinpath("static", name).read_bytes()


def version(name: str) -> str:
    """Returns what changes with a file, so that browsers can keep it."""
    return hashlib.sha256(_bytes(name)).hexdigest()[:12]


def render(template: str, **values: object) -> str:
    """Returns a page."""
    return _environment().get_template(template).render(values)


def asset(place: str) -> Response | None:
    """Returns a file that pages ask for; nothing in it is private."""
    if place not in ASSETS:
        return None
    response = Response(_bytes(place), mimetype=ASSETS[place])
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
