"""The review pages: log in, look, decide. Part of the endpoint, below its path.

GET never acts. Whatever acts is a POST from this very site (Sec-Fetch-Site, Origin)
with the session's token. Rendering and approving happen in a child process.
"""

import contextlib
import re
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Request, Response

from sitegen.config import Config, Submissions
from sitegen.content.titles import check_line
from sitegen.problems import SitegenError
from sitegen.submissions import decisions, form, origin, pages, rebuild
from sitegen.submissions.body import Unwelcome, body_of
from sitegen.submissions.decisions import UNDO_SECONDS, Decision, Decisions
from sitegen.submissions.moderation import Desk, Listed, Overtaken
from sitegen.submissions.pages import Shown
from sitegen.submissions.published import Published
from sitegen.submissions.rates import Limit, Rates
from sitegen.submissions.records import ID, State
from sitegen.submissions.review import (
    PLACE,
    errands,
    lookalikes,
    password,
    theme,
    view,
)
from sitegen.submissions.review.errands import Office, Outcome
from sitegen.submissions.review.listing import PAGE, Listing
from sitegen.submissions.review.session import (
    COOKIE,
    Session,
    Sessions,
    delete_cookie,
    set_cookie,
)
from sitegen.submissions.review.visit import (
    NEXT,
    PREVIEW_POLICY,
    URLS,
    Note,
    Visit,
    fields_of,
    guarded,
    redirect,
)
from sitegen.submissions.spool import Spool

GUESSES_NETWORK, GUESSES_ALL = 10, 60
"""Passwords that are looked at, from one network and from everywhere: so many at once,
and then so many an hour."""

LONGEST_NAME, LONGEST_REASON = 60, 500

LOGIN_FIELDS = ("review-who", "review-password", "review-next")
"""Fields of the log-in form; with hyphens, which no field of a submission has."""

HANDS, WAITING = 2, 2
"""Child processes at a time, and requests that wait for one: each holds a thread of the
server, and visitors need some too."""

_CHOSEN = re.compile(r"([0-9a-f]{20})\.([0-9a-f]{16})")
_BATCH = re.compile(r"[0-9a-f]{12}")


