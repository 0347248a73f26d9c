"""A static site generator with a submission queue."""

__version__ = "0.1.0"
