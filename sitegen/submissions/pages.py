"""What visitors see: the form and the receipt, as HTML in the site's own page.

Every text goes through Markup.format, which escapes it.
"""

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from urllib.parse import unquote

import msgspec
from markupsafe import Markup

from sitegen.config import Config, SubmissionField, Submissions
from sitegen.content.titles import MAX_TITLE
from sitegen.submissions.form import LONGEST_EMAIL, LONGEST_NAME, TRAP

FORM = "form"
RECEIPT = "receipt"

MARKDOWN_HINT = Markup(
    "You can write Markdown: <code>**bold**</code>, <code>*italic*</code>, "
    "<code>[link](https://example.org)</code>, <code># headings</code>, lists, "
    "<code>&gt; quotes</code>, <code>`code`</code> and tables."
)

_PLAIN = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto;
 padding: 0 1rem; color-scheme: light dark }}
label {{ display: block; font-weight: 600 }}
input:not([type=checkbox]), textarea, select {{ width: 100%; box-sizing: border-box;
 font: inherit }}
.trap {{ position: absolute; left: -10000px }}
.error {{ color: #b3202d; font-weight: 600 }}
@media (prefers-color-scheme: dark) {{ .error {{ color: #ff8b80 }} }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<!-- sitegen:{place} -->
<!-- /sitegen:{place} -->
</main>
</body>
</html>
"""


class Shown(msgspec.Struct, frozen=True):
    """A form as it is to be shown."""

    token: str
    values: Mapping[str, str] = {}
    errors: Mapping[str, str] = {}
    notice: str = ""
    """A sentence above the form."""
    bad: bool = True
    """Whether the sentence is bad news."""


class Receipt(msgspec.Struct, frozen=True):
    """What became of a submission; nothing in it is personal."""

    state: str
    """`waiting`, `accepted`, `published`, `declined` or `unknown`."""
    url: str = ""
    """Where it is, or will be in a moment once it is accepted."""


class Shells:
    """The site's pages around form and receipt, read again when they change."""

    def __init__(self, output: Path, config: Config, settings: Submissions) -> None:
        base = output / settings.path.strip("/")
        self.paths = {
            FORM: base / "index.html",
            RECEIPT: base / "received" / "index.html",
        }
        self.titles = {FORM: "Send in a post", RECEIPT: "Your post"}
        self.lang = config.language
        self.output = output
        self.base_path = config.base_path
        self.known: dict[str, tuple[tuple[int, int, int], str]] = {}

    def fill(self, place: str, content: Markup) -> str:
        """Returns the page with this content in its marked place."""
        shell = self._shell(place)
        start, end = f"<!-- sitegen:{place} -->", f"<!-- /sitegen:{place} -->"
        head, found, rest = shell.partition(start)
        _, closed, tail = rest.partition(end)
        if not (found and closed):
            return self.fill_plain(place, content)
        return f"{head}{content}{tail}"

    def fill_plain(self, place: str, content: Markup) -> str:
        """Returns a page of our own around the content."""
        plain = _PLAIN.format(
            lang=escape(self.lang), title=self.titles[place], place=place
        )
        head, _, rest = plain.partition(f"<!-- sitegen:{place} -->")
        tail = rest.partition(f"<!-- /sitegen:{place} -->")[2]
        return f"{head}{content}{tail}"

    def is_built(self, url: str) -> bool:
        """True if the page at a URL of the site lies in the output."""
        path = self.output / unquote(url.removeprefix(self.base_path)).lstrip("/")
        return (path / "index.html" if url.endswith("/") else path).is_file()

    def _shell(self, place: str) -> str:
        path = self.paths[place]
        try:
            status = os.stat(path)
            if not stat.S_ISREG(status.st_mode):
                return ""
            signature = (status.st_mtime_ns, status.st_size, status.st_ino)
            known = self.known.get(place)
            if known is None or known[0] != signature:
                known = signature, path.read_text(encoding="utf-8", errors="replace")
                self.known[place] = known
        except OSError:
            return ""
        return known[1]


def form_html(settings: Submissions, shown: Shown) -> Markup:
    """Returns the form with what was typed, and the errors beside their fields."""
    return Markup(
        "{}\n"
        '<form class="form" method="post" accept-charset="utf-8">\n'
        '<input type="hidden" name="token" value="{}">\n'
        "{}\n{}\n"
        '<p class="actions"><button class="button">Send</button></p>\n'
        "</form>\n"
    ).format(
        messages_html(settings, shown),
        shown.token,
        fields_html(settings, shown, "Your name", "Your e-mail", MARKDOWN_HINT),
        _trap(shown),
    )


def messages_html(settings: Submissions, shown: Shown) -> Markup:
    """Returns what stands above the fields: the notice, and the list of errors."""
    labels = {"title": "Title", "content": "Text", "name": "Name", "email": "E-mail"}
    labels.update((field.name, field.label or field.name) for field in settings.fields)
    return _notice(shown) + _summary(shown.errors, labels)


def fields_html(
    settings: Submissions, shown: Shown, name: str, email: str, hint: str | Markup = ""
) -> Markup:
    """Returns the fields; `name` and `email` are what two of them are called."""
    about = "Only the moderators see it."
    fields = [
        _title(shown),
        _content(shown, settings.limits.content, hint),
        _line(shown, "name", name, LONGEST_NAME, autocomplete="name"),
        _line(
            shown,
            "email",
            email,
            LONGEST_EMAIL,
            kind="email",
            autocomplete="email",
            hint=about,
        ),
        *(_declared(shown, field) for field in settings.fields),
    ]
    return Markup("\n").join(fields)


def _notice(shown: Shown) -> Markup:
    if not shown.notice:
        return Markup("")
    look = "notice bad" if shown.bad else "notice"
    return Markup('<p class="{}" role="alert">{}</p>\n').format(look, shown.notice)


def _summary(errors: Mapping[str, str], labels: Mapping[str, str]) -> Markup:
    if not errors:
        return Markup("")
    items = Markup("").join(
        Markup('<li><a href="#{}">{}: {}</a></li>').format(name, labels[name], words)
        for name, words in errors.items()
    )
    return Markup(
        '<div class="errors" role="alert"><h2>Please look at this again</h2>'
        "<ul>{}</ul></div>\n"
    ).format(items)


def _field(
    shown: Shown,
    name: str,
    label: str,
    optional: bool,
    hint: str | Markup,
    control: Callable[[Markup], Markup],
) -> Markup:
    """Returns a label, a hint, a control and its error; ids tie them together."""
    error = shown.errors.get(name, "")
    described = [f"{name}-hint"] if hint else []
    described += [f"{name}-error"] if error else []
    attributes = Markup("")
    if described:
        attributes += Markup(' aria-describedby="{}"').format(" ".join(described))
    if error:
        attributes += Markup(' aria-invalid="true"')
    parts = [
        Markup('<div class="field"><label for="{}">{}{}</label>').format(
            name, label, _OPTIONAL if optional else ""
        )
    ]
    if hint:
        parts.append(Markup('<p class="hint" id="{}-hint">{}</p>').format(name, hint))
    parts.append(control(attributes))
    if error:
        words = Markup('<p class="error" id="{}-error">{}</p>').format(name, error)
        parts.append(words)
    return Markup("\n").join([*parts, Markup("</div>")])


_OPTIONAL = Markup(' <span class="optional">(optional)</span>')


def _title(shown: Shown) -> Markup:
    return _line(shown, "title", "Title", MAX_TITLE, required=True)


def _content(shown: Shown, longest: int, hint: str | Markup) -> Markup:
    return _area(shown, "content", "Text", longest, True, hint, 14)


def _area(
    shown: Shown,
    name: str,
    label: str,
    longest: int,
    required: bool,
    hint: str | Markup,
    rows: int,
) -> Markup:
    def control(attributes: Markup) -> Markup:
        # A line break after the tag is not part of the text; ours keeps the first.
        return Markup(
            '<textarea id="{0}" name="{0}" rows="{1}" maxlength="{2}"{3}{4}>\n{5}'
            "</textarea>"
        ).format(
            name,
            rows,
            longest,
            _REQUIRED if required else "",
            attributes,
            shown.values.get(name, ""),
        )

    return _field(shown, name, label, not required, hint, control)


_REQUIRED = Markup(" required")


def _line(
    shown: Shown,
    name: str,
    label: str,
    longest: int,
    kind: str = "text",
    required: bool = False,
    hint: str = "",
    autocomplete: str = "off",
) -> Markup:
    def control(attributes: Markup) -> Markup:
        limit = Markup(' maxlength="{}"').format(longest)
        return Markup(
            '<input id="{0}" name="{0}" type="{1}" value="{2}" autocomplete="{3}"'
            "{4}{5}{6}>"
        ).format(
            name,
            kind,
            shown.values.get(name, ""),
            autocomplete,
            "" if kind in ("number", "date") else limit,
            _REQUIRED if required else "",
            attributes,
        )

    return _field(shown, name, label, not required, hint, control)


def _declared(shown: Shown, field: SubmissionField) -> Markup:
    label = field.label or field.name
    if field.kind == "text":
        return _area(
            shown, field.name, label, field.longest, field.required, field.hint, 5
        )
    if field.kind == "choice":
        return _choice(shown, field, label)
    if field.kind == "flag":
        return _flag(shown, field, label)
    kind = "text" if field.kind == "line" else field.kind
    return _line(
        shown, field.name, label, field.longest, kind, field.required, field.hint
    )


def _choice(shown: Shown, field: SubmissionField, label: str) -> Markup:
    chosen = shown.values.get(field.name, "")

    def control(attributes: Markup) -> Markup:
        options = Markup("").join(
            Markup('<option value="{0}"{1}>{0}</option>').format(
                choice, Markup(" selected") if choice == chosen else ""
            )
            for choice in field.choices
        )
        return Markup(
            '<select id="{0}" name="{0}"{1}{2}><option value=""></option>{3}</select>'
        ).format(field.name, _REQUIRED if field.required else "", attributes, options)

    return _field(shown, field.name, label, not field.required, field.hint, control)


def _flag(shown: Shown, field: SubmissionField, label: str) -> Markup:
    error = shown.errors.get(field.name, "")
    return Markup(
        '<div class="field check"><input type="checkbox" id="{0}" name="{0}" value="1"'
        '{1}{2}{3}> <label for="{0}">{4}</label>{5}</div>'
    ).format(
        field.name,
        Markup(" checked") if shown.values.get(field.name) else "",
        _REQUIRED if field.required else "",
        Markup(' aria-invalid="true" aria-describedby="{}-error"').format(field.name)
        if error
        else "",
        label,
        Markup('<p class="error" id="{}-error">{}</p>').format(field.name, error)
        if error
        else "",
    )


def _trap(shown: Shown) -> Markup:
    """Returns the field that only machines fill in."""
    return Markup(
        '<div class="trap" aria-hidden="true"><label for="{0}">Leave this empty</label>'
        '<input id="{0}" name="{0}" value="{1}" tabindex="-1" autocomplete="off"></div>'
    ).format(TRAP, shown.values.get(TRAP, ""))


def receipt_html(receipt: Receipt) -> Markup:
    """Returns what a visitor reads about a post that was sent in."""
    if receipt.state == "published":
        return Markup(
            '<p class="notice good">Your post is published: <a href="{0}">{0}</a></p>'
        ).format(receipt.url)
    if receipt.state == "accepted":
        return Markup(
            '<p class="notice good">Your post was accepted. It will be at '
            '<a href="{0}">{0}</a> in a moment.</p>'
        ).format(receipt.url)
    look, words = RECEIPT_WORDS[receipt.state]
    return Markup('<p class="{}">{}</p>').format(look, words)


RECEIPT_WORDS: Mapping[str, Sequence[str]] = {
    "waiting": (
        "notice good",
        "Thank you. Your post has arrived and waits for a moderator. Keep the address "
        "of this page: it will tell you what becomes of your post.",
    ),
    "declined": ("notice", "Your post was not accepted."),
    "unknown": ("notice bad", "This is not the address of a receipt."),
}
"""State of a receipt → its look and its words."""
