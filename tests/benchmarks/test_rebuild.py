"""Edits change what they say, and each time anew."""

from pathlib import Path

import yaml

from benchmarks.corpus import make_corpus
from benchmarks.peers.tool import yaml_front_matter
from benchmarks.rebuild import _EDITS, _digest, _signatures


def test_each_edit_changes_the_file_as_it_says(tmp_path: Path) -> None:
    corpus = make_corpus(3)
    entry = corpus.entries[1]
    source = tmp_path / "post.md"
    source.write_text(yaml_front_matter(entry) + corpus.body(entry))
    untouched = source.read_text()

    assert _EDITS["nothing"](source, entry, 0) in untouched
    assert source.read_text() == untouched

    added = {_EDITS["one body"](source, entry, number) for number in (0, 1)}
    assert len(added) == 2
    assert source.read_text().startswith(untouched)
    assert all(text in source.read_text() for text in added)

    title = _EDITS["one title"](source, entry, 0)
    front = yaml.safe_load(source.read_text().split("---\n")[1])
    assert front["title"] == title != entry.title
    assert front["tags"] == list(entry.tags)


def test_a_page_that_is_written_again_is_noticed(tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        (tmp_path / name).write_text("same")
    before, digest = set(_signatures(tmp_path)), _digest(tmp_path)
    (tmp_path / "new").write_text("same")
    (tmp_path / "new").replace(tmp_path / "a.html")
    written = set(_signatures(tmp_path)) - before
    assert [path.name for path, *_ in written] == ["a.html"]
    assert _digest(tmp_path) == digest
