"""What people and programs around an engine do: ask for runs, save definitions, put files, set the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from random_workflows import edited, random_workflow

from glue_tui.core.attempt import AttemptKey
from glue_tui.core.problem import GlueTuiError, StoreFailed
from glue_tui.core.states import TriggerType
from glue_tui.engine.inputs import DropAsked, Input, ResumeAsked, StartAsked, StopAsked, TriggerSwitched
from glue_tui.store import seen_files

if TYPE_CHECKING:
    from sim_engine import Answer
    from world import World


_BUSY_WITH = ((6, 4, 4, 2), (6, 4, 4, 2), (2, 1, 20, 1), (4, 12, 1, 1), (4, 3, 6, 8))
"""At most so many starts, other requests, files put and definitions saved."""


class People:
    """Random doings until the world is calm; then nothing but the end of pauses."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random
        self._requests = 0
        self._renamed = 0
        self._places = [*world.definitions]
        self._taken_away = [random_workflow(self._random, "later")] if self._random.random() < 0.3 else []

    def begin(self) -> None:
        """Fill the time until the plan's end."""
        world, random = self._world, self._random
        for name in world.definitions:
            for number in range(random.choice((0, 0, 2))):
                self.write(f"in/{name}/{random.choice('ab')}/old{number}.csv")
        starts, others, files, saves = random.choice(_BUSY_WITH)
        doings = [(starts, (self._start,)), (others, (self._resume, self._resume, self._stop, self._switch))]
        doings += [(files, (self._touch_a_file,)), (files // 3, (self._drop,)), (saves, (self._save_definitions,))]
        for most, acts in doings:
            for _ in range(random.randint(0, most)):
                world.after(random.uniform(0.0, world.plan.until_s), random.choice(acts))
        if random.random() < 0.2:
            world.after(random.uniform(0.0, world.plan.until_s), world.stop_engine)
        if random.random() < world.plan.clock_step:
            for _ in range(random.choice((1, 2))):
                by_s = random.choice((-20_000.0, -3600.0, -100.0, -3.0, 3.0, 100.0, 3600.0, 20_000.0))
                world.after(random.uniform(0.0, world.plan.until_s), lambda by_s=by_s: world.set_clock(by_s))
        world.after(world.plan.until_s, self.calm_down)

    # Requests

    def ask(self, one: Input, answered: Callable[[Answer], None] = lambda _: None) -> None:
        """Ask the engine, if there is one."""
        if self._world.engine is not None:
            self._world.say(f"asked: {one}")
            self._world.engine.put(one, answered)

    def _ask_for_run(self, make: Callable[[str], Input]) -> None:
        """Ask for a run, and again with the same id while nobody answers, and sometimes once more for no reason."""
        world, random = self._world, self._random
        self._requests += 1
        request_id = f"request {self._requests}"
        done: list[Answer] = []

        def answered(answer: Answer) -> None:
            if isinstance(answer, StoreFailed):
                world.say(f"{request_id} refused: {answer.message}")
            elif isinstance(answer, GlueTuiError):
                world.say(f"{request_id} refused: {answer}")
                done.append(answer)
            else:
                assert answer is not None
                world.checkers.answered(request_id, answer)
                done.append(answer)

        def send() -> None:
            if not done:
                self.ask(make(request_id), answered)
                if random.random() < 0.7:
                    world.after(random.choice((1.0, 5.0)), send)

        send()
        if random.random() < 0.2:
            self.ask(make(request_id), answered)
        if random.random() < 0.2:
            world.after(random.uniform(0.0, 20.0), lambda: self.ask(make(request_id), answered))

    def _start(self) -> None:
        if not self._world.definitions:
            return
        workflow = self._random.choice(list(self._world.definitions.values()))
        names = ["", *(one.name for one in workflow.triggers)]
        trigger = self._random.choice((names[0], names[0], *names))
        self._ask_for_run(lambda request_id: StartAsked(workflow=workflow.name, trigger=trigger, request_id=request_id))

    def _resume(self) -> None:
        over = [run for run in self._world.checkers.runs.values() if run.status.is_over]
        if not over:
            return
        run = self._random.choice(over)
        nodes = tuple(one for one in run.nodes if self._random.random() < 0.3) if self._random.random() < 0.4 else ()
        as_it_ran = self._random.random() < 0.5
        self._ask_for_run(
            lambda request_id: ResumeAsked(run_id=run.run_id, nodes=nodes, as_it_ran=as_it_ran, request_id=request_id)
        )

    def _stop(self) -> None:
        runs = list(self._world.checkers.runs.values())
        going = [run for run in runs if not run.status.is_over] or runs
        if going:
            self.ask(StopAsked(run_id=self._random.choice(going).run_id))

    def _switch(self) -> None:
        triggers = [(one.name, trigger.name) for one in self._world.definitions.values() for trigger in one.triggers]
        if triggers:
            workflow, trigger = self._random.choice(triggers)
            enabled = self._random.random() < 0.5
            self.ask(TriggerSwitched(workflow=workflow, trigger=trigger, enabled=enabled))

    def _drop(self) -> None:
        engine = self._world.engine
        if engine is None or not engine.kernel.inboxes.keys:
            return
        key = self._random.choice(engine.kernel.inboxes.keys)
        inbox = engine.kernel.inboxes.of(key)
        waiting = [one.path for one in inbox.open_files()] if inbox else []
        paths = tuple(path for path in waiting if self._random.random() < 0.5)
        self.ask(DropAsked(workflow=key[0], trigger=key[1], paths=paths))

    # Files and definitions

    def _touch_a_file(self) -> None:
        """Put a file that grows for a while, or take one away."""
        world, random = self._world, self._random
        folders = [f"in/{name}/{random.choice('ab')}" for name in self._places]
        path = f"{random.choice(folders)}/f{random.randrange(4)}.csv"
        if path in world.folders.files and random.random() < 0.4:
            world.say(f"{path} is deleted")
            world.folders.remove(path, world.true_s, world.clock_steps)
            self._hint(path)
            if random.random() < 0.4:
                world.after(random.choice((0.1, 1.0, 5.0)), lambda: self.write(path))
            return
        is_open, is_renamed = random.random() < 0.2, random.random() < 0.2
        self.write(path, is_open=is_open, is_renamed=is_renamed)
        at_s = 0.0
        for _ in range(random.choice((0, 0, 1, 3))):
            at_s += random.choice((0.1, 0.4, 1.4, 5.0))
            world.after(at_s, lambda: self.write(path, is_open=is_open))
        if is_open:
            world.after(at_s + random.choice((0.2, 3.0)), lambda: world.folders.close(path, world.true_s))

    def write(self, path: str, *, is_open: bool = False, is_renamed: bool = False) -> None:
        """Let a new version of a file be there."""
        world, size = self._world, self._random.randrange(1000)
        world.say(f"{path} is {'renamed into place' if is_renamed else 'written'}{', and open' if is_open else ''}")
        world.folders.write(
            path,
            size,
            world.true_s,
            world.wall_s,
            world.clock_steps,
            is_open=is_open,
            is_renamed=is_renamed and not is_open,
        )
        self._hint(path)

    def make_loops(self) -> None:
        """From now on every job of a run that files started writes a file where triggers watch."""
        world = self._world
        world.has_loops = True

        def make(key: AttemptKey) -> None:
            run = world.checkers.runs[key.run_id]
            if run.cause.trigger_type is TriggerType.EVENT:
                self.write(f"in/{run.workflow.name.partition('_')[0]}/{self._random.choice('ab')}/made.csv")

        world.makes_file = make

    def _hint(self, path: str) -> None:
        world = self._world
        if world.engine is None or world.chance(world.plan.hint_lost):
            return
        world.engine.hint(path)
        if world.chance(world.plan.hint_doubled):
            world.after(0.05, lambda: world.engine.hint(path) if world.engine else None)

    def _save_definitions(self) -> None:
        world, random = self._world, self._random
        names = list(world.definitions)
        if names and random.random() < 0.7:
            name = random.choice(names)
            world.definitions[name] = edited(random, world.definitions[name])
            world.say(f"{name} is edited")
        elif names and random.random() < 0.3:
            name = random.choice(names)
            self._renamed += 1
            fresh = f"{name.partition('_')[0]}_{self._renamed}"
            workflow = world.definitions.pop(name)
            world.definitions[fresh] = replace(workflow, name=fresh, source=f"workflows/{fresh}.toml")
            world.say(f"{name} is called {fresh} from now on")
        elif self._taken_away:
            workflow = self._taken_away.pop()
            world.definitions[workflow.name] = workflow
            world.say(f"{workflow.name} is put there")
        elif names:
            self._taken_away.append(world.definitions.pop(random.choice(names)))
            world.say(f"{self._taken_away[-1].name} is taken away")
        if world.engine is not None:
            world.engine.load()

    # The end

    def calm_down(self) -> None:
        """From now on nothing goes wrong, no timer starts anything, and whatever was paused goes on."""
        world = self._world
        world.say("-- from here on nothing goes wrong --")
        world.is_calm = True
        self._unpause()

    def _unpause(self) -> None:
        world = self._world
        if world.engine is None:
            world.after(1.0, self._unpause)
            return
        world.engine.kernel.is_held = False
        for workflow in world.definitions.values():
            for trigger in workflow.triggers:
                if trigger.type in (TriggerType.EVENT, TriggerType.SCHEDULED):
                    is_event = trigger.type is TriggerType.EVENT
                    self.ask(TriggerSwitched(workflow=workflow.name, trigger=trigger.name, enabled=is_event))

    def is_at_rest(self) -> bool:
        """Tell whether everything that began has come to its end."""
        world = self._world
        if not world.is_calm or world.engine is None or world.engine.has_work:
            return False
        kernel = world.engine.kernel
        inboxes = {key: kernel.inboxes.of(key) for key in world.engine.patterns()}
        if kernel.runs or any(
            box is None or box.must_look or (any(box.open_files()) and not kernel.stop_reasons.get(key))
            for key, box in inboxes.items()
        ):
            return False
        return not world.has_plans and all(
            {one.path: one.mtime_ns for one in seen_files.read_files(world.conn, *key)}
            == {one.path: one.mtime_ns for one in world.folders.scan(patterns)}
            for key, patterns in world.engine.patterns().items()
        )
