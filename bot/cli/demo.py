"""`tagboat demo`: a release on its way to production, told in plain words while it happens."""

from __future__ import annotations

import shlex
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from bot.cli import display
from bot.cli.display import STYLES, styled
from bot.domain.status import State

if TYPE_CHECKING:
    from bot.cli.demo_run import Environments, Run
    from bot.cli.demo_stage import Stage

_START_SECONDS = 40
_STEP_SECONDS = 60
_HUMAN_SECONDS = 3600
_INTERRUPTED = 130
_TERMINATED = 143

_STYLES: Mapping[str, str] = {
    "opened": STYLES[State.PROPOSED],
    "merged": "magenta",
    "synced": STYLES[State.ROLLING_OUT],
    "healthy": STYLES[State.LIVE],
    "degraded": STYLES[State.DEGRADED],
    "blocked": STYLES[State.BLOCKED],
}


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Unattended: merge prod by the real command, then end.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option("--dir", help="An empty folder to play in; default: a temporary one.")
    ] = None,
) -> None:
    """Show a release on its way to production, nothing installed.

    A Git repository and a registry are folders; Argo CD is simulated. Needs the `git` command and nothing
    else, and touches nothing outside its folder, which stays for you to look at.
    """
    from bot.cli import demo_run, demo_stage

    console = display.console()
    stage = demo_stage.build(folder)
    teller = _Teller(console)
    _introduce(console, stage)
    try:
        with _ending_in_order(), demo_run.running(stage) as run:
            _play(teller, stage, run, once=once)
            _show_result(console, stage)
            if not once:
                _stay(console, run)
    except KeyboardInterrupt:
        console.print("\nEnded.")
        raise typer.Exit(_INTERRUPTED) from None
    finally:
        _say_goodbye(console, stage)


