"""Under load: sheds with 429, deadlines, clients that go, a process that dies, an orderly end, exchange of a model."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from time import monotonic

import httpx
import pytest

from jumok.errors import RunError
from jumok.serving.queue import Job, JobQueue
from jumok.serving.refusal import Refusal
from jumok.serving.service_time import BatchTime, ServiceTimes
from made_predictors import SENTENCE, made
from served_models import LIMITS, LocalWorker, run, served


def post(server, text=SENTENCE, **about):
    return asyncio.create_task(server.client.post("/predict", json={"inputs": text}, **about))


async def until(condition) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def test_a_full_queue_sheds_with_429_and_when_to_come_back():
    async def test():
        async with served(made("transformer"), limits=replace(LIMITS, wait=0.5, batch=2)) as server:
            model = server.service.models["made"]
            for _ in range(3):
                model.times.add(Job({}, [1], 0, None).kind, 1, 1.0)
            server.worker().gate = asyncio.Event()
            accepted = [post(server)]
            await until(lambda: model.running)
            model.began -= 1.0  # as if it was nearly over
            accepted.append(post(server))
            await until(lambda: len(model.queue) == 1)
            answer = await post(server)
            assert answer.status_code == 429 and "too many requests wait" in answer.json()["error"]
            assert 1 <= int(answer.headers["retry-after"]) <= 10
            server.worker().gate.set()
            assert [one.status_code for one in await asyncio.gather(*accepted)] == [200, 200]
            told = (await server.client.get("/metrics")).text
            assert 'jumok_sheds_total{reason="wait"} 1.0' in told

    run(test)


def test_deadlines_and_vanished_clients_cost_no_computing():
    async def test():
        async with served(made("transformer")) as server:
            server.worker().gate = asyncio.Event()
            blocking = post(server)
            await until(lambda: server.worker().sizes)
            late = await post(server, headers={"request-timeout": "0.05"})
            assert late.status_code == 504 and "0.05 s" in late.json()["error"]
            gone = post(server)
            await until(lambda: len(server.service.models["made"].queue) == 2)
            gone.cancel()
            with pytest.raises(asyncio.CancelledError):
                await gone
            server.worker().gate.set()
            assert (await blocking).status_code == 200
            assert (await post(server)).status_code == 200
            assert server.worker().sizes == [1, 1]  # neither of the two others
            wrong = await post(server, headers={"request-timeout": "soon"})
            assert wrong.status_code == 400 and "Request-Timeout" in wrong.json()["error"]

    run(test)


def test_a_deadline_that_cannot_be_met_is_refused_at_once():
    queue = JobQueue(LIMITS, ServiceTimes())
    queue.times.add("{}", 1, 5.0)

    async def test():
        job = Job({}, ["a"], 10.0, asyncio.get_running_loop().create_future())
        with pytest.raises(Refusal, match="would take about 5.0 s") as refused:
            queue.add(job, 0.0, 9.0)
        assert refused.value.status == 429 and refused.value.headers == {"retry-after": "4"}
        queue.add(job, 0.0, 1.0)
        assert len(queue) == 1

    run(test)


def test_times_that_a_busy_machine_taught_are_tried_again():
    """A batch that took longer than clients wait must not make the server refuse them for ever."""
    queue = JobQueue(LIMITS, ServiceTimes())
    queue.times.add("{}", 64, 5.0)
    learned = queue.times.learned

    async def test():
        first, second = (
            Job({}, ["a"], learned + 5.9, asyncio.get_running_loop().create_future()) for _ in "12"
        )
        with pytest.raises(Refusal, match="would take about 5.0 s"):
            queue.add(first, 0.0, learned + 1.0)
        queue.add(first, 0.0, learned + 2.0)
        with pytest.raises(Refusal):
            queue.add(second, 0.0, learned + 2.0)  # one trial at a time
        assert queue.take() == [first]
        queue.times.add("{}", 1, 0.01)
        queue.add(second, 0.0, learned + 2.0)

    run(test)


def test_batches_are_small_where_large_ones_would_come_too_late():
    queue = JobQueue(replace(LIMITS, batch=64), ServiceTimes())
    for size in (1, 64, 2):
        queue.times.add("{}", size, 0.1 * size)

    async def test():
        jobs = [Job({}, ["a"], 4.0, asyncio.get_running_loop().create_future()) for _ in range(40)]
        for job in jobs:
            queue._put(job, queue.jobs.append)
        assert queue.take() == jobs[:20]  # two of the four seconds that each has

    run(test)


def test_requests_that_wait_are_bounded_by_connections():
    """However fast a model is, half of all connections are left to those who are refused."""
    queue = JobQueue(replace(LIMITS, connections=4), ServiceTimes())

    async def test():
        one, other = (Job({}, ["a"], 99.0, asyncio.get_running_loop().create_future()) for _ in "12")
        queue.add(one, 0.0, 0.0)
        queue.add(other, 0.0, 0.0)
        refusal = queue.why_full(0.4)
        assert refusal is not None and refusal.status == 429 and refusal.headers == {"retry-after": "1"}
        queue.take()
        assert queue.why_full(0.4) is None

    run(test)


def test_a_server_that_is_behind_sheds_what_it_could_not_read_in_time():
    async def test():
        async with served(made("transformer"), limits=replace(LIMITS, wait=1.0)) as server:
            model = server.service.models["made"]
            model.coming, model.read = 500, 100
            model.note_lag(0.15, 0.2)
            for _ in range(9):
                model.note_lag(0.0, 0.05)  # it caught up
            assert model.why_full() is None
            for _ in range(5):
                model.read = 100  # in half a second: five hundred take two and a half
                model.note_lag(0.45, 0.5)
            refusal = model.why_full()
            assert refusal is not None and refusal.status == 429 and refusal.retry_after > 2
            model.coming = 0
            assert model.why_full() is None

    run(test)


def test_bytes_of_all_requests_are_bounded():
    async def test():
        async with served(made("transformer"), limits=replace(LIMITS, held_bytes=300)) as server:
            server.worker().gate = asyncio.Event()
            first = post(server, "a" * 200)
            await until(lambda: server.worker().sizes)
            answer = await post(server, "a" * 200)
            assert answer.status_code == 429 and "too many bytes" in answer.json()["error"]
            server.worker().gate.set()
            assert (await first).status_code == 200 and server.service.held == 0
            assert (await post(server, "a" * 200)).status_code == 200

    run(test)


def test_a_dead_process_loses_no_request_but_one_that_kills_it_twice():
    async def test():
        async with served(made("transformer")) as server:
            model = server.service.models["made"]
            server.worker().gate = asyncio.Event()
            asked = [post(server)]
            await until(lambda: server.worker().sizes)
            asked += [post(server, text) for text in ("ein hund", "mond")]
            await until(lambda: len(model.queue) == 2)
            server.worker().dies = 1
            server.worker().gate.set()
            answers = await asyncio.gather(*asked)
            assert [one.status_code for one in answers] == [200] * 3 and model.restarts == 1

            async def deadly(self, jobs, limit, whole=LocalWorker.compute):
                if any("deadly" in str(job.inputs) for job in jobs):
                    self.dies = 1
                return await whole(self, jobs, limit)

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(LocalWorker, "compute", deadly)
                answers = await asyncio.gather(post(server, "deadly"), post(server), post(server, "mond"))
            assert sorted(one.status_code for one in answers) == [200, 200, 500]
            assert "died, twice" in next(one for one in answers if one.status_code == 500).json()["error"]
            assert (await post(server)).status_code == 200

    run(test)


@asynccontextmanager
async def two_batches():
    """A server whose process has two batches of two requests, and the answers that are waited for."""
    async with served(made("transformer"), limits=replace(LIMITS, batch=2)) as server:
        worker, model = server.worker(), server.service.models["made"]
        first = worker.gate = asyncio.Event()
        asked = [post(server)]
        await until(lambda: worker.sizes == [1])
        asked += [post(server) for _ in range(4)]
        await until(lambda: len(model.queue) == 4)
        worker.gate = asyncio.Event()
        first.set()
        await until(lambda: len(worker.sizes) == 3)
        assert [one.size for one in model.running] == [2, 2] and not model.queue.jobs
        yield server, asked


def test_a_full_batch_is_sent_ahead_while_another_one_is_computed():
    async def test():
        async with two_batches() as (server, asked):
            old, model = server.worker(), server.service.models["made"]
            asked += [post(server) for _ in range(4)]
            await until(lambda: len(model.queue) == 4)
            exchange = asyncio.create_task(server.client.post("/reload"))
            await until(
                lambda: model.exchanges
            )  # what was sent is computed; then the new process has its turn
            old.gate.set()
            assert (await exchange).status_code == 200
            assert [one.status_code for one in await asyncio.gather(*asked)] == [200] * 9
            assert old.sizes == [1, 2, 2] and server.worker().sizes == [2, 2] and not model.exchanges

    run(test)


def test_a_process_that_dies_with_two_batches_loses_no_request():
    async def test():
        async with two_batches() as (server, asked):
            server.worker().dies = 2
            server.worker().gate.set()
            assert [one.status_code for one in await asyncio.gather(*asked)] == [200] * 5
            assert server.service.models["made"].restarts == 1
            assert server.worker().sizes == [1, 1, 1, 1]  # each alone, and nothing ahead of it

    run(test)


def test_draining_answers_what_was_accepted_and_refuses_the_rest():
    async def test():
        async with served(made("transformer")) as server:
            server.worker().gate = asyncio.Event()
            accepted = [post(server), post(server)]
            await until(lambda: server.gate.active == 2)
            server.service.drain()
            refused = await post(server)
            assert refused.status_code == 503 and "shutting down" in refused.json()["error"]
            assert (await server.client.get("/v2/health/ready")).status_code == 503
            assert not server.service.is_idle
            server.worker().gate.set()
            assert [one.status_code for one in await asyncio.gather(*accepted)] == [200, 200]
            assert server.service.is_idle

    run(test)


def test_a_model_is_exchanged_between_two_batches():
    async def test():
        async with served(made("transformer")) as server:
            old = server.worker()
            old.gate = asyncio.Event()
            asked = [post(server)]
            await until(lambda: old.sizes)
            asked.append(post(server))
            exchange = asyncio.create_task(server.client.post("/reload"))
            await asyncio.sleep(0.05)
            old.gate.set()
            assert (await exchange).json() == {"reloaded": "made"}
            assert [one.status_code for one in await asyncio.gather(*asked)] == [200, 200]
            assert server.worker() is not old and old.process.returncode == 0

            async def fail(source, limits):
                raise RunError("the weights are damaged")

            kept, server.service.models["made"].start = server.worker(), fail
            said = await server.refused("/reload", 409)
            assert said == "the weights are damaged; the old model goes on" and server.worker() is kept
            assert (await post(server)).status_code == 200
            away = httpx.ASGITransport(server.gate, client=("10.0.0.9", 1))
            async with httpx.AsyncClient(transport=away, base_url=server.client.base_url) as stranger:
                assert (await stranger.post("/reload")).status_code == 403

    run(test)


def test_a_body_that_does_not_come_is_given_up():
    async def test():
        async with served(made("transformer"), limits=replace(LIMITS, receive=0.1)) as server:

            async def slow():
                yield b'{"inputs'
                await asyncio.sleep(30)

            began = monotonic()
            kind = {"content-type": "application/json"}
            said = await server.refused("/predict", 408, content=slow(), headers=kind)
            assert "did not arrive within 0.1 s" in said and monotonic() - began < 20
            assert server.service.held == 0

    run(test)


def test_batches_take_requests_that_ask_alike_in_their_order():
    queue = JobQueue(replace(LIMITS, batch=3), ServiceTimes())

    async def test():
        loop = asyncio.get_running_loop()

        def job(asked, size=1, alone=False):
            return Job({"asked": asked}, [0] * size, 99.0, loop.create_future(), alone=alone)

        a, b, c, d, e = job(1), job(2), job(1), job(1, alone=True), job(1, size=2)
        for one in (a, b, c, d, e):
            queue.add(one, 0.0, 0.0)
        assert queue.take() == [a, c]  # e would be too many
        assert queue.take() == [b]
        c.answers.cancel()
        queue.put_back([c])
        queue.drop_over()
        assert queue.take() == [d]
        assert queue.take() == [e]
        assert len(queue) == 0 and not queue.filled.is_set()

    run(test)


def test_times_of_batches_are_learned():
    times = BatchTime()
    for size in (1, 4, 9, 2, 7):
        times.add(size, 0.3 + 0.05 * size)
    assert times.predict(20) == pytest.approx(1.3)
    constant = BatchTime()
    for _ in range(5):
        constant.add(4, 0.2)
    assert constant.predict(4) == pytest.approx(0.2) and constant.predict(100) >= 0.2
    both = ServiceTimes()
    both.add("slow", 1, 2.0)
    both.add("fast", 1, 0.1)
    assert both.queue({"slow": 2, "fast": 3}, most=1) == pytest.approx(4.3)


def test_metrics_tell_of_batches_and_memory():
    async def test():
        async with served(made("transformer")) as server:
            await server.ask("/predict", json={"batch": [SENTENCE, "mond"]})
            told = (await server.client.get("/metrics")).text
            assert 'jumok_batch_size_bucket{le="2.0",model="made"} 1.0' in told
            assert 'jumok_requests_total{model="made",route="predict",status="200"} 1.0' in told
            assert 'jumok_memory_bytes{process="server"}' in told
            assert json.loads((await server.client.get("/models")).text)["models"][0]["ready"]

    run(test)


def test_a_model_that_cannot_be_loaded_again_says_why_until_it_can():
    async def test():
        async with served(made("transformer")) as server:
            model, start, fails = server.service.models["made"], server.service.models["made"].start, True

            async def sometimes(source, limits):
                if fails:
                    raise RunError("the folder has gone")
                return await start(source, limits)

            model.start = sometimes
            server.worker().kill()
            await until(lambda: model.failure is not None)
            answer = await post(server)
            assert answer.status_code == 503 and "the folder has gone" in answer.json()["error"]
            fails = False
            await until(lambda: model.failure is None and model.loaded.is_set())
            assert (await post(server)).status_code == 200

    run(test)
