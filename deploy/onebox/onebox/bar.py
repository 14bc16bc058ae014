"""One line that says how far a long thing is."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

WIDTH = 28
EVERY_S = 0.1
PLAIN_STEP = 0.1


class Bar:
    """Draws on a terminal; elsewhere it writes a line each tenth of the way."""

    def __init__(
        self,
        total: int,
        label: str,
        out: TextIO = sys.stderr,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total, self.label, self.out, self.clock = max(total, 1), label, out, clock
        self.start = clock()
        self.drawn_at, self.drawn_share = -1.0, 0.0
        self.lively = out.isatty()

    def show(self, done: int, note: str = "") -> None:
        """Show that ``done`` of all is done; drawn only as often as an eye can follow."""
        now, share = self.clock(), min(done / self.total, 1.0)
        if self.lively:
            if done < self.total and now - self.drawn_at < EVERY_S:
                return
            self.out.write("\r" + self._line(done, share, now, note) + "\x1b[K")
        else:
            if share < 1 and share - self.drawn_share < PLAIN_STEP:
                return
            self.out.write(self._line(done, share, now, note) + "\n")
        self.drawn_at, self.drawn_share = now, share
        self.out.flush()

    def end(self) -> None:
        """Leave the line."""
        if self.lively:
            self.out.write("\n")
            self.out.flush()

    def _line(self, done: int, share: float, now: float, note: str) -> str:
        full = round(WIDTH * share)
        took = max(now - self.start, 1e-6)
        left = (self.total - done) * took / done if done else 0
        drawn = f"[{'#' * full}{'.' * (WIDTH - full)}] {done}/{self.total}"
        pace = f"{done / took:.0f}/s, {_clock(left)} left" if done < self.total else _clock(took)
        return f"{self.label} {drawn} {note} ({pace})"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
