"""Where things stand in content files; read again only for problems."""

from collections.abc import Collection, Mapping
from pathlib import Path

from sitegen.build.parse import body_text, shown_path
from sitegen.content.fields import BY_SPELLING
from sitegen.content.frontmatter import locate, parse
from sitegen.problems import Location


class FilePlaces:
    """Finds keys and references in the content files of a site."""

    def __init__(self, root: Path, content: str) -> None:
        self.root = root
        self.content = content

    def data(self, id: str) -> bytes:
        """Returns the bytes of a content file."""
        return (self.root / shown_path(self.content, id)).read_bytes()

    def of_key(self, id: str, key: str, value: str = "") -> Location:
        """Returns the place of a front-matter key's value; at worst the file."""
        path = shown_path(self.content, id)
        try:
            data = self.data(id)
        except OSError:
            return Location(path)
        written, values = _as_written(data, path, key)
        item = next((v for v in values if v.strip("/") == value.strip("/")), None)
        line, column = locate(data, written, value=item)
        return Location(path, line, column, _line(data, line))

    def of_references(
        self, id: str, targets: Collection[str]
    ) -> Mapping[str, tuple[Location, ...]]:
        """Returns the places of references in a body, by target."""
        from sitegen.markup.positions import reference_positions

        path = shown_path(self.content, id)
        try:
            data = self.data(id)
        except OSError:
            return {}
        body = parse(data, path)[0].body
        text = body_text(data, body)
        lines = text.split("\n")
        return {
            target: tuple(
                Location(path, line + body.line - 1, column, lines[line - 1])
                for line, column in places
            )
            for target, places in reference_positions(text, targets).items()
        }


def _as_written(data: bytes, path: str, key: str) -> tuple[str, list[str]]:
    """Returns the key as this file spells it, and the texts in its list."""
    for written, value in parse(data, path)[0].fields.items():
        field = BY_SPELLING.get(written.lower())
        name = field.name if field else {"layout": "template"}.get(written.lower())
        if name == key:
            return written, [str(v) for v in value] if isinstance(value, list) else []
    return key, []


def _line(data: bytes, number: int) -> str:
    lines = data.decode("utf-8", "replace").splitlines()
    return lines[number - 1] if 0 < number <= len(lines) else ""