class Review:
    """Answers what is asked below the endpoint's path; safe for many threads."""

    def __init__(
        self,
        root: Path,
        config: Config,
        settings: Submissions,
        spool: Spool,
        rates: Rates,
        keys: Sequence[str],
        published: Published,
        now: Callable[[], float],
        wake: Callable[[], None],
    ) -> None:
        self.root = root
        self.config = msgspec.structs.replace(config, submissions=settings)
        self.settings = settings
        self.spool = spool
        self.rates = rates
        self.published = published
        self.now = now
        self.wake = wake
        self.sessions = Sessions(keys, now)
        self.listing = Listing(spool)
        self.log = Decisions(spool)
        self.clock = view.Clock(config)
        self.hands = threading.BoundedSemaphore(HANDS)
        self.line = threading.BoundedSemaphore(HANDS + WAITING)

    # Requests

    def answer(self, request: Request, mount: str, place: str) -> Response:
        """Returns the answer to a request below the endpoint's path."""
        hashed = password.stored(self.spool)
        base = f"{mount}{PLACE}"
        inner = place.removeprefix(PLACE)
        if place == PLACE.rstrip("/"):
            return redirect(HTTPStatus.PERMANENT_REDIRECT, base)
        if (asset := theme.asset(inner)) and request.method in ("GET", "HEAD"):
            return asset
        session = self.sessions.read(request.cookies.get(COOKIE, ""), hashed)
        visit = Visit(request, base, inner, hashed, session)
        response = self.dispatch(visit)
        # A preview is fetched beside its page: it may end after a log-out, and must not
        # bring the session back.
        is_page = not visit.place.endswith("/preview/")
        if session and is_page and "Set-Cookie" not in response.headers:
            if renewed := self.sessions.renewed(session):
                self.remember(visit, response, renewed)
        return guarded(response)

    def dispatch(self, visit: Visit) -> Response:
        """Returns the answer of the page that is asked for."""
        adapter = URLS.bind("", "/")
        try:
            name, values = adapter.match(f"/{visit.place}", visit.request.method)
        except MethodNotAllowed as error:
            return _with_allow(self.lost(visit, HTTPStatus.METHOD_NOT_ALLOWED), error)
        except HTTPException:
            return self.lost(visit, HTTPStatus.NOT_FOUND)
        if visit.request.method == "POST":
            return self.post(visit, name, values)
        if visit.session is None:
            return self.show_login(visit)
        show: Callable[..., Response] = getattr(self, f"show_{name}")
        return show(visit, **values)

    def post(self, visit: Visit, name: str, values: Mapping[str, str]) -> Response:
        """Reads a form, and does what it says if this session's page has sent it."""
        try:
            body = body_of(visit.request, self.settings.limits.body)
            fields = fields_of(body)
        except Unwelcome as error:
            return self.lost(visit, error.status, error.message)
        except ValueError:
            words = "The form cannot be read."
            return self.lost(visit, HTTPStatus.BAD_REQUEST, words)
        visit = msgspec.structs.replace(visit, fields=fields)
        environ = visit.request.environ
        if not origin.is_allowed(environ, self.config.origin, ()):
            words = "This form was sent from another site. Nothing was done."
            return self.lost(visit, HTTPStatus.FORBIDDEN, words)
        if name == "login":
            return self.login(visit)
        token = visit.field("token")
        if visit.session is None or not self.sessions.is_form_token(
            visit.session, token
        ):
            words = "You were logged out meanwhile. Log in to go on; nothing was lost."
            return self.show_login(visit, HTTPStatus.FORBIDDEN, words)
        work: Callable[..., Response] = getattr(self, f"do_{name}")
        return work(visit, **values)

    def page(
        self,
        visit: Visit,
        template: str,
        status: HTTPStatus = HTTPStatus.OK,
        notes: Iterable[Note] = (),
        **more: Any,
    ) -> Response:
        """Returns one of the pages."""
        broken = rebuild.failure(self.spool) if visit.session else ""
        token = self.sessions.form_token(visit.session) if visit.session else ""
        html = theme.render(
            f"{template}.html",
            base=visit.base,
            site=self.config.title or "Submissions",
            lang="en",
            who=visit.who,
            token=token,
            notes=list(notes),
            broken=broken,
            counts=self.listing.counts() if visit.session else {},
            tabs=view.TABS,
            zone=self.clock.name,
            **more,
        )
        return Response(html, status, mimetype="text/html")

    def lost(self, visit: Visit, status: HTTPStatus, words: str = "") -> Response:
        """Returns the page for what is not there, or not done."""
        said = words or "There is nothing here."
        return self.page(visit, "gone", status, heading=status.phrase, words=said)

    # Logging in and out

    def show_login(
        self,
        visit: Visit,
        status: HTTPStatus = HTTPStatus.OK,
        words: str = "",
        retry_after: int = 0,
    ) -> Response:
        """Returns the form to log in with; it keeps what was being sent."""
        request = visit.request
        cross = request.environ.get("HTTP_SEC_FETCH_SITE") == "cross-site"
        if cross and request.method == "GET":
            # A link in a web mail: SameSite=Strict has kept the cookie back. Coming
            # from a page of this site it is sent.
            return self.page(visit, "again", place=visit.next)
        kept = [
            (name, value)
            for name, values in visit.fields.items()
            for value in values
            if name not in ("token", *LOGIN_FIELDS)
        ]
        next = visit.field("review-next") if visit.place == "login/" else visit.next
        response = self.page(
            visit,
            "login",
            status,
            [Note(words, "bad")] if words else (),
            next=next,
            kept=kept,
            name=visit.field("review-who"),
            longest=LONGEST_NAME,
        )
        if retry_after:
            response.headers["Retry-After"] = str(retry_after)
        return response

    def login(self, visit: Visit) -> Response:
        """Begins a session, if the password is right and was not guessed at."""
        name = " ".join(visit.field("review-who").split())
        if not name or len(name) > LONGEST_NAME or check_line(name):
            words = f"Give a name of up to {LONGEST_NAME} letters."
            return self.show_login(visit, HTTPStatus.UNPROCESSABLE_ENTITY, words)
        wait = self.rates.take(self.guesses(visit.request))
        if wait:
            minutes = int(wait // 60) + 1
            words = (
                f"There were too many attempts. Try again in {minutes} "
                f"minute{'s' if minutes > 1 else ''}."
            )
            status = HTTPStatus.TOO_MANY_REQUESTS
            return self.show_login(visit, status, words, int(wait) + 1)
        if not password.is_right(visit.hashed, visit.field("review-password")):
            words = "That is not the password."
            return self.show_login(visit, HTTPStatus.FORBIDDEN, words)
        session = self.sessions.begin(name)
        response = self.resume(msgspec.structs.replace(visit, session=session))
        self.remember(visit, response, session)
        return response

    def guesses(self, request: Request) -> tuple[Limit, Limit]:
        """Returns the limits under which passwords are looked at."""
        network = origin.network(request.environ, self.settings.trusted_proxies)
        key = f"login {self.rates.hash_of(network)}".encode()
        return Limit(b"login", GUESSES_ALL), Limit(key, GUESSES_NETWORK)

    def resume(self, visit: Visit) -> Response:
        """Returns to where a session was missing, with what had been typed there."""
        next = visit.field("review-next")
        next = next if NEXT.fullmatch(next) else ""
        id = next.partition("/")[0]
        again = Note("You are logged in. Please look it over and send it once more.")
        if "/edit/" in next and "content" in visit.fields:
            return self.editor(visit, id, [again])
        if ID.fullmatch(id) and visit.field("reason"):
            return self.show_entry(visit, id, [again])
        if visit.fields.get("entry"):
            return self.show_queue(visit, [again], _state(visit.field("state")))
        return redirect(HTTPStatus.SEE_OTHER, visit.base + next)

    def remember(self, visit: Visit, response: Response, session: Session) -> None:
        """Gives the browser its cookie."""
        value = self.sessions.cookie(session, visit.hashed)
        set_cookie(response, value, visit.base, self.is_secure(visit.request))

    def is_secure(self, request: Request) -> bool:
        """True where visitors come by https, whatever a proxy makes of it."""
        return request.scheme == "https" or self.config.origin.startswith("https:")

    def do_logout(self, visit: Visit) -> Response:
        """Takes the session from the browser."""
        response = redirect(HTTPStatus.SEE_OTHER, visit.base)
        delete_cookie(response, visit.base, self.is_secure(visit.request))
        return response

    # Looking

    def show_queue(
        self,
        visit: Visit,
        notes: Iterable[Note] = (),
        state: State | None = None,
        status: HTTPStatus = HTTPStatus.OK,
    ) -> Response:
        """Returns a page of a folder, or of what a search finds in it."""
        args = visit.request.args
        state = state or _state(args.get("state", ""))
        words = args.get("q", "")[:200].strip()
        first = _number(args.get("first", ""))
        find = self.listing.search if words else None
        found = find(state, words, first) if find else self.listing.page(state, first)
        batch = args.get("did", "") if status is HTTPStatus.OK else ""
        return self.page(
            visit,
            "queue",
            status,
            [*notes, *self.news(batch)],
            state=state,
            words=words,
            found=found,
            rows=[view.row_of(each, self.clock) for each in found.entries],
            size=PAGE,
            chosen=set(visit.fields.get("entry", ())),
            reason=visit.field("reason"),
            longest=LONGEST_REASON,
            undo=self.undoable(batch),
        )

    def show_entry(self, visit: Visit, id: str, notes: Iterable[Note] = ()) -> Response:
        """Returns all that is known of an entry, and what can be done with it."""
        desk = self.desk(visit)
        try:
            listed = desk.read(id)
        except SitegenError as error:
            return self.show_gone(visit, id, error.message)
        entry, index = listed.submission, self.published.current()
        similar, same = view.near(listed, self.listing.newest(), index.titles)
        before, after = self.listing.next_to(listed.state, id)
        batch = visit.request.args.get("did", "")
        return self.page(
            visit,
            "entry",
            notes=[*notes, *self.news(batch)],
            listed=listed,
            entry=entry,
            title=view.revealed(entry.title),
            source=view.revealed(entry.content),
            facts=view.facts_of(listed, self.settings, self.clock),
            warnings=lookalikes.warnings(entry.title),
            similar=similar,
            same=same,
            before=before,
            after=after,
            reason=visit.field("reason"),
            longest=LONGEST_REASON,
            undo=self.undoable(batch),
        )

    def show_gone(self, visit: Visit, id: str, words: str) -> Response:
        """Returns what became of an entry that is not in the queue."""
        if self.log.last_of(id):
            words = self.desk(visit).story(id)
        note = Note(words, place=self.published.url_of(id))
        status = HTTPStatus.NOT_FOUND
        return self.page(visit, "gone", status, [note], heading="Not here", words="")

    def show_preview(self, visit: Visit, id: str) -> Response:
        """Returns the page that an entry would become, for a frame without rights."""
        try:
            with self.turn():
                html = errands.preview(self.office(visit), id)
            response = Response(html, mimetype="text/html")
        except SitegenError as error:
            words = errands.in_words(error)
            html = theme.render("preview.html", base=visit.base, words=words).encode()
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            response = Response(html, status, mimetype="text/html")
        hosts = "".join(f" {host}" for host in self.settings.image_hosts)
        response.headers["Content-Security-Policy"] = PREVIEW_POLICY.format(hosts=hosts)
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
        return response

    def show_edit(self, visit: Visit, id: str) -> Response:
        """Returns the form with an entry in it."""
        return self.editor(visit, id)

    def show_log(self, visit: Visit) -> Response:
        """Returns the last decisions."""
        lines = [
            view.line_of(each, self.clock, self.place_of(each))
            for each in self.log.newest()
        ]
        return self.page(visit, "log", lines=lines)

    def editor(
        self,
        visit: Visit,
        id: str,
        notes: Iterable[Note] = (),
        errors: dict[str, str] | None = None,
        status: HTTPStatus = HTTPStatus.OK,
    ) -> Response:
        """Returns the form with what was typed, or else with the entry."""
        desk = self.desk(visit)
        listed: Listed | None = None
        try:
            listed = desk.read(id)
        except SitegenError as error:
            if "content" not in visit.fields:
                return self.show_gone(visit, id, error.message)
        typed = {name: values[0] for name, values in visit.fields.items() if values}
        known = view.values_of(listed.submission) if listed else {}
        values = typed if "content" in typed else known
        shown = Shown("", values, errors or {})
        return self.page(
            visit,
            "edit",
            status,
            notes,
            id=id,
            # Who has seen a later version is told so, and may then overwrite it.
            seen=listed.version if listed else "",
            messages=pages.messages_html(self.settings, shown),
            inputs=pages.fields_html(self.settings, shown, "Name", "E-mail"),
        )

    # Deciding

    def do_edit(self, visit: Visit, id: str) -> Response:
        """Stores what was typed, checked as if it were sent."""
        values = {name: visit.field(name) for name in form.field_names(self.settings)}
        draft, errors = form.check(values, self.settings)
        if draft is None:
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            return self.editor(visit, id, errors=errors, status=status)
        desk = self.desk(visit, secrets.token_hex(6))
        try:
            desk.edit(
                desk.read_as_seen(id, visit.field("review-seen") or "gone"), draft
            )
        except SitegenError as error:
            words = errands.in_words(error)
            if isinstance(error, Overtaken) and self.spool.find(id):
                words = f"{words} Saving once more puts your text in its place."
            notes = [Note(words, "bad")]
            return self.editor(visit, id, notes, status=HTTPStatus.CONFLICT)
        return redirect(HTTPStatus.SEE_OTHER, f"{visit.base}{id}/?did={desk.batch}")

    def do_act(self, visit: Visit) -> Response:
        """Does one thing with one entry or several, each as it was seen."""
        matches = map(_CHOSEN.fullmatch, dict.fromkeys(visit.fields.get("entry", ())))
        wanted = [(match[1], match[2]) for match in matches if match]
        state = _state(visit.field("state"))
        if not wanted:
            notes = [Note("Choose at least one entry first.", "bad")]
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            return self.show_queue(visit, notes, state, status)
        what = visit.field("do")
        if what == "enter":  # the Enter key: it rejects where a reason was typed
            what = "reject" if visit.field("reason").strip() else ""
        if not what:
            notes = [Note("Choose what to do with it.", "bad")]
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            return self.show_queue(visit, notes, state, status)
        batch = secrets.token_hex(6)
        if what == "approve":
            outcomes = self.approve(self.office(visit, batch), wanted)
        else:
            desk = self.desk(visit, batch)
            reason = _line(visit.field("reason"))
            outcomes = [act(desk, what, id, seen, reason) for id, seen in wanted]
        if what == "approve" and self.settings.rebuild:
            self.build_if_done(outcomes)
        return self.report(visit, state, batch, outcomes)

    def approve(self, office: Office, wanted: list[tuple[str, str]]) -> list[Outcome]:
        """Approves entries in a child process; returns what became of them."""
        try:
            with self.turn():
                return errands.approve(office, wanted)
        except SitegenError as error:
            return [Outcome(id, errands.in_words(error)) for id, _ in wanted]

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Waits for a child process to be allowed; raises SitegenError in a crowd."""
        if not self.line.acquire(blocking=False):
            raise SitegenError("Too much is being done at once. Try again in a moment.")
        try:
            with self.hands:
                yield
        finally:
            self.line.release()

    def do_undo(self, visit: Visit) -> Response:
        """Puts the entries of the last decision back as they were."""
        batch = visit.field("batch")
        done = self.log.of_batch(batch) if _BATCH.fullmatch(batch) else []
        desk = self.desk(visit, secrets.token_hex(6))
        outcomes = []
        for decision in done:
            try:
                desk.undo(decision.id, batch)
                outcomes.append(Outcome(decision.id))
            except SitegenError as error:
                outcomes.append(Outcome(decision.id, errands.in_words(error)))
        if self.settings.rebuild and any(each.action == "approve" for each in done):
            self.build_if_done(outcomes)
        state = _state(visit.field("state"))
        return self.report(visit, state, desk.batch, outcomes)

    def build_if_done(self, outcomes: list[Outcome]) -> None:
        """Asks for a build if anything was decided."""
        if not all(outcome.words for outcome in outcomes):
            rebuild.ask(self.spool)
            self.wake()

    def report(
        self, visit: Visit, state: State, batch: str, outcomes: list[Outcome]
    ) -> Response:
        """Goes back to the list, which says what was done; and what was not."""
        problems = [Note(outcome.words, "bad") for outcome in outcomes if outcome.words]
        problems += [Note(words) for each in outcomes for words in each.notes]
        if not problems:
            place = f"{visit.base}?state={state}&did={batch}"
            return redirect(HTTPStatus.SEE_OTHER, place)
        notes = [*problems, *self.news(batch)]
        clean = msgspec.structs.replace(visit, fields={})
        return self.show_queue(clean, notes, state, HTTPStatus.CONFLICT)

    def news(self, batch: str) -> list[Note]:
        """Returns what was decided at once, in words."""
        done = self.log.of_batch(batch) if _BATCH.fullmatch(batch) else []
        notes = []
        for what in dict.fromkeys(each.action for each in done):
            these = [each for each in done if each.action == what]
            count = "1 entry" if len(these) == 1 else f"{len(these)} entries"
            words = f"{these[0].by} {decisions.DONE[what]} {count}."
            if what == "approve":
                words = f"{words} {self.when_online()}"
            url = self.place_of(these[0]) if len(these) == 1 else ""
            notes.append(Note(words, "good", url))
        return notes

    def place_of(self, decision: Decision) -> str:
        """Returns where the post is that a decision published, or ""."""
        is_post = decision.action == "approve"
        return self.published.url_of(decision.id) if is_post else ""

    def when_online(self) -> str:
        """Returns when an approved post can be read."""
        if not self.settings.rebuild:
            return "The next build of the site publishes it."
        if rebuild.is_under_way(self.spool):
            return "The site is being built; it is online in a moment."
        return "" if rebuild.failure(self.spool) else "It is online."

    def undoable(self, batch: str) -> str:
        """Returns the batch if it can still be undone, else ""."""
        done = self.log.of_batch(batch) if _BATCH.fullmatch(batch) else []
        recent = [
            each
            for each in done
            if each.action not in ("undo", "erase")
            and self.now() - each.at < UNDO_SECONDS
        ]
        return batch if recent else ""

    def desk(self, visit: Visit, batch: str = "") -> Desk:
        """Returns the desk of the moderator who sent a request."""
        return Desk(
            self.root,
            self.config,
            self.settings,
            self.spool,
            self.now,
            visit.who,
            batch,
        )

    def office(self, visit: Visit, batch: str = "") -> Office:
        """Returns the same for a child process."""
        now = self.now()
        return Office(self.root, self.config, self.spool.path, now, visit.who, batch)


def act(desk: Desk, what: str, id: str, seen: str, reason: str) -> Outcome:
    """Rejects, restores or marks an entry; returns what became of it."""
    work = {
        "reject": lambda: desk.reject(id, reason, seen=seen),
        "spam": lambda: desk.spam(id, seen),
        "restore": lambda: desk.restore(id, seen),
    }.get(what)
    if work is None:
        return Outcome(id, "Nobody knows how to do that.")
    try:
        work()
    except SitegenError as error:
        return Outcome(id, errands.in_words(error))
    return Outcome(id)


def _line(text: str) -> str:
    """Returns a moderator's words on one line, without what cannot be seen."""
    words = " ".join(text.split())
    return "".join(filter(str.isprintable, words))[:LONGEST_REASON]


def _with_allow(response: Response, error: MethodNotAllowed) -> Response:
    response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return response


def _state(text: str) -> State:
    return next((state for state in view.TABS if state == text), "pending")


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) else 0
