"""Front matter in YAML: text in, plain values out, and back."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sitegen.content import yaml_subset
from sitegen.content.flaws import Flaw, Place, Unreadable

if TYPE_CHECKING:
    import yaml

CODES = {
    "yaml-tab": "A tab stands where YAML wants spaces.",
    "yaml-syntax": "The front matter is not valid YAML.",
    "yaml-tag": "A value has a tag, such as !!set; front matter holds plain values.",
    "key-not-text": "A key is not text: YAML reads it as a number, a date or yes/no.",
}

MAX_VALUES = 10_000
"""Values in one front matter, each use of an alias counted with all it stands for."""
MAX_DEPTH = 100

_TAG = "tag:yaml.org,2002:"
_MERGE = _TAG + "merge"
_TEXTS = ("str", "value", "merge")
_ESCAPED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]"
)


def read(text: str) -> dict[str, Any]:
    """Returns the fields, or raises Unreadable."""
    fields = yaml_subset.read(text)
    return read_with_pyyaml(text) if fields is None else fields


def read_with_pyyaml(text: str) -> dict[str, Any]:
    """Returns the fields as PyYAML reads them, or raises Unreadable."""
    return _Reader(text).document()


def write(fields: Mapping[str, Any]) -> str:
    """Returns YAML that reads as these fields."""
    import yaml

    class Dumper(yaml.SafeDumper):
        pass

    Dumper.add_representer(str, _represent_text)
    return yaml.dump(
        dict(fields), Dumper=Dumper, allow_unicode=True, sort_keys=False, width=10**9
    )


def _represent_text(dumper: Any, text: str) -> Any:
    """Returns a node; double quotes keep what PyYAML would lose in other styles."""
    style = '"' if _ESCAPED.search(text) else None
    return dumper.represent_scalar(_TAG + "str", text, style=style)


def locate(text: str, key: str, place: Place) -> int:
    """Returns where a key, its value or an item of its list begins in the text."""
    node = _compose(text)
    found = 0
    is_whole = any(own.value == key for own, _ in _pairs(node))
    for name in [key] if is_whole else key.split("."):
        for own, child in _pairs(node):
            if own.value == name:
                node = child
                found = _begin(own if place.is_key or _is_empty(child) else child)
                break
        else:
            return found
    for number, item in enumerate(_items(node)):
        if place.is_item(number, item.value):
            return _begin(item)
    return found


@lru_cache(maxsize=1)  # the problems of a file are located one after the other
def _compose(text: str) -> Any:
    """Returns the tree of a text, or None if it cannot be read."""
    import yaml

    try:
        read_with_pyyaml(text)  # composing what is nested too deeply ends the process
        return _loader(text).get_single_node()
    except (Unreadable, yaml.YAMLError):
        return None


def _begin(node: Any) -> int:
    return int(node.start_mark.index)


def _is_empty(node: Any) -> bool:
    return bool(node.end_mark.index == node.start_mark.index)


def _pairs(node: Any) -> list[tuple[Any, Any]]:
    return node.value if node is not None and node.id == "mapping" else []


def _items(node: Any) -> list[Any]:
    return node.value if node is not None and node.id == "sequence" else []


def _loader(text: str) -> Any:
    """Returns PyYAML's loader in C, or the one in Python where libyaml is missing."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)


