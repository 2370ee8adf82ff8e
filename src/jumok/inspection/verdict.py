"""The verdict of an ablation test: numbers, a decision by a fixed rule, and a sentence."""

from dataclasses import dataclass
from math import exp
from statistics import mean, median
from typing import Literal

from jumok.kinds.replay import Measure
from jumok.wording import quantity

THRESHOLD = 0.1  # nats: the probability changes by a tenth
DRAWS = 20  # chance alone puts the top above so many random draws once in 21 times
MIN_DRAWS = 5  # draws; with fewer that differ, chance explains too much
FEWEST_SETS = 2  # where all sets are tried, none is left to chance; against a single one there is no first

Matters = Literal["yes", "no", "unclear"]
CHANGES_KO: dict[Measure, str] = {
    "log-probability": "로그 확률 변화는",
    "score": "점수 변화는",
    "distance": "값이",
}


@dataclass(frozen=True)
class Gradient:
    """Gradient × attention: how the output would follow small changes of each weight."""

    rank_correlation: (
        float | None
    )  # Spearman's, of weights and the size of gradient · weight; None: all alike
    keys: tuple[
        tuple[int, float, float], ...
    ]  # key, weight (mean of the heads), gradient · weight (their sum)

    def to_json(self) -> dict[str, object]:
        """The rank correlation and the first keys as JSON."""
        return {"rank_correlation": self.rank_correlation, "keys": [list(key) for key in self.keys]}


