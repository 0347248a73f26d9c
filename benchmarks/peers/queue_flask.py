"""The same in Flask: sqlite3, a CSRF token in the session, a form, a view."""

import os
import secrets
import sqlite3
import threading

from flask import Flask, redirect, render_template_string, request, session
from werkzeug.wrappers import Response

application = Flask(__name__)
application.secret_key = "for a benchmark"
local = threading.local()

PAGE = """<!doctype html><form method=post>
<input type=hidden name="csrfmiddlewaretoken" value="{{ token }}">
<input name=title maxlength=300 required><textarea name=content required></textarea>
<p>{{ error }}</p><button>Send</button></form>"""


def database() -> sqlite3.Connection:
    """Returns this thread's connection."""
    if not hasattr(local, "connection"):
        path = os.environ["DATABASE"]
        local.connection = sqlite3.connect(path, timeout=30, isolation_level=None)
        local.connection.execute("PRAGMA journal_mode=WAL")
        local.connection.execute("PRAGMA synchronous=FULL")
    found: sqlite3.Connection = local.connection
    return found


@application.get("/")
def show(error: str = "") -> str:
    """Shows the form."""
    session.setdefault("token", secrets.token_urlsafe(32))
    return render_template_string(PAGE, token=session["token"], error=error)


@application.post("/")
def submit() -> tuple[str, int] | Response:
    """Saves what the form sends."""
    token = request.form.get("csrfmiddlewaretoken", "")
    if not secrets.compare_digest(token, session.get("token", "")):
        return show("Please send it again."), 403
    title, content = request.form["title"].strip(), request.form["content"].strip()
    if not title or len(title) > 300 or not content:
        return show("Something is missing."), 422
    try:
        database().execute(
            "INSERT INTO post (title, content) VALUES (?, ?)", (title, content)
        )
    except sqlite3.IntegrityError:
        return show("This title is taken."), 409
    return redirect("/thanks/", 303)


if __name__ == "__main__":
    database().execute(
        "CREATE TABLE post (id INTEGER PRIMARY KEY, title VARCHAR(300) NOT NULL UNIQUE,"
        " content TEXT NOT NULL)"
    )
