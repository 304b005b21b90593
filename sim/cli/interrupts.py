"""Ctrl-C at a good moment: the first one is noted and acted on where nothing breaks, a second one acts at once.

What `kill`, a scheduler or a container's end sends (SIGTERM) is taken for it.
"""

import signal
from types import FrameType, TracebackType
from typing import Any, Final

from sim.cli.terminal import print_lines

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """While the block runs, the first Ctrl-C raises KeyboardInterrupt only in `check`.

    A process that ignores Ctrl-C, as one in the background of a script does, goes on ignoring it.

    Args:
        words: What to say at the first one, where the good moment may take a while to come; empty to say nothing.
    """

    def __init__(self, words: str = "") -> None:
        self.noted = False
        self._words = words
        self._before: dict[signal.Signals, Any] = {}

    def check(self) -> None:
        """Raises KeyboardInterrupt if there was a Ctrl-C."""
        if self.noted:
            raise KeyboardInterrupt

    def __enter__(self) -> "Interrupts":
        self._before = {number: signal.getsignal(number) for number in SIGNALS}
        for number, before in self._before.items():
            if before is not signal.SIG_IGN:
                signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.noted:
            raise KeyboardInterrupt
        self.noted = True
        if self._words:
            print_lines([self._words], "stopping", "yellow")
