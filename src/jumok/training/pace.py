"""The time that is left, guessed from the pace of late: machines grow busy and idle again."""

import time
from collections import deque

WINDOW = 30.0  # seconds that a pace is measured over, or as many as the last two marks are apart


class Pace:
    """How long one thing takes, of many that are counted."""

    def __init__(self) -> None:
        self.marks: deque[tuple[int, float]] = deque()  # how many were done, and when

    def tick(self, done: int) -> None:
        """Note how much is done at this moment."""
        now = time.monotonic()
        if self.marks and done < self.marks[-1][0]:  # another count begins
            self.marks.clear()
        self.marks.append((done, now))
        while len(self.marks) > 2 and self.marks[1][1] <= now - WINDOW:
            self.marks.popleft()

    def pause(self) -> float:
        """Leave out the time since the last mark, which went into something else; its seconds."""
        if not self.marks:
            return 0.0
        away = time.monotonic() - self.marks[-1][1]
        self.marks = deque((done, then + away) for done, then in self.marks)
        return away

    @property
    def each(self) -> float | None:
        """Seconds for one; None before two were counted."""
        if len(self.marks) < 2 or self.marks[-1][0] <= self.marks[0][0]:
            return None
        (first, began), (last, ended) = self.marks[0], self.marks[-1]
        return (ended - began) / (last - first)

    def left(self, done: int, number: int) -> float | None:
        """Seconds until all are done."""
        each = self.each
        return None if each is None else each * (number - done)


class TrainingClock:
    """The time left of a training: that of its steps by their pace of late, and of evaluations by the last one."""

    def __init__(self, start: int = 0) -> None:
        self.pace = Pace()
        self.evaluated_at = start  # the step of the last evaluation, or the first step
        self.every: int | None = None  # steps from one evaluation to the next
        self.evaluation = 0.0  # seconds that one takes

    def stepped(self, step: int) -> None:
        """Note a step."""
        self.pace.tick(step)

    def evaluated(self, step: int) -> None:
        """Note the end of an evaluation."""
        self.evaluation = self.pace.pause()
        self.every, self.evaluated_at = step - self.evaluated_at or None, step

    def left(self, step: int, steps: int) -> float | None:
        """Seconds until the last step has been evaluated; None where nothing is known yet."""
        walking = self.pace.left(step, steps)
        return None if walking is None else walking + self.evaluation * self.evaluations_left(steps)

    def evaluations_left(self, steps: int) -> int:
        """Evaluations to come; the last one is after the last step, wherever that is."""
        return -(-(steps - self.evaluated_at) // self.every) if self.every else 0
