"""A Flask application with the endpoint mounted inside, as the how-to shows it."""

import os
from pathlib import Path

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from sitegen.config import load
from sitegen.submissions import create_app

root = Path(os.environ["SITEGEN_ROOT"])
app = Flask(__name__)


@app.get("/")
def home() -> str:
    """Returns a page of the application around."""
    return "Flask is here"


app.wsgi_app = DispatcherMiddleware(  # type: ignore[method-assign]
    app.wsgi_app, {"/submit": create_app(load(root)[0], root)}
)
