"""Ctrl-C at a good moment: the first one is noted and acted on where nothing breaks, a second one acts at once."""

import signal
from types import FrameType, TracebackType
from typing import Any

from sim.cli.terminal import print_lines


class Interrupts:
    """While the block runs, the first Ctrl-C raises KeyboardInterrupt only in `check`.

    A process that ignores Ctrl-C, as one in the background of a script does, goes on ignoring it.

    Args:
        words: What to say at the first one, where the good moment may take a while to come; empty to say nothing.
    """

    def __init__(self, words: str = "") -> None:
        self.noted = False
        self._words = words
        self._before: Any = None

    def check(self) -> None:
        """Raises KeyboardInterrupt if there was a Ctrl-C."""
        if self.noted:
            raise KeyboardInterrupt

    def __enter__(self) -> "Interrupts":
        self._before = signal.getsignal(signal.SIGINT)
        if self._before is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.noted:
            raise KeyboardInterrupt
        self.noted = True
        if self._words:
            print_lines([self._words], "stopping", "yellow")
