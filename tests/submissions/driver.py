"""A process of its own that sends submissions or approves them, for breaking.

`python -m tests.submissions.driver send ROOT FIRST COUNT` sends the forms FIRST, FIRST +
1, … to an endpoint in this process and prints the number of each that was
acknowledged; `approve ROOT` approves what waits and prints each id. `full ROOT` and
`cut ROOT DEVICE FOLDER` do what their functions say.

It is started hundreds of times, so each task imports what it needs and no more.
"""

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from sitegen.config import Submissions, load
from sitegen.problems import SitegenError
from sitegen.submissions.records import parse, title_digest
from sitegen.submissions.spool import Spool, open_spool

if TYPE_CHECKING:
    from sitegen.submissions.app import Endpoint
    from sitegen.submissions.moderation import Desk

CLOCK = 1782907200
"""The time at which all of this happens."""

QUEUE = "content/queue"

SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2
"""The ioctl by which ext4 behaves as if the power were cut."""


def endpoint(root: Path) -> "Endpoint":
    """Returns the endpoint of a site, at a time that stands still."""
    from sitegen.submissions.app import Endpoint

    config, problems = load(root)
    assert not problems and config.submissions, problems
    return Endpoint(root, config, config.submissions, now=lambda: float(CLOCK))


def form_id(number: int) -> str:
    """Returns the id of a form."""
    return f"{number:020x}"


def token_of(app: "Endpoint", number: int) -> str:
    """Returns the token of a form, the same in every run."""
    return app.tokens.form(form_id(number), again=True)


def send(app: "Endpoint", number: int, size: int = 10) -> bool:
    """Sends a form; returns whether it was acknowledged."""
    from werkzeug.test import Client

    sent = {
        "title": f"Title {number}",
        "content": "x" * size,
        "token": token_of(app, number),
    }
    status = Client(app).post("/submit/", data=sent).status_code
    assert status in (303, 503, 507), status
    return status == 303


def check(root: Path, acknowledged: list[int]) -> None:
    """Raises AssertionError unless each acknowledged form is there exactly once."""
    queue = root / QUEUE
    pending = {
        path.name: parse(path.read_bytes()) for path in (queue / "pending").iterdir()
    }
    posts = [path.read_text() for path in (root / "content/posts").glob("*.md")]
    for number in acknowledged:
        id = form_id(number)
        published = sum(f"id: {id}\n" in text.replace("'", "") for text in posts)
        assert (f"{id}.md" in pending) + published == 1, id
    digests = [title_digest(entry.title) for entry in pending.values()]
    assert len(set(digests)) == len(digests)
    for name, entry in pending.items():
        assert name == f"{entry.id}.md"
        assert os.readlink(queue / "titles" / title_digest(entry.title)) == entry.id


def send_some(root: Path, first: int, count: int) -> None:
    """Sends forms and says which were acknowledged."""
    app = endpoint(root)
    for number in range(first, first + count):
        if send(app, number):
            os.write(1, f"{number}\n".encode())
    os._exit(0)


def approve_all(root: Path) -> None:
    """Approves everything that waits and says what was approved."""
    from sitegen.submissions.moderation import Desk

    config, _ = load(root)
    settings = config.submissions or Submissions()
    with open_spool(root / QUEUE) as spool:
        desk = Desk(root, config, settings, spool, lambda: float(CLOCK))
        with desk.at_work():
            pass
        for id in spool.ids("pending"):
            approve(desk, spool, id)


def approve(desk: "Desk", spool: Spool, id: str) -> None:
    """Approves an entry and says so."""
    try:
        desk.approve(id)
    except (SitegenError, OSError) as failure:
        os.write(2, f"{id}: {failure}\n".encode())
    else:
        os.write(1, f"{id}\n".encode())


def full(root: Path) -> None:
    """Sends forms until the disk is full, makes room, and sends some more."""
    from werkzeug.test import Client

    app = endpoint(root)
    filler = root / QUEUE / "tmp/filler"
    filler.write_bytes(b"x" * 65536)
    acknowledged, refused = [], 0
    for number in range(1, 400):
        if send(app, number, 3000):
            acknowledged.append(number)
        else:
            refused += 1
        if refused == 5:
            break
    assert acknowledged and refused == 5, (acknowledged, refused)
    check(root, acknowledged)
    queue = root / QUEUE
    assert os.listdir(queue / "tmp") == ["filler"]
    assert len(os.listdir(queue / "titles")) == len(os.listdir(queue / "pending"))
    assert Client(app).get("/submit/health").status_code == 200
    filler.unlink()
    (queue / "pending" / f"{form_id(acknowledged.pop())}.md").unlink()
    assert send(app, 1000), "there is room again"
    check(root, [*acknowledged, 1000])


def cut(root: Path, device: str, folder: Path) -> None:
    """Sends forms from several threads and cuts the power after an answer."""
    app = endpoint(root)
    acknowledged: list[int] = []
    enough, lock = threading.Event(), threading.Lock()

    def client(first: int) -> None:
        for number in range(first, first + 1000):
            if enough.is_set() or not send(app, number):
                return
            with lock:
                if enough.is_set():
                    return
                acknowledged.append(number)
                if len(acknowledged) >= 40:
                    shut_down(folder)
                    enough.set()

    threads = [threading.Thread(target=client, args=(n * 1000,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    app.close()
    subprocess.run(["umount", str(folder)], check=True)
    subprocess.run(["mount", device, str(folder)], check=True)
    check(root, acknowledged)
    later = endpoint(root)
    assert send(later, 900_000), "it goes on"
    check(root, [*acknowledged, 900_000])
    later.close()


def shut_down(folder: Path) -> None:
    """Cuts the power of a file system."""
    handle = os.open(folder, os.O_RDONLY)
    fcntl.ioctl(handle, SHUTDOWN, NO_LOG_FLUSH.to_bytes(4, sys.byteorder))
    os.close(handle)


if __name__ == "__main__":
    task, where, *more = sys.argv[1:]
    if task == "send":
        send_some(Path(where), int(more[0]), int(more[1]))
    elif task == "approve":
        approve_all(Path(where))
    elif task == "full":
        full(Path(where))
    else:
        cut(Path(where), more[0], Path(more[1]))
