"""Review pages: moderators decide in a browser, from a phone as well."""
