"""Sending what stands in the outbox: the real sending process, real Apprise, real servers, programs and kills."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from post_box import PostBox, post_box

from glue_tui.core.events import DelayNoticed, RunFinished
from glue_tui.core.model import RunId, job_id
from glue_tui.core.notices import NOTICE_NAMES
from glue_tui.core.states import Occasion
from glue_tui.definitions.project import load_project
from glue_tui.engine.notifying import NEWS_FOR_S, Notifier
from glue_tui.notify.facts import sample_facts
from glue_tui.protocol.deliveries import DeliveryView
from glue_tui.store import event_log, outbox
from glue_tui.store.database import open_database, transaction
from tests.conftest import RunningEngine, wait_for
from tests.history_of import FAILS_EACH, write_history

WORKFLOW = """
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "load" }]

[jobs.load]
type = "command"
command = ["sh", "-c", "echo the disk is full; exit 3"]
notify_delay_after = "10m"
"""
SECRET = "T0pSecretTokenOfOurs"


async def ended(sending: asyncio.Task[None]) -> None:
    """Cancel what sends, and raise what it died of before that."""
    sending.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await sending


class Post:
    """A project with one run that has failed just now, and what is to be sent about it."""

    def __init__(self, project: Path, *notifications: str, age_s: float = 0.0) -> None:
        text = WORKFLOW + "".join(f'\n[[notifications]]\non = ["FAILED", "DELAYED"]\n{one}\n' for one in notifications)
        (project / "workflows" / "daily.toml").write_text(text)
        self.project, self.state_dir = project, project / ".glue_tui"
        run_ids = write_history(project, FAILS_EACH, ends_at=time.time() - age_s)
        self.run_id: RunId = run_ids[-1]
        self.conn = open_database(self.state_dir / "state.db")
        self.notes: list[str] = []
        run = event_log.read_run(self.conn, self.run_id)
        end = next(
            event for _, event in event_log.read_events(self.conn, self.run_id) if isinstance(event, RunFinished)
        )
        with transaction(self.conn):
            outbox.put(self.conn, run, (end,), time.time() - age_s)

    def delayed(self) -> None:
        run = event_log.read_run(self.conn, self.run_id)
        with transaction(self.conn):
            outbox.put(self.conn, run, (DelayNoticed(node_id=job_id("load"), attempt=1),), time.time())

    def deliveries(self) -> list[DeliveryView]:
        return list(reversed(outbox.deliveries(self.conn)))

    def send(self, *, pauses_s: tuple[float, ...] = (0.01,) * 5, timeout_s: float = 20.0) -> list[DeliveryView]:
        """Send until nothing is to be sent any more, and return what came of it."""

        async def until_quiet() -> None:
            news = asyncio.Event()
            notifier = Notifier(
                self.conn,
                self.project,
                self.state_dir,
                note=self.notes.append,
                told=lambda *_: news.set(),
                pauses_s=pauses_s,
                timeout_s=timeout_s,
            )
            sending = asyncio.create_task(notifier.run())
            sending.add_done_callback(lambda _: news.set())
            async with asyncio.timeout(60):
                while not sending.done() and any(one.state == "PENDING" for one in self.deliveries()):
                    await news.wait()
                    news.clear()
            await ended(sending)

        asyncio.run(until_quiet())
        return self.deliveries()

    def everything_kept(self) -> bytes:
        """The state and what was noted, as bytes."""
        self.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return (self.state_dir / "state.db").read_bytes() + "\n".join(self.notes).encode()


Posted = Callable[..., Post]


@pytest.fixture
def box() -> Iterator[PostBox]:
    with post_box() as opened:
        yield opened


@pytest.fixture
def posted(project: Path) -> Iterator[Posted]:
    """Makes a Post of the project with these notifications."""
    with contextlib.ExitStack() as opened:

        def make(*notifications: str, age_s: float = 0.0) -> Post:
            post = Post(project, *notifications, age_s=age_s)
            opened.callback(post.conn.close)
            return post

        yield make


def test_one_look_says_what_failed_why_and_what_to_do(posted: Posted, box: PostBox) -> None:
    post = posted(f'url = "{box.url()}"')
    (sent,) = post.send()
    assert (sent.state, sent.tries, sent.reason, sent.way) == ("SENT", 1, "", "url")
    (told,) = box.posts
    assert (told["title"], told["type"]) == ("daily FAILED (run 7)", "failure")
    lines = told["message"].split("\n")
    assert lines[0].startswith('load FAILED: ValueError: column "amount": 3 of 10412 values are no numbers')
    assert lines[0].endswith("jobs/clean_sales.py:31")
    assert "glue-tui logs 7 · glue-tui retry 7" in lines


def test_a_job_that_takes_long_is_told(posted: Posted, box: PostBox) -> None:
    post = posted(f'url = "{box.url()}"')
    post.delayed()
    assert [one.state for one in post.send()] == ["SENT", "SENT"]
    delayed = next(one for one in box.posts if "DELAYED" in one["title"])
    assert delayed["message"].startswith("load is still at work after 10m")


def test_words_of_ones_own(posted: Posted, box: PostBox) -> None:
    own = 'title = "{{ outcome }}: {{ workflow }}/{{ run.number }}"\n'
    own += 'message = "{% for one in failed %}{{ one.name }} at {{ one.location }}{% endfor %} {{ properties }}"'
    post = posted(f'url = "{box.url()}"\n{own}')
    assert [one.state for one in post.send()] == ["SENT"]
    assert box.posts[0]["title"] == "FAILED: daily/7"
    assert box.posts[0]["message"].startswith("load at jobs/clean_sales.py:31")


def test_every_name_that_a_definition_may_use_is_filled_in(project: Path) -> None:
    (project / "workflows" / "daily.toml").write_text(WORKFLOW)
    (workflow,) = load_project(project).workflows
    assert set(NOTICE_NAMES) <= set(sample_facts(workflow, Occasion.FAILED, str(project), 0.0).names())


def test_a_service_that_fails_is_tried_again(posted: Posted, box: PostBox) -> None:
    box.answers = [500, 503]
    post = posted(f'url = "{box.url()}"')
    (sent,) = post.send()
    assert (sent.state, sent.tries) == ("SENT", 3)
    assert len(box.posts) == 3


def test_what_fails_again_and_again_is_given_up_with_the_reason(posted: Posted, box: PostBox) -> None:
    box.answers = [500] * 3
    (failed,) = posted(f'url = "{box.url()}"').send(pauses_s=(0.01, 0.01))
    assert (failed.state, failed.tries, failed.next_try_at) == ("FAILED", 3, None)
    assert "error=500" in failed.reason


def test_a_server_that_hangs_is_left_and_others_do_not_wait_for_it(project: Path, posted: Posted, box: PostBox) -> None:
    box.answers = [0]
    post = posted(f'url = "{box.url(query="?rto=30")}"', 'command = ["touch", "told"]')
    hung, told = post.send(pauses_s=(), timeout_s=2.0)
    assert (told.state, hung.state, hung.reason) == ("SENT", "FAILED", "no end after 2 s")
    assert (project / "told").exists()


def test_nobody_listens(posted: Posted, box: PostBox) -> None:
    with post_box() as gone:
        url = gone.url()
    (failed,) = posted(f'url = "{url}"').send(pauses_s=())
    assert failed.state == "FAILED"
    assert failed.reason.endswith("Connection refused")


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ('url = "{{ env.NOT_THERE }}"', "env.NOT_THERE is not set (set NOT_THERE in the environment"),
        ('url = "slak://somewhere"', "Apprise does not take the URL"),
        ('url = "json://a.example json://b.example"', "2 URLs in one"),
        ('url = "json://a.example"\ntitle = "{{ failed[3].name }}"', "notification 1: title"),
        ('command = ["no-such-program-of-ours"]', "no program no-such-program-of-ours"),
    ],
)
def test_what_no_other_try_would_mend_is_given_up_at_once(posted: Posted, way: str, reason: str) -> None:
    (failed,) = posted(way).send()
    assert (failed.state, failed.tries) == ("FAILED", 1)
    assert reason in failed.reason


def test_a_program_gets_the_facts_and_its_failure_is_told(project: Path, posted: Posted) -> None:
    tells = """command = ["sh", "-c", "cat >told.json; echo $GLUE_RUN_NUMBER $GLUE_OUTCOME '{{ title }}' >told.txt"]"""
    fails = 'command = ["sh", "-c", "echo no such channel; exit 4"]'
    sent, failed = posted(tells, fails).send(pauses_s=())
    assert (sent.state, failed.state) == ("SENT", "FAILED")
    assert failed.reason == "sh ended with exit code 4: no such channel"
    facts = json.loads((project / "told.json").read_text())
    assert (facts["workflow"], facts["run_number"], facts["failed"][0]["name"]) == ("daily", 7, "load")
    assert (project / "told.txt").read_text() == "7 FAILED daily FAILED (run 7)\n"


def test_a_program_is_told_also_of_an_error_with_a_null_byte_in_it(project: Path, posted: Posted) -> None:
    words = 'message = "the disk\\u0000is full"'
    command = 'command = ["sh", "-c", "cat >told.json; echo $GLUE_MESSAGE $0 >told.txt", "{{ message }}"]'
    (sent,) = posted(f"{command}\n{words}").send(pauses_s=())
    assert (sent.state, sent.reason) == ("SENT", "")
    assert (project / "told.txt").read_text() == "the disk is full the disk is full\n"
    assert json.loads((project / "told.json").read_text())["message"] == "the disk\0is full"


def test_a_program_that_hangs_is_ended_with_what_it_started(project: Path, posted: Posted) -> None:
    post = posted('command = ["sh", "-c", "sleep 1000 & echo $! >pid; wait"]')
    (failed,) = post.send(pauses_s=(), timeout_s=1.0)
    assert (failed.state, failed.reason) == ("FAILED", "no end after 1 s")
    pid = int((project / "pid").read_text())
    wait_for(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def test_a_program_may_leave_something_running(project: Path, posted: Posted) -> None:
    post = posted('command = ["sh", "-c", "sleep 1000 & echo $! >pid"]')
    (sent,) = post.send(timeout_s=15.0)
    assert sent.state == "SENT"
    left = psutil.Process(int((project / "pid").read_text()))
    assert left.name() == "sleep"
    left.kill()


def test_what_stands_in_a_url_is_kept_nowhere(posted: Posted, box: PostBox, monkeypatch: pytest.MonkeyPatch) -> None:
    with post_box() as gone:
        nowhere = f"json://me:{SECRET}pw@127.0.0.1:{gone.port}/{SECRET}"
    monkeypatch.setenv("NOWHERE", nowhere)
    monkeypatch.setenv("SOMEWHERE", f"json://me:{SECRET}@127.0.0.1:{box.port}/{SECRET}/x?+token={SECRET}")
    monkeypatch.setenv("NO_SERVICE", f"slak://{SECRET}/{SECRET}")
    box.answers = [500, 0]
    ways = [f'url = "{{{{ env.{name} }}}}"' for name in ("NOWHERE", "SOMEWHERE", "NO_SERVICE")]
    post = posted(*ways)
    assert [one.state for one in post.send(pauses_s=())] == ["FAILED"] * 3
    assert box.paths == [f"/{SECRET}/x"]
    kept = post.everything_kept()
    assert SECRET.encode() not in kept
    assert b"{{ env.SOMEWHERE }}" in kept


def test_a_secret_is_in_no_list_of_processes(
    project: Path, posted: Posted, box: PostBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOMEWHERE", f"json://127.0.0.1:{box.port}/{SECRET}?rto=30")
    box.answers = [0]
    seen: list[list[str]] = []
    own = psutil.Process()

    def watch() -> None:
        wait_for(lambda: box.posts)
        for process in own.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                seen.append(process.cmdline())

    async def both() -> None:
        post = posted('url = "{{ env.SOMEWHERE }}"')
        notifier = Notifier(post.conn, project, post.state_dir, note=post.notes.append, told=lambda *_: None)
        sending = asyncio.create_task(notifier.run())
        await asyncio.to_thread(watch)
        await ended(sending)
        assert [one.state for one in post.deliveries()] == ["PENDING"]  # It was cut short: the next engine's business.

    asyncio.run(both())
    assert any("glue_tui.notify" in command for command in seen)
    assert not any(SECRET in word for command in seen for word in command)


def test_without_apprise_the_way_out_is_told(
    project: Path, posted: Posted, box: PostBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "sitecustomize.py").write_text("import sys\nsys.modules['apprise'] = None\n")
    paths = [str(project), *os.environ.get("PYTHONPATH", "").split(os.pathsep), str(Path(__file__).parents[2])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    (failed,) = posted(f'url = "{box.url()}"').send()
    assert (failed.state, failed.tries) == ("FAILED", 1)
    assert "pip install 'glue-tui[notify]'" in failed.reason
    assert box.posts == []


def test_what_is_older_than_a_day_is_missed_and_can_be_sent_all_the_same(
    project: Path, posted: Posted, box: PostBox
) -> None:
    post = posted(f'url = "{box.url()}"', age_s=NEWS_FOR_S + 60)

    async def look_once(tries: int) -> None:
        notifier = Notifier(post.conn, project, post.state_dir, note=post.notes.append, told=lambda *_: None)
        looking = asyncio.create_task(notifier.run())
        async with asyncio.timeout(60):
            # An engine that ends cuts short what takes too long: on a busy machine that is any try.
            while post.deliveries()[0].tries < tries:  # noqa: ASYNC110 (nothing tells of a try that is to be repeated)
                await asyncio.sleep(0.01)
        await notifier.finish()
        await ended(looking)

    asyncio.run(look_once(tries=0))
    (missed,) = post.deliveries()
    assert (missed.state, missed.reason, box.posts) == ("MISSED", "no engine ran for a day", [])
    assert "older than a day" in post.notes[0]
    assert outbox.try_again(post.conn, "", time.time()) == 1
    box.answers = [500]
    asyncio.run(look_once(tries=1))
    (again,) = post.deliveries()
    assert (again.state, again.tries) == ("PENDING", 1), "asked for by hand, it is news again for a day"


def test_a_clock_that_was_set_back_holds_nothing_up(posted: Posted, box: PostBox) -> None:
    post = posted(f'url = "{box.url()}"')
    post.conn.execute("UPDATE outbox SET next_try_at = next_try_at + 1e8")
    assert [one.state for one in post.send()] == ["SENT"]


def test_a_dozen_at_once_are_all_sent(project: Path, posted: Posted) -> None:
    ways = ['command = ["sh", "-c", "echo x >>told"]'] * 12
    assert {one.state for one in posted(*ways).send()} == {"SENT"}
    assert (project / "told").read_text().count("x") == 12


# With a real engine


def failing(url: str) -> str:
    return WORKFLOW + f'\n[[notifications]]\non = ["FAILED"]\nurl = "{url}"\n'


def test_an_engine_killed_while_it_sends_sends_again(project: Path, engine: RunningEngine, box: PostBox) -> None:
    """It can't know whether the message arrived: better twice than never."""
    (project / "workflows" / "daily.toml").write_text(failing(box.url(query="?rto=60")))
    box.answers = [0]
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("daily"))
    engine.finished(1)
    wait_for(lambda: box.posts)
    (sender,) = [one for one in engine.processes() if "glue_tui.notify" in one.cmdline()]
    engine.kill()
    engine.start()
    wait_for(lambda: len(box.posts) == 2)
    wait_for(lambda: any("sent" in line.text for line in engine.ask(lambda client: client.story("1"))))
    assert sender not in psutil.wait_procs([sender], timeout=10)[1]  # It ended with the engine that it worked for.


def test_an_engine_that_ends_sends_first_what_is_new(project: Path, engine: RunningEngine, box: PostBox) -> None:
    (project / "workflows" / "daily.toml").write_text(failing(box.url()))
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("daily"))
    engine.finished(1)
    engine.stop()
    assert len(box.posts) == 1


def test_no_run_waits_for_a_service_that_hangs(project: Path, engine: RunningEngine, box: PostBox) -> None:
    (project / "workflows" / "daily.toml").write_text(failing(box.url(query="?rto=60")))
    box.answers = [0] * 20
    engine.start()
    for number in range(1, 7):
        engine.ask(lambda client: client.start_workflow_run("daily"))
        engine.finished(number)
    wait_for(lambda: len(box.posts) == 4)  # So many at a time; the others wait, the runs did not.


def test_the_engine_itself_never_loads_apprise() -> None:
    code = "import sys, glue_tui.engine.process; print([one for one in ('apprise', 'requests') if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
