"""A Django project with the endpoint beside it, as the how-to shows it."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings  # type: ignore[import-untyped]
from django.core.wsgi import get_wsgi_application  # type: ignore[import-untyped]
from django.http import HttpRequest, HttpResponse  # type: ignore[import-untyped]
from django.urls import path  # type: ignore[import-untyped]

from sitegen.config import load
from sitegen.submissions import create_app

root = Path(os.environ["SITEGEN_ROOT"])


def home(request: HttpRequest) -> HttpResponse:
    """Returns a page of the project."""
    return HttpResponse("Django is here")


settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="for tests")
urlpatterns = [path("", home)]
django = get_wsgi_application()
submissions = create_app(load(root)[0], root)


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Gives the endpoint what is its own, and Django the rest."""
    is_ours = environ["PATH_INFO"].startswith("/submit/")
    return (submissions if is_ours else django)(environ, start_response)
