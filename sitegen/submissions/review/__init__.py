"""Review pages: moderators decide in a browser, from a phone as well."""

PLACE = "review/"
"""Where the pages are, below the endpoint's path."""
