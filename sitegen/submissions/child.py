"""A stranger's text is rendered in a process that can be killed.

A few hundred bytes of Markdown, or of code to be coloured, can keep a parser busy for
hours. So whoever wants to see or approve a text renders it here first; what takes too
long, or too much memory, is never rendered anywhere else. The review pages have whole
errands done like this, so that their server stays small and quick.
"""

import math
import multiprocessing
import resource
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkContext, SpawnContext
from typing import Any

import msgspec

from sitegen.markup.records import Outline
from sitegen.markup.sanitize import SafeDocument, render_untrusted
from sitegen.problems import Problem, ProblemsFound, SitegenError

MEMORY = 2 << 30
"""Bytes of address space that rendering may take."""


class Unrenderable(SitegenError):
    """A text takes too long or too much to render; it cannot be approved."""


class ChildLost(SitegenError):
    """A child process was too slow, or died; whatever it did is not known."""

    def __init__(self, seconds: float = 0) -> None:
        slow = f"It takes more than {seconds:g} seconds."
        super().__init__(slow if seconds else "The process that did it died.")
        self.is_slow = bool(seconds)


class Rendered(msgspec.Struct, frozen=True, array_like=True):
    """What a stranger's text became, in time."""

    document: SafeDocument
    outline: Outline


class _Failure(msgspec.Struct, frozen=True, array_like=True):
    """A SitegenError on its way to the parent: exceptions do not cross."""

    message: str
    hint: str
    problems: tuple[Problem, ...] = ()

    def as_error(self) -> SitegenError:
        if self.problems:
            return ProblemsFound(self.problems)
        return SitegenError(self.message, self.hint)


def run_in_child(
    work: Callable[..., bytes], args: tuple[Any, ...], seconds: float, memory: int = 0
) -> bytes:
    """Returns what a top-level function returns in a process of its own.

    Raises the SitegenError that it raises, and ChildLost if it is too slow or dies.
    With `memory` it may not take more, nor go on after its parent was killed.
    """
    context = _context()
    ours, theirs = context.Pipe(duplex=False)
    limits = (memory, math.ceil(seconds) + 1)
    process = context.Process(target=_run, args=(theirs, work, args, limits))
    process.start()
    theirs.close()
    try:
        if not ours.poll(seconds):
            raise ChildLost(seconds)
        answer = ours.recv_bytes()
    except EOFError:
        raise ChildLost from None
    finally:
        process.kill()
        process.join()
        ours.close()
    if answer[:1] == b"-":
        raise msgspec.msgpack.decode(answer[1:], type=_Failure).as_error()
    return answer[1:]


def render_in_child(
    text: str,
    image_hosts: tuple[str, ...],
    seconds: float,
    fields: tuple[str, ...] = (),
) -> Rendered:
    """Returns what a stranger's text becomes; raises Unrenderable.

    `fields` are what else the stranger wrote: a template may take any of them for
    Markdown, so none may be too much for a build either.
    """
    try:
        data = run_in_child(_render, (text, image_hosts, fields), seconds, MEMORY)
    except ChildLost as lost:
        message = "The text cannot be rendered."
        if lost.is_slow:
            message = f"The text takes more than {seconds:g} seconds to render."
        hint = "It cannot be approved; edit or reject it."
        raise Unrenderable(message, hint) from None
    return msgspec.msgpack.decode(data, type=Rendered)


def _context() -> ForkContext | SpawnContext:
    """Returns how to start a process.

    A fork starts at once, but copies locks in whatever state other threads left them.
    """
    if threading.active_count() == 1:
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("spawn")


def _run(
    result: Connection,
    work: Callable[..., bytes],
    args: tuple[Any, ...],
    limits: tuple[int, int],
) -> None:
    memory, seconds = limits
    if memory:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer = b"+" + work(*args)
    except SitegenError as error:
        problems = error.problems if isinstance(error, ProblemsFound) else ()
        hint = "" if problems else error.hint
        failure = _Failure(error.message if not problems else "", hint, problems)
        answer = b"-" + msgspec.msgpack.encode(failure)
    result.send_bytes(answer)
    result.close()


def _render(text: str, image_hosts: tuple[str, ...], fields: tuple[str, ...]) -> bytes:
    for field in fields:
        render_untrusted(field, image_hosts)
    return msgspec.msgpack.encode(Rendered(*render_untrusted(text, image_hosts)))
