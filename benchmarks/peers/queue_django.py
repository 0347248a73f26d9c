"""The small Django application that everybody starts with: a model, a form, a view."""

import os
import sys
from typing import Any

import django
from django.conf import settings

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="for a benchmark",
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ.get("DATABASE", ":memory:"),
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "timeout": 30,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    },
)
django.setup()

from django import forms  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.http import HttpResponse, HttpResponseRedirect  # noqa: E402
from django.template import engines  # noqa: E402
from django.urls import path  # noqa: E402


class Post(models.Model):
    """A post."""

    title = models.CharField(max_length=300, unique=True)
    content = models.TextField()

    class Meta:
        """Names the application, which is this module."""

        app_label = "queue"


class PostForm(forms.ModelForm):
    """The form of a post."""

    class Meta:
        """Says which fields it has."""

        model = Post
        fields = ("title", "content")


PAGE = engines["django"].from_string(
    "<!doctype html><form method=post>{% csrf_token %}{{ form.as_p }}"
    "<button>Send</button></form>"
)


def submit(request: Any) -> HttpResponse:
    """Shows the form, or saves what it sends."""
    form = PostForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        return HttpResponseRedirect("/thanks/")
    status = 409 if form.errors else 200
    return HttpResponse(PAGE.render({"form": form}, request), status=status)


urlpatterns = [path("", submit)]
application = get_wsgi_application()

if __name__ == "__main__":
    with connection.schema_editor() as editor:
        editor.create_model(Post)
    sys.exit()
