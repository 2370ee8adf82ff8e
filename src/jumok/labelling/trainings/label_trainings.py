"""Trainings beside the label page, one at a time: begun, told of, stopped, and continued after the server was killed.

They lie in one folder: `0001/` is a run like any other, with the items that were labelled when it began, `0001.json`
says how it ended. Of those that are done the newest stays; of all the score stays, for a plot by labelled items.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from jumok.errors import DataError, JumokError
from jumok.files import remove, write_json
from jumok.labelling.opening import OpenedLabels
from jumok.labelling.trainings.files import TrainingFiles, read_report
from jumok.labelling.trainings.snapshot import write_trained
from jumok.runs.layout import LOCK, RunLayout
from jumok.runs.ownership import owned
from jumok.wording import quantity

TRAINING_PROGRAM = ("-m", "jumok.labelling.trainings.process")  # what the interpreter is given
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
        self._held = ExitStack()  # the lock of the folder, while a training runs
        self._ends = False  # whether a training is being stopped, or this server ends
        self._followed: Path | None = None  # a training of another server on the same folder

    def newest(self) -> Path | None:
        """The newest run that is done and still there."""
        done = [run for run in self._runs() if self._result(run).get("state") == "done"]
        return next((run for run in reversed(done) if RunLayout(run).weights.exists()), None)

    def resume(self) -> bool:
        """Continue a training that was cut off when an earlier server ended; whether there is one."""
        with self._lock, suppress(DataError):
            run = self._unfinished()
            if run is None or self._ends or self._begins or self._process is not None:
                return False
            self._hold()
            run = self._unfinished()  # nobody else ends or begins one now
            if run is not None and RunLayout(run).experiment.exists():
                self._launch(run)
                return True
            if run is not None:  # its server was killed before all of what is labelled was copied
                self._forget(run)
            self._held.close()
        return False

    def _unfinished(self) -> Path | None:
        """The last run, if nothing says how it ended."""
        run = next(iter(self._runs()[-1:]), None)
        return None if run is None or self._result(run) else run

    def _hold(self) -> None:
        """Hold the lock of the folder, which ends with this process; DataError if another server trains here."""
        refusal = DataError(
            f"another jumok label trains in {self.folder} now; wait until it is done",
            f"다른 jumok label이 {self.folder}에서 학습하고 있습니다. 끝날 때까지 기다리세요.",
        )
        self._held.enter_context(owned(self.folder / LOCK, lambda _: refusal))

    def start(self) -> None:
        """Begin a training with what is labelled now; DataError if one is running."""
        with self._lock:
            if self._begins or self._process is not None:
                raise DataError(
                    "a training is running already; stop it, or wait until it is done",
                    "학습이 이미 진행되고 있습니다. 멈추거나 끝날 때까지 기다리세요.",
                )
            self._hold()
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
            self._forget(run)
            self._held.close()
            korean = error.ko if isinstance(error, JumokError) else None
            self._refusal = {"en": str(error), "ko": korean or f"학습을 시작하지 못했습니다: {error}"}
        finally:
            self._begins = False
        if self._stopped:
            self.stop()

    def _launch(self, run: Path) -> None:
        self._followed = None
        with TrainingFiles(run).log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *TRAINING_PROGRAM, str(run.absolute())],
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
            if not self._ends:  # whoever stops it lets go when that is written
                self._held.close()
        if self._loads:
            self._tidy(run)
            self._load(run)

    def _load(self, run: Path) -> None:
        try:
            self.on_model(run)
        finally:
            self._loads = False

    def _follow(self) -> bool:
        """Look after the training of another server, if there is one: whether it still goes on.

        One that is done gives its model here, too; one whose server has ended without a word is continued here.
        """
        with self._lock:
            run, followed = self._unfinished(), self._followed
            self._followed = run
            if followed is not None and run != followed and self._result(followed).get("state") == "done":
                self._loads = True
                Thread(target=self._load, args=(followed,), daemon=True).start()
        return run is not None and not self.resume() and self._unfinished() is not None

    def stop(self) -> None:
        """Stop the training for good; what is labelled later is for a new one."""
        with self._lock:
            process, run = self._process, next(iter(self._runs()[-1:]), None)
            self._stopped = self._begins
            if process is None or run is None:
                return
            self._ends = True
        try:
            self._end(process)
            if not self._result(run):  # it was not done at that moment
                step = read_report(TrainingFiles(run).progress).get("step", 0)
                write_json(TrainingFiles(run).result, {"state": "stopped", "step": step})
        finally:
            self._ends = False
            self._held.close()

    def close(self) -> bool:
        """Let the training save and end, for the next server to continue it; whether there was one."""
        with self._lock:
            process, self._ends = self._process, True
        if process is not None:
            self._end(process)
            self._held.close()
        return process is not None

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        if process.stdin is not None:
            process.stdin.close()  # as if the server had gone
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with what it has begun

    def _tidy(self, newest: Path) -> None:
        """Remove the folders of earlier trainings; their scores stay."""
        for run in self._runs():
            if run != newest:
                self._forget(run)

    def _forget(self, run: Path) -> None:
        """Remove all of a training but how it ended."""
        for one in (run, TrainingFiles(run).progress, TrainingFiles(run).log):
            remove(one)

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
        is_ours = self._begins or self._loads or self._ends or self._process is not None
        elsewhere = not is_ours and self._follow()
        runs = self._runs()
        last = runs[-1] if runs else None
        progress = read_report(TrainingFiles(last).progress) if last else {}
        result = self._result(last) if last else {}
        if elsewhere:
            state, sentence = "running", elsewhere_sentence(progress)
        elif self._begins or self._loads or self._ends or self._process is not None:
            state, sentence = "running", running_sentence(progress)
        elif self._refusal is not None:
            state, sentence = "failed", self._with_options(self._refusal)
        else:
            state, sentence = ended_sentence(result)
            sentence = self._with_options(sentence) if state == "failed" else sentence
        score = {result["metric"]: result["score"]} if "metric" in result else progress.get("score")
        return {
            "state": state,
            "elsewhere": elsewhere,  # whether another server trains, which alone can stop it
            "step": progress.get("step", 0),
            "steps": progress.get("steps", 0),
            "left": progress.get("left"),  # seconds, None where nothing is known yet
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
    return {
        "en": f"step {step:,} of {steps:,}, on {examples}",
        "ko": f"예시 {progress.get('examples', 0)}개로 {steps:,}단계 중 {step:,}단계",
    }


def elsewhere_sentence(progress: dict[str, Any]) -> dict[str, str]:
    """What a training of another server does now."""
    now = running_sentence(progress)
    return {
        "en": f"another jumok label trains on these data: {now['en']}",
        "ko": f"다른 jumok label이 이 데이터로 학습하고 있습니다: {now['ko']}",
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
