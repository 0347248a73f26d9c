"""Markdown becomes an Outline and a Document: two engines behind one function."""
