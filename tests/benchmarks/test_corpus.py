"""The corpus: the same for a seed, different from post to post, as large as said."""

import re
from statistics import mean

import pytest

from benchmarks.corpus import TAGS, Corpus, make_corpus, read_prose, slugify


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return make_corpus(200)


def test_a_seed_gives_the_same_corpus_again(corpus: Corpus) -> None:
    assert make_corpus(200).digest() == corpus.digest()


def test_another_seed_or_number_of_code_blocks_gives_another_corpus(
    corpus: Corpus,
) -> None:
    others = (make_corpus(200, seed=2), make_corpus(200, code_blocks=2))
    assert len({corpus.digest(), *(other.digest() for other in others)}) == 3


def test_posts_are_about_eight_kilobytes(corpus: Corpus) -> None:
    sizes = [len(corpus.body(entry)) for entry in corpus.entries]
    assert 7_500 < mean(sizes) < 8_500
    assert min(sizes) > 6_000


def test_titles_slugs_and_dates_are_unique() -> None:
    entries = make_corpus(5_000).entries
    assert len({entry.title for entry in entries}) == 5_000
    assert len({entry.slug for entry in entries}) == 5_000
    dates = [entry.date for entry in entries]
    assert dates == sorted(set(dates))


def test_every_post_has_three_of_fifty_tags(corpus: Corpus) -> None:
    assert len(set(TAGS)) == 50
    assert len({slugify(tag) for tag in TAGS}) == 50
    for entry in corpus.entries:
        assert len(set(entry.tags)) == 3
        assert set(entry.tags) <= set(TAGS)


def test_the_prose_is_large_and_has_no_markup() -> None:
    prose = read_prose()
    assert len(set(prose.sentences)) >= 1_000
    assert not [s for s in prose.sentences if re.search(r"[*_`\[\]<>#{}|\\]", s)]


def test_a_body_has_every_kind_of_block(corpus: Corpus) -> None:
    body = corpus.body(corpus.entries[0])
    for pattern in ("^## ", "^### ", "^- ", r"^\* ", "^1\\. ", "^> ", r"^\| ---"):
        assert re.search(pattern, body, re.M), pattern
    assert "](/posts/" in body
    assert "](https://" in body
    assert body.rstrip().endswith(corpus.entries[0].closing)


def test_every_fourth_post_has_a_table(corpus: Corpus) -> None:
    with_table = [e.number for e in corpus.entries if "| --- " in corpus.body(e)]
    assert with_table == list(range(0, 200, 4))


@pytest.mark.parametrize("count", [0, 1, 3, 7])
def test_the_number_of_code_blocks_is_an_option(count: int) -> None:
    corpus = make_corpus(5, code_blocks=count)
    for entry in corpus.entries:
        fences = re.findall(r"^```", corpus.body(entry), re.M)
        assert len(fences) == 2 * count


def test_no_code_block_and_no_body_occurs_twice(corpus: Corpus) -> None:
    bodies = [corpus.body(entry) for entry in corpus.entries]
    blocks = [b for body in bodies for b in re.findall(r"```\w+\n.*?```", body, re.S)]
    assert len(blocks) == 600
    assert len(set(blocks)) == 600
    assert len(set(bodies)) == 200


def test_code_blocks_leave_no_slot_open_and_no_template_syntax(corpus: Corpus) -> None:
    for entry in corpus.entries:
        assert not re.search(r"[«»]|\{\{|\{%|\{#", corpus.body(entry))


def test_links_to_other_posts_lead_to_posts(corpus: Corpus) -> None:
    urls = {entry.url for entry in corpus.entries}
    for entry in corpus.entries:
        linked = re.findall(r"\]\((/posts/[^)]*)\)", corpus.body(entry))
        assert len(linked) >= 2
        assert set(linked) <= urls


def test_the_newest_posts_come_first(corpus: Corpus) -> None:
    newest = corpus.newest(3)
    assert [entry.number for entry in newest] == [199, 198, 197]
