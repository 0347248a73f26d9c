"""Whole sites, compared byte for byte with what they must become."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import Golden, Run
from tests.trees import GOLDEN, golden_sites

THEME_FILES = ("style.css", "favicon.svg", "highlight.css")
"""Copied or made alike for every site; other tests look at them."""

OUTPUTS = {"docs": "public"}
"""Where a golden site is written, if that is not `output`."""


def sites() -> list[str]:
    """Returns the golden sites that build."""
    names = [path.name for path in golden_sites()]
    return [name for name in names if not name.startswith("errors")]


@pytest.mark.parametrize("name", sites())
def test_a_golden_site_becomes_what_is_expected(
    name: str, run: Run, golden: Golden, tmp_path: Path
) -> None:
    site = tmp_path / name
    shutil.copytree(GOLDEN / name / "site", site)
    assert run("build", "--strict", root=site).exit_code == 0
    built = site / OUTPUTS.get(name, "output")
    golden(GOLDEN / name / "expected", built, (".sitegen-manifest", *THEME_FILES))
