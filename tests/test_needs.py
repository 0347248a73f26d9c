"""What a machine lacks is skipped by name, or fails where nothing may be missing."""

from collections.abc import Mapping

import pytest

from tests import needs

LACKING = """
import pytest

@pytest.mark.needs("chromium")
def test_window(): ...

@pytest.mark.needs("chromium", "java")
def test_page(): ...

@pytest.mark.needs("corpora")
def test_blog(): ...

def test_nothing(): ...
"""


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, needs.Need]:
    """Gives a machine that lacks everything; a test may add to it."""
    lacking = {name: needs.Need(lambda: False, "install it") for name in needs.NEEDS}
    monkeypatch.setattr(needs, "NEEDS", lacking)
    monkeypatch.setattr(needs, "is_there", lambda name: lacking[name].is_there())
    monkeypatch.delenv("SITEGEN_NO_SKIPS", raising=False)
    return lacking


def outcomes(pytester: pytest.Pytester, source: str) -> Mapping[str, int]:
    """Returns how many tests of a file passed, failed and were skipped."""
    pytester.makepyfile(source)
    return run(pytester).parseoutcomes()


def run(pytester: pytest.Pytester) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-p", "tests.needs")


def test_skips_by_name_and_counts(
    pytester: pytest.Pytester, machine: dict[str, needs.Need]
) -> None:
    pytester.makepyfile(LACKING)
    result = run(pytester)
    assert result.parseoutcomes() == {"passed": 1, "skipped": 3}
    result.stdout.fnmatch_lines(
        [
            "Skipped for want of: chromium (2 tests), corpora (1 test), java (1 test)",
            "*1 passed, 3 skipped*",
        ],
        consecutive=True,
    )


def test_says_how_to_get_what_is_missing(
    pytester: pytest.Pytester, machine: dict[str, needs.Need]
) -> None:
    machine["corpora"] = needs.Need(lambda: False, "ask for them")
    pytester.makepyfile(LACKING)
    result = pytester.runpytest_inprocess("-p", "tests.needs", "-rs")
    result.stdout.fnmatch_lines(["*needs corpora (ask for them)*"])


def test_runs_what_the_machine_has(
    pytester: pytest.Pytester, machine: dict[str, needs.Need]
) -> None:
    machine["chromium"] = needs.Need(lambda: True, "")
    assert outcomes(pytester, LACKING) == {"passed": 2, "skipped": 2}


def test_a_skip_fails_where_nothing_may_be_missing(
    pytester: pytest.Pytester,
    machine: dict[str, needs.Need],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SITEGEN_NO_SKIPS", "1")
    pytester.makepyfile(LACKING)
    result = run(pytester)
    assert result.parseoutcomes() == {"passed": 1, "skipped": 1, "errors": 2}
    result.stdout.fnmatch_lines(["*needs chromium*", "*a skip is a failure*"])


@pytest.mark.parametrize("name", sorted(needs.FORGIVEN))
def test_what_nobody_can_install_is_forgiven(
    name: str,
    pytester: pytest.Pytester,
    machine: dict[str, needs.Need],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SITEGEN_NO_SKIPS", "1")
    source = f"import pytest\n@pytest.mark.needs({name!r})\ndef test_it(): ..."
    assert outcomes(pytester, source) == {"skipped": 1}


def test_forgiving_one_need_forgives_no_other(
    pytester: pytest.Pytester,
    machine: dict[str, needs.Need],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SITEGEN_NO_SKIPS", "1")
    source = "import pytest\n@pytest.mark.needs('git', 'loop')\ndef test_it(): ..."
    assert outcomes(pytester, source) == {"errors": 1}


@pytest.mark.parametrize(
    ("source", "counted"),
    [
        ("import pytest\ndef test_it(): pytest.skip('tired')", "failed"),
        ("import pytest\npytest.importorskip('no_such_module')", "errors"),
    ],
)
def test_other_skips_fail_too(
    source: str,
    counted: str,
    pytester: pytest.Pytester,
    machine: dict[str, needs.Need],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SITEGEN_NO_SKIPS", "1")
    assert outcomes(pytester, source) == {counted: 1}


def test_expected_failures_are_no_skips(
    pytester: pytest.Pytester,
    machine: dict[str, needs.Need],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SITEGEN_NO_SKIPS", "1")
    source = "import pytest\n@pytest.mark.xfail\ndef test_it(): assert False"
    assert outcomes(pytester, source) == {"xfailed": 1}


def test_a_fixture_tells_what_it_needs(
    pytester: pytest.Pytester, machine: dict[str, needs.Need]
) -> None:
    source = """
        import pytest

        @pytest.fixture
        def browser(): assert False, "must not be made"

        @pytest.fixture
        def window(browser): ...

        def test_window(window): ...
    """
    assert outcomes(pytester, source) == {"skipped": 1}


def test_an_unknown_need_stops_the_run(
    pytester: pytest.Pytester, machine: dict[str, needs.Need]
) -> None:
    source = "import pytest\n@pytest.mark.needs('chromum')\ndef test_it(): ..."
    pytester.makepyfile(source)
    result = run(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*test_it needs what nobody knows: chromum"])


def test_workers_report_what_was_missing(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(needs.NODE_MODULES.parents[2]))
    monkeypatch.delenv("SITEGEN_CORPORA", raising=False)
    source = "import pytest\n@pytest.mark.needs('corpora')\ndef test_it(): ..."
    pytester.makepyfile(source)
    result = pytester.runpytest_subprocess("-p", "tests.needs", "-n", "1")
    result.stdout.fnmatch_lines(["Skipped for want of: corpora (1 test)"])


def test_every_need_can_be_looked_for() -> None:
    assert {type(need.is_there()) for need in needs.NEEDS.values()} == {bool}


def test_the_corpora_are_a_folder_that_exists(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    found = []
    for folder in ("", "/nowhere", str(tmp_path)):
        monkeypatch.setenv("SITEGEN_CORPORA", folder)
        found.append(needs.NEEDS["corpora"].is_there())
    assert found == [False, False, True]
