"""The house rules that a program can check."""

import ast
import re
import subprocess
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sitegen"
SOURCES = sorted(PACKAGE.rglob("*.py"))

ALLOWED = {
    "subprocess": {"sitegen.git"},
    "click": {"sitegen.cli"},
    "rich": {"sitegen.cli"},
}
"""Who may import what; a room stands for everything in it."""

DOORS = ("cli", "wsgi.py")
"""Only these print, prompt, exit, and read the environment."""

LONGEST_MODULE = 800

PRINTING = {"print", "input", "exit", "quit", "sys.exit", "os._exit", "SystemExit"}
PRINTING |= {
    "sys.stdout",
    "sys.stderr",
    "sys.stdin",
    "sys.__stdout__",
    "sys.__stderr__",
}
READING = {"os.environ", "os.getenv", "os.getcwd", "Path.cwd", "sys.argv"}

READS_ENVIRONMENT = {"git/command.py"}
"""Git inherits the environment that it is run in."""

# Written in halves, so that this file does not trip over itself.
MACHINE_PATHS = [
    "/" + folder + "/" for folder in ("work", "root", "opt/pypi", "opt/wheels")
]
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs"),
        ("npmmirror", "com"),
        ("deb", "debian", "org"),
        ("yarnpkg", "com"),
    )
]


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    """Gives who imports whom, hidden imports in functions included."""
    return grimp.build_graph("sitegen", include_external_packages=True, cache_dir=None)


def parsed(path: Path) -> ast.Module:
    """Returns a module's syntax."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def relative(path: Path) -> str:
    """Returns a path as people write it."""
    return path.relative_to(PACKAGE).as_posix()


def below_the_doors() -> list[Path]:
    """Returns the modules that neither print nor read the environment."""
    return [path for path in SOURCES if not relative(path).startswith(DOORS)]


def test_there_is_something_to_look_at() -> None:
    assert PACKAGE / "problems.py" in SOURCES


def test_imports_point_one_way(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    status = lint_imports(no_cache=True)
    assert status == 0, capsys.readouterr().out


def cycle(edges: dict[str, set[str]]) -> list[str]:
    """Returns one cycle among the nodes, or nothing."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_a_cycle_is_noticed() -> None:
    assert cycle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert set(cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}})) == {"a", "b", "c"}


def test_no_module_imports_itself_by_way_of_others(imports: grimp.ImportGraph) -> None:
    edges = {
        each: imports.find_modules_directly_imported_by(each)
        for each in imports.modules
    }
    assert cycle(edges) == []


@pytest.mark.parametrize("package", ALLOWED)
def test_only_some_import(imports: grimp.ImportGraph, package: str) -> None:
    if package in imports.modules:
        importers = imports.find_modules_that_directly_import(package)
        rooms = {".".join(importer.split(".")[:2]) for importer in importers}
        assert rooms <= ALLOWED[package]


def uses(tree: ast.AST, names: set[str]) -> list[tuple[int, str]]:
    """Returns the lines on which a syntax tree uses names, dotted or plain."""
    found = (
        (node.lineno, ast.unparse(node))
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute)
    )
    imported = (
        (node.lineno, f"{node.module}.{alias.name}")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    )
    return sorted(each for each in (*found, *imported) if each[1] in names)


def test_forbidden_names_are_noticed() -> None:
    source = "from sys import exit\nfingerprint(1)\nif x:\n  print(2)\n  sys.exit()\n"
    expected = [(1, "sys.exit"), (4, "print"), (5, "sys.exit")]
    assert uses(ast.parse(source), PRINTING) == expected


def test_only_the_doors_print_and_exit() -> None:
    found = {relative(path): uses(parsed(path), PRINTING) for path in below_the_doors()}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_only_the_doors_read_the_environment() -> None:
    found = {relative(path): uses(parsed(path), READING) for path in below_the_doors()}
    guilty = {name: lines for name, lines in found.items() if lines}
    assert guilty.keys() <= READS_ENVIRONMENT, guilty


Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def public(node: ast.Module | Definition, name: str) -> Iterator[tuple[str, ast.AST]]:
    """Yields a module or class and what is public in it; not what functions hide."""
    yield name, node
    if isinstance(node, ast.Module | ast.ClassDef):
        for child in node.body:
            if isinstance(child, Definition) and is_public(child):
                yield from public(child, f"{name}.{child.name}")


def is_public(node: Definition) -> bool:
    """True for what others call by name and what says more than its first version."""
    marks = {ast.unparse(mark).rpartition(".")[2] for mark in node.decorator_list}
    return not node.name.startswith("_") and not marks & {"overload", "setter"}


def undocumented(tree: ast.Module, name: str) -> list[str]:
    """Returns the public names of a module that have no docstring."""
    return [
        name
        for name, node in public(tree, name)
        if isinstance(node, ast.Module | Definition) and not ast.get_docstring(node)
    ]


def test_a_missing_docstring_is_noticed() -> None:
    source = """
class Post:
    "A post."
    def title(self): ...
    def _slug(self): ...
    @title.setter
    def title(self, value): ...
async def load(): ...
def _hidden():
    def inner(): ...
"""
    assert undocumented(ast.parse(source), "m") == ["m", "m.Post.title", "m.load"]


def test_every_public_name_has_a_docstring() -> None:
    written = [path for path in SOURCES if path.stat().st_size > 1]
    missing = [undocumented(parsed(path), relative(path)) for path in written]
    assert sum(missing, []) == []


def test_modules_are_named_after_things() -> None:
    drawers = {"utils", "util", "helpers", "misc", "common"}
    assert [
        relative(path) for path in SOURCES if drawers & set(path.with_suffix("").parts)
    ] == []


def test_no_module_is_too_long() -> None:
    lengths = {relative(path): path.read_bytes().count(b"\n") for path in SOURCES}
    assert {
        name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE
    } == {}


def names_of_machines(text: str) -> list[str]:
    """Returns what a text says of one machine: its folders, its package sources."""
    paths = "|".join(map(re.escape, MACHINE_PATHS))
    hosts = "|".join(map(re.escape, REGISTRIES))
    return re.findall(rf"(?<![\w.}}/-])(?:{paths})[\w.-]*|{hosts}", text)


def test_names_of_machines_are_noticed() -> None:
    path, host = MACHINE_PATHS[0], REGISTRIES[0]
    text = f"see {path}site, not docs{path}; https://{host}/x"
    assert names_of_machines(text) == [f"{path}site", host]


@pytest.mark.needs("git")
def test_no_file_names_the_machine_it_was_written_on() -> None:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    files = [ROOT / name for name in listing.stdout.split("\0") if name]
    texts = {
        path: path.read_bytes().decode("utf-8", "replace")
        for path in files
        if path.is_file()
    }
    found = {str(path): names_of_machines(text) for path, text in texts.items()}
    assert {path: names for path, names in found.items() if names} == {}
