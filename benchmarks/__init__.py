"""Seeded corpora and side-by-side runs of sitegen against its peers."""