@dataclass(frozen=True)
class Verdict:
    """Whether it mattered what attention looked at; changes are in the output's log-probability (or score).

    A distance is how far numbers move, in standard deviations of the training data, as a change below zero.

    The rule, with c the change when the k most attended keys are hidden, and r those when k others are:

    - "yes": |c| is at least the threshold (0.1 nats unless said otherwise) and larger than every |r|.
    - "no": |c| is below the threshold, or not larger than half of the |r| (their median).
    - "unclear": anything between; or too few to compare with: fewer than 5 random draws, or, where all sets of k other
      keys were tried (`every`), fewer than 2. A query that may look at nothing, too.
    """

    k: int
    keys: tuple[int, ...]  # the most attended
    change: float | None  # with those keys hidden; None if there are none
    changes: tuple[float, ...]  # of random draws
    allowed: int  # keys that may be hidden: those that the query may look at
    head_off: float | None = None  # the change with the heads switched off
    gradient: Gradient | None = None
    output: str = ""  # what the log-probability is of
    output_ko: str = ""
    threshold: float = THRESHOLD
    measure: Measure = "log-probability"
    every: bool = False  # `changes` are of all sets of k other keys, not of random draws

    @property
    def matters(self) -> Matters:
        """ "yes" above the threshold and above every draw, "no" at most at their median, else "unclear"."""
        if self.change is None or self.too_few:
            return "unclear"
        sizes, size = [abs(change) for change in self.changes], abs(self.change)
        if size < self.threshold or size <= median(sizes):
            return "no"
        return "yes" if size > max(sizes) else "unclear"

    @property
    def too_few(self) -> bool:
        """Whether there are too few draws to compare with."""
        return len(self.changes) < (FEWEST_SETS if self.every else MIN_DRAWS)

    def to_json(self) -> dict[str, object]:
        """As JSON; `random` holds nulls where nothing could be drawn."""
        drawn = self.changes
        return {
            "question": f"hide the top {self.k}",
            "k": self.k,
            "every": self.every,
            "output": self.output,
            "measure": self.measure,
            "top": {"change": self.change, "keys": list(self.keys)},
            "random": {
                "changes": list(drawn),
                "mean": mean(drawn) if drawn else None,
                "low": min(drawn, default=None),
                "high": max(drawn, default=None),
            },
            "head_off": None if self.head_off is None else {"change": self.head_off},
            "gradient": None if self.gradient is None else self.gradient.to_json(),
            "matters": self.matters,
            "text": {"en": self.english(), "ko": self.korean()},
        }

    def english(self) -> str:
        """The numbers and the answer in a few plain sentences."""
        if self.change is None:
            return "There is no position to hide from this query: unclear."
        count = len(self.keys)
        most = "the most attended position" if count == 1 else f"the {count} most attended positions"
        if self.measure == "distance":
            moves, what = "moves", self.output or "the answer"
        else:
            moves, what = "changes", f"the {self.measure}" + (f" of {self.output}" if self.output else "")
        said = (
            f"Hiding {most} {moves} {what} by {self.told(self.change, 'probability', 'standard deviations')}."
        )
        others = "another one" if self.k == 1 else f"{self.k} others"
        if self.too_few:
            left = quantity(self.allowed, "position")
            return f"{said} Only {left} can be hidden: too few to compare with {others}, so it is unclear."
        if self.every:
            others = "any other one" if self.k == 1 else f"any other {self.k}"
            many = f"all {len(self.changes)} were tried"
        else:
            others, many = f"{others} at random", quantity(len(self.changes), "draw")
        said += (
            f" Hiding {others} {moves} it by {self.number(mean(self.changes))} on average, and by "
            f"{self.number(self.largest)} at most ({many})."
        )
        return f"{said} {self.reason_en()}"

    def reason_en(self) -> str:
        """Why it matters or not, in English."""
        if self.matters == "yes":
            return "What was looked at here matters."
        if self.matters == "unclear":
            most = "most others" if self.every else "most draws"
            return f"That is more than {most} and not more than all of them: unclear."
        if abs(self.change or 0.0) < self.threshold:
            return f"The output hardly depends on what was looked at here (less than {self.threshold:g})."
        return "What was looked at most here matters no more than other positions."

    def korean(self) -> str:
        """The whole verdict in Korean."""
        if self.change is None:
            return "이 쿼리에서는 가릴 위치가 없어 판단할 수 없습니다."
        what = f"{self.output_ko or self.output}의 " if self.output_ko or self.output else ""
        change = self.told(self.change, "확률", "표준편차만큼 움직")
        said = (
            f"가장 많이 본 위치 {len(self.keys)}곳을 가리면 {what}{CHANGES_KO[self.measure]} {change}입니다."
        )
        if self.too_few:
            return (
                f"{said} 가릴 수 있는 위치가 {self.allowed}곳뿐이라 다른 {self.k}곳과 비교할 수 없어 "
                "판단하기 어렵습니다."
            )
        tried = (
            f"다른 {self.k}곳의 모든 조합 {len(self.changes)}가지를 가려 보니"
            if self.every
            else f"다른 {self.k}곳을 무작위로 골라 가리기를 {len(self.changes)}번 했더니"
        )
        said += f" {tried} 평균 {self.number(mean(self.changes))}, 가장 큰 변화는 {self.number(self.largest)}입니다."
        return f"{said} {self.reason_ko()}"

    def reason_ko(self) -> str:
        """Why it matters or not, in Korean."""
        if self.matters == "yes":
            return "여기서 본 것은 출력에 영향을 줍니다."
        if self.matters == "unclear":
            tries = "다른 조합" if self.every else "무작위 시도"
            return f"대부분의 {tries}보다 크지만 전부보다 크지는 않아 판단하기 어렵습니다."
        if abs(self.change or 0.0) < self.threshold:
            return f"출력은 여기서 본 것에 거의 좌우되지 않습니다({self.threshold:g} 미만)."
        return "여기서 가장 많이 본 위치도 다른 위치보다 더 중요하지는 않습니다."

    def told(self, change: float, probability: str, deviations: str) -> str:
        """A change; of a log-probability, also what it makes of the probability, of a distance with its unit.

        Args:
            change: The change.
            probability: The word for a probability.
            deviations: The words for standard deviations.

        Returns:
            The change in words.
        """
        if self.measure == "distance":
            return f"{self.number(change)} {deviations}"
        if self.measure != "log-probability" or abs(change) < 0.005:
            return signed(change)
        return f"{signed(change)} ({probability} × {factor(change)})"

    def number(self, change: float) -> str:
        """A change with its sign; a distance has none."""
        return f"{abs(change):.2f}" if self.measure == "distance" else signed(change)

    @property
    def largest(self) -> float:
        """The largest change of a random draw, with its sign."""
        return max(self.changes, key=abs)


def signed(change: float) -> str:
    """With its sign, and none where it rounds to nothing."""
    return f"{change:+.2f}".replace("-", "−") if abs(change) >= 0.005 else "0.00"


def factor(change: float) -> str:
    """By how much a probability is multiplied where its logarithm changes by so much."""
    times = exp(min(change, 700.0))
    if 0.001 <= times < 1000:
        return f"{times:.3g}"
    digits, power = f"{times:.0e}".split("e")
    return f"{digits}e{int(power)}".replace("-", "−")