class _Reader:
    """Turns PyYAML's events into plain values.

    Events and not nodes: PyYAML composes nodes by recursion without a limit (a long
    row of `[` ends the process), and its constructor keeps the last of two equal keys
    without a word.
    """

    def __init__(self, text: str) -> None:
        match = _FORBIDDEN.search(text)
        if match:
            raise Unreadable(_control_character(text, match.start()))
        self.text = text
        self.loader = _loader(text)
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.count = 0

    def document(self) -> dict[str, Any]:
        """Returns the one mapping that the text holds."""
        import yaml

        try:
            self.loader.get_event()  # the stream begins
            event = self.loader.get_event()
            if isinstance(event, yaml.StreamEndEvent):
                return {}
            event = self.loader.get_event()
            value = self.value(event, 0)
            self.loader.get_event()  # the document ends
            after = self.loader.get_event()
        except yaml.MarkedYAMLError as problem:
            raise Unreadable(_explain(self.text, problem)) from None
        except yaml.YAMLError as problem:
            raise Unreadable(Flaw("yaml-syntax", 0, f"{problem}.")) from None
        if not isinstance(after, yaml.StreamEndEvent):
            raise Unreadable(
                Flaw(
                    "yaml-syntax",
                    after.start_mark.index,
                    "A second YAML document begins inside the front matter.",
                    "Remove the line that begins with '---', or quote it.",
                )
            )
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise Unreadable(not_a_mapping(event.start_mark.index))
        return value

    def value(self, event: Any, depth: int) -> Any:
        """Returns the value that begins with this event."""
        import yaml

        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        before = self.count
        self.spend(1, event)
        if isinstance(event, yaml.ScalarEvent):
            value = self.scalar(event)
        elif depth == MAX_DEPTH:
            raise Unreadable(too_deep(event.start_mark.index))
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self.sequence(event, depth + 1)
        else:
            value = self.mapping(event, depth + 1)
        if event.anchor:
            self.anchors[event.anchor] = (value, self.count - before)
        return value

    def spend(self, count: int, event: Any) -> None:
        """Counts values, so that aliases of aliases cannot multiply without end."""
        self.count += count
        if self.count > MAX_VALUES:
            raise Unreadable(too_many(event.start_mark.index))

    def alias(self, event: Any) -> Any:
        """Returns what an alias stands for."""
        if event.anchor not in self.anchors:
            raise Unreadable(
                Flaw(
                    "yaml-syntax",
                    event.start_mark.index,
                    f"'*{event.anchor}' stands for nothing that comes before it.",
                    "Quote a text that begins with '*'.",
                )
            )
        value, count = self.anchors[event.anchor]
        self.spend(count, event)
        return value

    def sequence(self, event: Any, depth: int) -> list[Any]:
        """Returns the items of a list."""
        import yaml

        self.refuse_tag(event, "seq")
        items = []
        while not isinstance(item := self.loader.get_event(), yaml.SequenceEndEvent):
            items.append(self.value(item, depth))
        return items

    def mapping(self, event: Any, depth: int) -> dict[str, Any]:
        """Returns the entries of a mapping; its own come before merged ones."""
        import yaml

        self.refuse_tag(event, "map")
        entries: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        seen: set[str] = set()
        while not isinstance(key := self.loader.get_event(), yaml.MappingEndEvent):
            name, is_merge = self.key(key, depth)
            if name in seen:
                raise Unreadable(duplicate_key(name, key.start_mark.index))
            seen.add(name)
            value_event = self.loader.get_event()
            value = self.value(value_event, depth)
            if is_merge:
                for source in self.merge_sources(value, value_event):
                    merged = source | merged
            else:
                entries[name] = value
        return merged | entries if merged else entries

    def merge_sources(self, value: Any, event: Any) -> list[dict[str, Any]]:
        """Returns the mappings that a `<<` takes in, the strongest first."""
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise Unreadable(
                Flaw(
                    "yaml-syntax",
                    event.start_mark.index,
                    "'<<' takes in a mapping or a list of mappings.",
                )
            )
        return sources

    def key(self, event: Any, depth: int) -> tuple[str, bool]:
        """Returns the name of an entry, and whether it is a merge."""
        import yaml

        at = event.start_mark.index
        if isinstance(event, yaml.AliasEvent):
            value = self.alias(event)
            if isinstance(value, str):
                return value, False
        if not isinstance(event, yaml.ScalarEvent):
            raise Unreadable(
                Flaw("key-not-text", at, "A key is a list, a mapping or an alias.")
            )
        self.spend(1, event)
        if event.anchor:
            self.anchors[event.anchor] = (event.value, 1)
        tag = self.tag(event)
        if tag == _MERGE:
            return event.value, True
        # Deeper down, `2024: …` is somebody's own table: the key as it is written.
        if depth == 1 and tag.removeprefix(_TAG) not in _TEXTS:
            raise Unreadable(
                Flaw(
                    "key-not-text",
                    at,
                    f"The key '{event.value}' is not text to YAML.",
                    f'Put it in quotes: "{event.value}":',
                )
            )
        return event.value, False

    def tag(self, event: Any) -> str:
        """Returns the type that YAML gives to a scalar."""
        import yaml

        if event.tag is None or event.tag == "!":
            if not event.implicit[0]:
                return _TAG + "str"
            return str(
                self.loader.resolve(yaml.ScalarNode, event.value, event.implicit)
            )
        return str(event.tag)

    def scalar(self, event: Any) -> Any:
        """Returns a single value."""
        tag = self.tag(event)
        kind = tag.removeprefix(_TAG)
        if kind in _TEXTS:
            return event.value
        if kind not in _CONSTRUCTORS:
            raise Unreadable(_foreign_tag(tag, event.start_mark.index))
        return self.construct(event, tag, kind)

    def construct(self, event: Any, tag: str, kind: str) -> Any:
        """Returns a scalar that is not text, made by PyYAML."""
        import yaml

        node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
        try:
            return getattr(self.loader, _CONSTRUCTORS[kind])(node)
        except (ValueError, OverflowError, AttributeError, KeyError, IndexError):
            # PyYAML lets its own parsing fail as it may: an impossible date, a number
            # of 5,000 digits, `!!int x`, `!!bool x`, `!!timestamp x`.
            raise Unreadable(_impossible(event.value, kind, event)) from None

    def refuse_tag(self, event: Any, kind: str) -> None:
        """Stops at a list or mapping that claims to be something else."""
        if event.tag not in (None, "!", _TAG + kind):
            raise Unreadable(_foreign_tag(event.tag, event.start_mark.index))


