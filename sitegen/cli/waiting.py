"""How posts that are left out are shown."""

from sitegen.build.survey import Asked
from sitegen.cli.site import when_words
from sitegen.cli.terminal import plural, say
from sitegen.problems import printable
from sitegen.site.visibility import Waiting


def show_waiting(asked: Asked, waiting: tuple[Waiting, ...]) -> None:
    """Prints which posts are left out, and why."""
    if not waiting:
        return
    verb = "waits" if len(waiting) == 1 else "wait"
    shown = [waiting_words(asked, item) for item in waiting[:5]]
    if len(waiting) > len(shown):
        shown.append(f"and {len(waiting) - len(shown)} more (see sitegen list all)")
    say(f"{plural(len(waiting), 'post')} {verb}: {'; '.join(shown)}.")


def waiting_words(asked: Asked, waiting: Waiting) -> str:
    """Returns words for one post that is left out."""
    when = when_words(waiting.moment, asked.config)
    reasons = {
        "draft": "a draft",
        "future": f"until {when}",
        "expired": f"expired {when}",
    }
    return f'"{printable(waiting.title)}", {reasons[waiting.reason]}'