class _Teller:
    """Tells what happens, each thing once, with the seconds since the start of the story."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._told: set[str] = set()

    def say(self, text: str, *, where: str = "", style: str = "") -> None:
        """One line, with the time and the environment that it is about."""
        line = styled(f"{time.monotonic() - self._began:6.1f}s  ", "bright_black")
        line.append_text(styled(f"{where:<10}", "bold"))
        line.append_text(styled(text, style))
        self._console.print(line, soft_wrap=True)

    def see(self, environments: Environments, notices: Sequence[Mapping[str, Any]]) -> None:
        """Tell the notices (what Slack would show), and what is waited for."""
        for notice in notices:
            event = str(notice.get("about"))
            text = str(notice["text"]).removeprefix(f"{notice['environment']}: ")
            text = text.replace("Argo CD", "Argo CD (simulated)")
            self.say(text, where=str(notice["environment"]), style=_STYLES.get(event, ""))
        for name, each in environments.items():
            soaks = each["state"] == State.WAITING and "soaks" in each["reason"]
            if soaks and each["reason"] not in self._told:
                self._told.add(each["reason"])
                self.say(f"waiting: {each['reason']}", where=name, style=STYLES[State.WAITING])


def _introduce(console: Console, stage: Stage) -> None:
    from bot.cli.demo_stage import HOST, IMAGE, OLD

    console.print(styled("Tagboat carries an image from a push to production.", "bold"))
    console.print()
    for name, text in (
        ("folder", f"{stage.folder}  (the demo writes nowhere else)"),
        ("repository", f"infra.git: plain Git, with envs/{{dev,staging,prod}}/values.yaml, all at {OLD}"),
        ("registry", f"images/: a folder of OCI image layouts that stands for {HOST}/{IMAGE}"),
        ("Argo CD", "simulated: it answers as Argo CD does, but no cluster is there, nothing is deployed"),
        ("rules", "dev and staging merge by themselves; prod waits for a 5 s soak, then for a human"),
    ):
        console.print(styled(f"  {name:<12}", "bright_black"), styled(text), sep="", soft_wrap=True)
    console.print()


def _play(teller: _Teller, stage: Stage, run: Run, *, once: bool) -> None:
    from bot.cli.demo_run import merge_by_command
    from bot.cli.demo_stage import DISTRACTORS, HOST, IMAGE, NEW, OLD

    run.wait(
        lambda seen: all(_is_live(each, OLD) for each in seen.values()),
        seconds=_START_SECONDS,
        what=f"the first look, with {OLD} live everywhere,",
        seen=teller.see,
    )
    teller.say(
        f"up, with its page at {run.url}; it sees {OLD} live in dev, staging and prod", where="tagboat"
    )
    teller.say(f"also holds {', '.join(DISTRACTORS)}: none fits the rule `>=1.0 <2`", where="registry")
    status = run.push_webhook(NEW, stage.publish(NEW))
    pushed = f"somebody pushes {HOST}/{IMAGE}:{NEW}; the webhook is answered {status}"
    teller.say(pushed, where="registry", style="bold")
    run.wait(_asks_human, seconds=_STEP_SECONDS, what="prod's pull request", seen=teller.see)
    if once:
        teller.say("are not here (--once), so the demo runs the command that you would:", where="you")
        teller.say(f"$ {_merge_command(stage)}", where="you")
        teller.say(merge_by_command(stage, "prod"), where="you")
    else:
        teller.say("it is your turn, in either of two ways:", where="you", style="bold")
        teller.say(f"  open {run.url} and press Merge", where="you")
        teller.say(f"  or run in another terminal: {_merge_command(stage)}", where="you")
        run.wait(_is_merged, seconds=_HUMAN_SECONDS, what="your merge", seen=teller.see)
    run.wait(
        lambda seen: _is_live(seen["prod"], NEW),
        seconds=_STEP_SECONDS,
        what=f"{NEW} live in prod",
        seen=teller.see,
    )
    teller.say(f"sees {NEW} live in dev, staging and prod", where="tagboat", style="bold green")


def _is_live(environment: Mapping[str, Any], version: str) -> bool:
    return environment["state"] == State.LIVE and list(environment["running"].values()) == [version]


def _asks_human(environments: Environments) -> bool:
    prod = environments["prod"]
    return prod["state"] == State.PROPOSED and "human" in prod["reason"]


def _is_merged(environments: Environments) -> bool:
    from bot.cli.demo_stage import NEW

    return list(environments["prod"]["running"].values()) == [NEW]


def _show_result(console: Console, stage: Stage) -> None:
    from bot.cli.diff import coloured

    console.print()
    console.print(styled("What Git says now:", "bold"))
    console.print()
    for line in stage.git("log", "--graph", "--format=%h %an: %s", "main").splitlines():
        console.print(styled(f"  {line}"), soft_wrap=True)
    console.print()
    first = stage.git("rev-list", "--max-parents=0", "main").strip()
    changes = [line.split("\t") for line in stage.git("diff", "--numstat", first, "main").splitlines()]
    is_exact = all((added, removed) == ("1", "1") for added, removed, _ in changes)
    amount = "one line in each, every other byte as it was" if is_exact else "not one line in each"
    console.print(styled(f"{len(changes)} files changed, {amount}:", "bold"))
    console.print()
    for path in sorted((path for _, _, path in changes), key=_place_on_the_way):
        console.print(
            coloured(stage.git("diff", "-U0", first, "main", "--", path).splitlines()[2:], indent=2), end=""
        )


def _place_on_the_way(path: str) -> int:
    """Where the file's environment comes in the order of promotion, as the folders are named."""
    return ("dev", "staging", "prod").index(path.split("/")[1])


def _stay(console: Console, run: Run) -> None:
    """Leave the page up for whoever wants to look, until they end it; without a terminal nobody looks."""
    if not sys.stdin.isatty():
        return
    console.print(styled(f"The page stays up at {run.url} until you press Enter."), soft_wrap=True)
    sys.stdin.readline()


def _say_goodbye(console: Console, stage: Stage) -> None:
    command, config = _program(), shlex.quote(str(stage.configuration))
    console.print()
    console.print(
        styled(f"All that the demo started has ended; {stage.folder} is left for you:"), soft_wrap=True
    )
    for text in (
        f"{command} explain homepage/web --config {config}   # why this tag and no other",
        f"{command} status --config {config}",
        f"{command} up --config {config}   # play on: publish another image, close a pull request",
    ):
        console.print(styled(f"  {text}"), soft_wrap=True)


def _merge_command(stage: Stage) -> str:
    return f"{_program()} pr merge homepage prod --config {shlex.quote(str(stage.configuration))}"


def _program() -> str:
    """How this user calls Tagboat, fit to be typed in another terminal."""
    called = Path(sys.argv[0])
    if called.name == "tagboat":
        return "tagboat" if shutil.which("tagboat") else shlex.quote(str(called.resolve()))
    return f"{shlex.quote(sys.executable)} -m bot.cli"


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """Let SIGTERM end the demo as Ctrl-C does, so that what it started ends too."""

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise SystemExit(_TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