_CONSTRUCTORS = {
    "null": "construct_yaml_null",
    "bool": "construct_yaml_bool",
    "int": "construct_yaml_int",
    "float": "construct_yaml_float",
    "timestamp": "construct_yaml_timestamp",
}


def _impossible(text: str, kind: str, event: Any) -> Flaw:
    at = event.start_mark.index
    if kind == "timestamp":
        return Flaw(
            "date-impossible",
            at,
            f"The date {text[:40]} does not exist.",
            "Correct it, or quote it if it is not a date.",
        )
    return Flaw(
        "yaml-syntax", at, f"'{text[:40]}' cannot be read as a value.", "Quote it."
    )


def _foreign_tag(tag: str, at: int) -> Flaw:
    name = tag.replace(_TAG, "!!")
    return Flaw(
        "yaml-tag",
        at,
        f"The tag '{name}' makes a value that front matter cannot hold.",
        "Remove it, or quote a text that begins with '!'.",
    )


def _control_character(text: str, at: int) -> Flaw:
    return Flaw(
        "control-character",
        at,
        f"The control character U+{ord(text[at]):04X} cannot stand here.",
        "Delete it.",
    )


def not_a_mapping(at: int) -> Flaw:
    """Says that front matter is a list or a text instead of keys."""
    return Flaw(
        "front-matter-not-keys",
        at,
        "The front matter is not made of keys and values.",
        "Write lines such as 'title: My title'.",
    )


def too_deep(at: int) -> Flaw:
    """Says that lists or mappings are nested too deeply."""
    return Flaw(
        "front-matter-too-deep",
        at,
        f"Values are nested more than {MAX_DEPTH} levels deep.",
        "Use a flatter structure.",
    )


def too_many(at: int) -> Flaw:
    """Says that there are too many values."""
    return Flaw(
        "front-matter-too-many-values",
        at,
        f"The front matter holds more than {MAX_VALUES:,} values.",
        "Move data that long into a file of its own; aliases count each time.",
    )


def duplicate_key(name: str, at: int) -> Flaw:
    """Says that a key is written twice."""
    return Flaw(
        "key-duplicate",
        at,
        f"The key '{name}' is written twice.",
        "Keep one of the two.",
    )


def _explain(text: str, problem: "yaml.MarkedYAMLError") -> Flaw:
    """Says in plain words what libyaml or PyYAML did not understand."""
    said = problem.problem or "It cannot be read"
    mark, context = problem.problem_mark, problem.context_mark
    at = mark.index if mark else context.index if context else 0
    tab = _tab_near(text, at)
    if tab is not None and ("tab" in said or "token" in said or "expected" in said):
        return Flaw(
            "yaml-tab",
            tab,
            "A tab stands where YAML wants spaces.",
            "Replace the tab with spaces.",
        )
    if "mapping values are not allowed" in said:
        return Flaw(
            "yaml-syntax",
            at,
            "A second ': ' on this line.",
            'Put the text in quotes: title: "Part one: the start".',
        )
    if "cannot start any token" in said:
        return Flaw(
            "yaml-syntax",
            at,
            f"A text cannot begin with {text[at : at + 1]!r} here.",
            "Put the text in quotes.",
        )
    if "unexpected end of stream" in said and context:
        return Flaw(
            "yaml-syntax",
            context.index,
            "The quote that begins here is not closed.",
            'Add the closing quote; inside double quotes, write \\" for a quote.',
        )
    if "escape" in said:
        return Flaw(
            "yaml-syntax",
            at,
            "Inside double quotes, '\\' begins an escape, and this one is unknown.",
            "Use single quotes, or write '\\\\' for a backslash.",
        )
    if "expected ':'" in said:
        return Flaw(
            "yaml-syntax",
            context.index if context else at,
            "This line is not 'key: value'.",
            "Add ': ' after the key, or indent the line if it goes on from the last.",
        )
    if "',' or" in said:
        return Flaw(
            "yaml-syntax",
            context.index if context else at,
            "The bracket that opens here is not closed as it should be.",
            "Separate items with commas and close the bracket.",
        )
    if "did not find expected" in said:
        return Flaw(
            "yaml-syntax",
            at,
            "YAML cannot tell what belongs here.",
            "Quote texts that hold ': ', ' #' or quotes, and check the indentation.",
        )
    return Flaw("yaml-syntax", at, f"YAML cannot read this: {said}.")


def _tab_near(text: str, at: int) -> int | None:
    """Returns the tab that an error at this index is about, if there is one."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    lead = re.compile("[ \t]*").match(text, start)
    indent = text[start : lead.end()] if lead else ""
    if "\t" in indent:
        return start + indent.index("\t")
    if text[at : at + 1] == "\t" and end != at:
        return at
    return None
