"""A file becomes a Post: scan, front matter, fields, slugs, title keys."""
