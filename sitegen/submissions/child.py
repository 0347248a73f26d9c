"""A stranger's text is rendered in a process that can be killed.

A few hundred bytes of Markdown, or of code to be coloured, can keep a parser busy for
hours. So whoever wants to see or approve a text renders it here first; what takes too
long, or too much memory, is never rendered anywhere else.
"""

import multiprocessing
import resource
from multiprocessing.connection import Connection

import msgspec

from sitegen.markup.records import Outline
from sitegen.markup.sanitize import SafeDocument, render_untrusted
from sitegen.problems import SitegenError

MEMORY = 2 << 30
"""Bytes of address space that rendering may take."""


class Unrenderable(SitegenError):
    """A text takes too long or too much to render; it cannot be approved."""


class Rendered(msgspec.Struct, frozen=True, array_like=True):
    """What a stranger's text became, in time."""

    document: SafeDocument
    outline: Outline


def render_in_child(
    text: str, image_hosts: tuple[str, ...], seconds: float
) -> Rendered:
    """Returns what a stranger's text becomes; raises Unrenderable."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_render, args=(theirs, text, image_hosts))
    process.start()
    theirs.close()
    try:
        if not ours.poll(seconds):
            message = f"The text takes more than {seconds:g} seconds to render."
            raise Unrenderable(message, _HINT)
        return msgspec.msgpack.decode(ours.recv_bytes(), type=Rendered)
    except EOFError:
        raise Unrenderable("The text cannot be rendered.", _HINT) from None
    finally:
        process.kill()
        process.join()
        ours.close()


_HINT = "It cannot be approved; edit or reject it."


def _render(result: Connection, text: str, image_hosts: tuple[str, ...]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    document, outline = render_untrusted(text, image_hosts)
    result.send_bytes(msgspec.msgpack.encode(Rendered(document, outline)))
    result.close()
