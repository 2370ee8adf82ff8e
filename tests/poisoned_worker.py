"""A worker of a job in parts that is killed by every input with the word in POISON, as by too little memory."""

import os
import signal
import sys

from jumok.scale import worker

answer = worker.answer_items


def answer_or_die(predictor, form, first, items, **more):
    if any(os.environ["POISON"] in form.text(item) for item in items):
        os.kill(os.getpid(), signal.SIGKILL)
    return answer(predictor, form, first, items, **more)


worker.answer_items = answer_or_die
worker.work(sys.stdin, sys.stdout)
