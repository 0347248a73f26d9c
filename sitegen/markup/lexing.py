"""Tokens of code, as Pygments' lexers find them, in half the time.

Pygments tries the rules of a state one after the other, with a call for each. Here the
rules of a state are joined to one pattern, whose alternatives are tried in the same
order; an empty group at the end of each tells which it was. Compiling that takes a
while, so only lexers that have much to read get it. Rules that cannot be joined stay
apart, and lexers that do more than follow rules are left to Pygments.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pygments.lexer import Lexer, RegexLexer
from pygments.token import Error, Whitespace, _TokenType

MUCH = 100_000
"""Characters that a lexer reads rule by rule; after that joining its rules pays."""

_OWN_GROUPS = re.compile(r"\\[1-9]|\(\?P|\(\?\(")
"""What refers to a group of the same pattern, or names one."""

_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
"""The flags that lexers use; each pattern keeps its own."""

_FLAGS_IN_FRONT = re.compile(r"\A(?:\(\?[aimsu]+\))+")

Match = Callable[[str, int], "re.Match[str] | None"]

Rule = tuple[Match, Any, Any]
"""A pattern, what becomes of the text that it matches, and the states that follow."""

Step = tuple[Match, dict[int | None, Rule], Rule]
"""A pattern, and its rule: by the last group that matched, else the only one."""

Token = tuple[_TokenType, str]


def tokens(lexer: Lexer, code: str) -> Iterable[Token]:
    """Returns the tokens of a text, as `lexer.get_tokens` does."""
    if not _follows_rules(type(lexer)) or lexer.filters:
        return lexer.get_tokens(code)
    if lexer.ensurenl and not code.endswith("\n"):
        code += "\n"
    states = _states(lexer)
    states.seen += len(code)
    return _follow(lexer, states, code)


@cache
def _follows_rules(kind: type[Lexer]) -> bool:
    """True if a lexer's tokens are what its rules say, and nothing else."""
    return (
        issubclass(kind, RegexLexer)
        and kind.get_tokens is Lexer.get_tokens
        and kind.get_tokens_unprocessed is RegexLexer.get_tokens_unprocessed
    )


class State:
    """The rules of one state, joined or not yet."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self.steps: list[Step] = [_alone(rule) for rule in rules]
        self.is_joined = False

    def join(self) -> None:
        """Makes as few patterns of the rules as can be."""
        steps: list[Step] = []
        group: list[Rule] = []
        for rule in self.rules:
            if _can_join(rule):
                group.append(rule)
            else:
                steps += (*_joined(group), _alone(rule))
                group = []
        # As a whole: other threads may be reading.
        self.steps = [*steps, *_joined(group)]
        self.is_joined = True


class States:
    """The states of a lexer by name, and how many characters it has read."""

    def __init__(self, rules: Mapping[str, Sequence[Rule]]) -> None:
        self.by_name = {name: State(each) for name, each in rules.items()}
        self.seen = 0

    def __getitem__(self, name: str) -> State:
        state = self.by_name[name]
        if self.seen > MUCH and not state.is_joined:
            state.join()
        return state


@cache
def _states(lexer: Any) -> States:
    return States(lexer._tokens)


def _can_join(rule: Rule) -> bool:
    pattern = _pattern(rule)
    return (
        isinstance(pattern, re.Pattern)
        and not pattern.flags & (re.ASCII | re.LOCALE | re.VERBOSE)
        and not _OWN_GROUPS.search(pattern.pattern)
    )


def _pattern(rule: Rule) -> Any:
    return getattr(rule[0], "__self__", None)


def _alone(rule: Rule) -> Step:
    return rule[0], {}, rule


def _joined(rules: list[Rule]) -> list[Step]:
    """Returns one step for rules that can be joined."""
    if len(rules) < 2:
        return [_alone(rule) for rule in rules]
    table: dict[int | None, Rule] = {}
    last = 0
    for rule in rules:
        last += _pattern(rule).groups + 1
        table[last] = rule
    parts = [f"{_scoped(_pattern(rule))}()" for rule in rules]
    return [(re.compile("|".join(parts)).match, table, rules[0])]


def _scoped(pattern: "re.Pattern[str]") -> str:
    """Returns a pattern's text with its flags, as a part of another pattern."""
    flags = [letter for letter, flag in _FLAGS.items() if pattern.flags & flag]
    return f"(?{''.join(flags)}:{_FLAGS_IN_FRONT.sub('', pattern.pattern)})"


def _follow(lexer: Lexer, states: States, code: str) -> Iterator[Token]:
    """Yields tokens by the rules; `RegexLexer.get_tokens_unprocessed`, step by step."""
    at = 0
    stack = ["root"]
    state = states["root"]
    while True:
        for match, table, rule in state.steps:
            found = match(code, at)
            if found is None:
                continue
            if table:
                rule = table[found.lastindex]
            own, action, following = rule
            if type(action) is _TokenType:
                yield action, found[0]
            elif action is not None:
                # In the joined pattern its groups have other numbers.
                for _, kind, text in action(lexer, own(code, at)):
                    yield kind, text
            at = found.end()
            if following is not None:
                _turn(stack, following)
                state = states[stack[-1]]
            break
        else:
            if at >= len(code):
                return
            if code[at] == "\n":  # a line's end sets everything right again
                stack = ["root"]
                state = states["root"]
                yield Whitespace, "\n"
            else:
                yield Error, code[at]
            at += 1


def _turn(stack: list[str], following: Any) -> None:
    """Goes on to other states; never leaves the last."""
    if isinstance(following, tuple):
        for name in following:
            if name == "#pop":
                del stack[max(1, len(stack) - 1) :]
            else:
                stack.append(stack[-1] if name == "#push" else name)
    elif isinstance(following, int):
        del stack[1 if abs(following) >= len(stack) else following :]
    else:  # "#push"
        stack.append(stack[-1])
