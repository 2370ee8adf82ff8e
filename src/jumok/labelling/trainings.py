"""Trainings beside the label page, one at a time: begun, told of, stopped, and continued after the server was killed.

They lie in one folder: `0001/` is a run like any other, with the items that were labelled when it began, `0001.json`
says how it ended. Of those that are done the newest stays; of all the score stays, for a plot by labelled items.
"""

import fcntl
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from math import ceil
from pathlib import Path
from threading import Lock, Thread
from typing import Any, TextIO

from jumok.errors import DataError, JumokError
from jumok.files import remove, unwritable, write_json
from jumok.labelling.opening import OpenedLabels
from jumok.labelling.trained_snapshot import write_trained
from jumok.labelling.training_files import TrainingFiles, read_report
from jumok.runs.layout import LOCK, RunLayout
from jumok.wording import quantity

STOP_SECONDS = 30.0  # seconds that a stopped training has to save


class LabelTrainings:
    """The trainings of one set of annotations; several threads may ask."""

    def __init__(self, opened: OpenedLabels, folder: Path, on_model: Callable[[Path], None]) -> None:
        """Take up the trainings in a folder.

        Args:
            opened: The annotations.
            folder: The folder; it need not exist.
            on_model: Called with the run folder when a training is done, which is told once it has returned.
        """
        self.opened, self.folder, self.on_model = opened, folder, on_model
        self._lock = Lock()  # of the process and of what begins or stops it
        self._process: subprocess.Popen[bytes] | None = None
        self._begins = False  # whether a snapshot is being written
        self._loads = False  # whether the model of a training that is done is being loaded
        self._stopped = False  # whether somebody wants to stop what begins
        self._refusal: dict[str, str] | None = None  # why the last one did not begin, or ended without a word
        self._held: TextIO | None = None  # the locked file of the folder, while a training runs

    def newest(self) -> Path | None:
        """The newest run that is done and still there."""
        done = [run for run in self._runs() if self._result(run).get("state") == "done"]
        return next((run for run in reversed(done) if RunLayout(run).weights.exists()), None)

    def resume(self) -> bool:
        """Continue a training that was cut off when an earlier server ended; whether there is one."""
        with self._lock:
            run = next(iter(self._runs()[-1:]), None)
            if run is None or self._result(run) or not RunLayout(run).experiment.exists() or not self._hold():
                return False
            self._launch(run)
        return True

    def _hold(self) -> bool:
        """Hold the lock of the folder, which ends with this process; whether no other server trains here."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            held = (self.folder / LOCK).open("a")
        except OSError as error:
            raise unwritable(self.folder, error) from error
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            held.close()
            return False
        self._held = held
        return True

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    def start(self) -> None:
        """Begin a training with what is labelled now; DataError if one is running."""
        with self._lock:
            if self._begins or self._process is not None:
                raise DataError(
                    "a training is running already; stop it, or wait until it is done",
                    "학습이 이미 진행되고 있습니다. 멈추거나 끝날 때까지 기다리세요.",
                )
            if not self._hold():
                raise DataError(
                    f"another jumok label trains in {self.folder} now; wait until it is done",
                    f"다른 jumok label이 {self.folder}에서 학습하고 있습니다. 끝날 때까지 기다리세요.",
                )
            self._begins, self._stopped, self._refusal = True, False, None
        Thread(target=self._begin, daemon=True).start()

    def _begin(self) -> None:
        numbers = [int(run.name) for run in self._runs()]
        run = self.folder / f"{max(numbers, default=0) + 1:04d}"
        try:
            labelled, note = write_trained(self.opened, run)
            told = {"labelled": labelled, "examples": labelled, "note": note}
            write_json(TrainingFiles(run).progress, told)
            with self._lock:
                self._launch(run)
        except Exception as error:
            self._let_go()
            remove(run)
            korean = error.ko if isinstance(error, JumokError) else None
            self._refusal = {"en": str(error), "ko": korean or f"학습을 시작하지 못했습니다: {error}"}
        finally:
            self._begins = False
        if self._stopped:
            self.stop()

    def _launch(self, run: Path) -> None:
        with TrainingFiles(run).log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jumok.labelling.training_process", str(run.absolute())],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the server, which tells it
            )
        Thread(target=self._wait, args=(run, self._process), daemon=True).start()

    def _wait(self, run: Path, process: "subprocess.Popen[bytes]") -> None:
        """Wait for the end of a training; one that was killed is told as failed, if nobody stopped it."""
        status = process.wait()
        with self._lock:
            result = self._result(run)
            ended_here = process.stdin is None or process.stdin.closed
            if process.stdin is not None:
                process.stdin.close()
            if not result and not ended_here:
                sentence = (
                    f"the training process ended without a word (status {status}), perhaps for lack of memory"
                )
                korean = f"학습 프로세스가 갑자기 끝났습니다(상태 {status}). 메모리가 모자랐을 수 있습니다."
                self._refusal = {"en": sentence, "ko": korean}
                result = {"state": "failed", "sentence": self._refusal}
                with suppress(JumokError):
                    write_json(TrainingFiles(run).result, result)
            self._process, self._loads = None, result.get("state") == "done"
            self._let_go()
        if self._loads:
            self._tidy(run)
            try:
                self.on_model(run)
            finally:
                self._loads = False

    def stop(self) -> None:
        """Stop the training for good; what is labelled later is for a new one."""
        with self._lock:
            process, run = self._process, next(iter(self._runs()[-1:]), None)
            self._stopped = self._begins
            if process is None or run is None:
                return
        self._end(process)
        if not self._result(run):  # it was not done at that moment
            step = read_report(TrainingFiles(run).progress).get("step", 0)
            write_json(TrainingFiles(run).result, {"state": "stopped", "step": step})

    def close(self) -> bool:
        """Let the training save and end, for the next server to continue it; whether there was one."""
        with self._lock:
            process = self._process
        if process is not None:
            self._end(process)
        return process is not None

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        if process.stdin is not None:
            process.stdin.close()  # as if the server had gone
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()

    def _tidy(self, newest: Path) -> None:
        """Remove the folders of earlier trainings; their scores stay."""
        for run in self._runs():
            if run != newest:
                remove(run)
                remove(TrainingFiles(run).progress)
                remove(TrainingFiles(run).log)

    def _runs(self) -> list[Path]:
        """The run folders, present or removed, in the order of their numbers."""
        if not self.folder.is_dir():
            return []
        names = {one.name.partition(".")[0] for one in self.folder.iterdir()}
        return [self.folder / name for name in sorted(names) if name.isdecimal()]

    def _result(self, run: Path) -> dict[str, Any]:
        return read_report(TrainingFiles(run).result)

    def state(self) -> dict[str, Any]:
        """How far the last training is, and the scores of all, as JSON."""
        runs = self._runs()
        last = runs[-1] if runs else None
        progress = read_report(TrainingFiles(last).progress) if last else {}
        result = self._result(last) if last else {}
        if self._begins or self._loads or self._process is not None:
            state, sentence = "running", running_sentence(progress)
        elif self._refusal is not None:
            state, sentence = "failed", self._with_options(self._refusal)
        else:
            state, sentence = ended_sentence(result)
            sentence = self._with_options(sentence) if state == "failed" else sentence
        score = {result["metric"]: result["score"]} if "metric" in result else progress.get("score")
        return {
            "state": state,
            "step": progress.get("step", 0),
            "steps": progress.get("steps", 0),
            "score": score,
            "examples": progress.get("examples", 0),
            "sentence": sentence,
            "note": progress.get("note"),
            "history": self._history(),
        }

    def _with_options(self, sentence: dict[str, str]) -> dict[str, str]:
        """A refusal with the file where the user may change what was refused, if the user does not know it."""
        file = RunLayout(self.folder).experiment
        if self.opened.experiment is not None or not file.exists():
            return sentence
        return {
            "en": f"{sentence['en']} (options of the training: {file})",
            "ko": f"{sentence['ko']} (학습 설정 파일: {file})",
        }

    def _history(self) -> list[dict[str, Any]]:
        done = [self._result(run) for run in self._runs()]
        return [
            {"labelled": one["labelled"], "score": one["score"], "metric": one["metric"]}
            for one in done
            if one.get("state") == "done" and "metric" in one
        ]


def running_sentence(progress: dict[str, Any]) -> dict[str, str]:
    """What a training does now."""
    step, steps = progress.get("step", 0), progress.get("steps", 0)
    if not steps:
        return {"en": "the training begins", "ko": "학습을 시작합니다."}
    if step >= steps:
        return {"en": "the model is scored", "ko": "모델을 채점합니다."}
    examples = quantity(progress.get("examples", 0), "example")
    english = f"step {step:,} of {steps:,}, on {examples}"
    korean = f"예시 {progress.get('examples', 0)}개로 {steps:,}단계 중 {step:,}단계"
    if "seconds_left" not in progress:
        return {"en": english, "ko": korean}
    seconds = progress["seconds_left"]
    minutes = ceil(seconds / 60) if seconds >= 60 else 0
    return {
        "en": f"{english}; {f'{minutes:,} min' if minutes else f'{seconds} s'} left",
        "ko": f"{korean}, {f'{minutes:,}분' if minutes else f'{seconds}초'} 남음",
    }


def ended_sentence(result: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """State and sentence of a training that is over, or of none."""
    state = result.get("state")
    if state == "failed":
        return "failed", result["sentence"]
    if state == "stopped":
        step = result.get("step", 0)
        return "idle", {"en": f"stopped at step {step:,}", "ko": f"{step:,}단계에서 멈췄습니다."}
    if state == "done":
        score = f": {result['metric']} {result['score']:.3f}" if result.get("score") is not None else ""
        return "done", {"en": f"trained{score}", "ko": f"학습이 끝났습니다{score}."}
    return "idle", {"en": "nothing was trained here yet", "ko": "아직 학습하지 않았습니다."}
