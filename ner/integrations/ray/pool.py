"""The only module that knows Ray: parts to a pool of actors, each with a model of its own."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ner.errors import ConfigError, MissingExtraError, NerError
from ner.integrations.ray.job import Job
from ner.integrations.ray.worker import Done, Worker
from ner.threads import available_cores

_RETRIES = 3  # of a part whose worker died
_OBJECTS = 100 << 20  # bytes of Ray's shared memory on this machine: what goes through it is numbers
_BLOCKS = 10_000  # in which parts are handed out
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}


def run_on_ray(
    job: Job,
    output: str,
    numbers: Sequence[int],
    *,
    workers: int | None = None,
    address: str | None = None,
    device: str = "cpu",
    threads: int = 1,
) -> Iterator[Done]:
    """Tag parts of a job, each as soon as a worker is free.

    Args:
        job: what is to be done.
        output: name of the folder.
        numbers: of the parts.
        workers: actors; by default as many as the cores are enough for.
        address: of a cluster, as `ray.init` takes it; by default that of ``RAY_ADDRESS``, else Ray is started on this
            machine and ended when all is done. Where Ray is running in this process already, that is used.
        device: where a worker's network runs; ``cuda`` takes one GPU a worker.
        threads: cores of a worker.

    Yields:
        what became of each part, in the order in which they end.

    Raises:
        MissingExtraError: Ray is not installed.
        ConfigError: there is no cluster at that address.
        NerError: workers died, and so did those that took over.
    """
    ray = _library()
    with _connected(ray, workers, address or os.environ.get("RAY_ADDRESS"), device, threads, len(numbers)) as count:
        # One part a task, so that a worker that is free is given the next one, and what a dead one had begun is all
        # that is done again. Nothing but numbers goes to and fro.
        blocks = min(len(numbers), _BLOCKS)
        data = ray.data.from_items([{"part": number} for number in numbers], override_num_blocks=blocks)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*ray_remote_args")  # of which retries are one, until 2.64
            tagged = data.map_batches(
                _Actor,
                fn_constructor_args=(job, output, device, threads),
                batch_size=1,
                batch_format="numpy",
                compute=ray.data.ActorPoolStrategy(size=count, max_tasks_in_flight_per_actor=1),
                num_cpus=threads,
                num_gpus=1 if _is_gpu(device) else 0,
                max_task_retries=_RETRIES,
            )
        try:
            for row in tagged.iter_rows():
                yield Done(int(row["part"]), int(row["tokens"]), str(row["fault"]), str(row["warnings"]))
        except (ray.exceptions.RayActorError, ray.exceptions.WorkerCrashedError) as error:
            raise NerError(
                f"workers died again and again, last with: {str(error).splitlines()[0]} The parts that are done "
                "stay; see that a worker has memory enough, and run the command again."
            ) from None


class _Actor:
    """A `Worker` as Ray Data calls it."""

    def __init__(self, *arguments: Any) -> None:
        self._worker = Worker(*arguments)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        done = [self._worker.tag(int(number)) for number in batch["part"]]
        return {name: [getattr(one, name) for one in done] for name in Done._fields}


@contextmanager
def _connected(
    ray: Any, workers: int | None, address: str | None, device: str, threads: int, parts: int
) -> Iterator[int]:
    """Ray at work, and the number of workers."""
    ours = not ray.is_initialized()
    if ours:
        _start(ray, workers, address, device, threads)
    context = ray.data.DataContext.get_current()
    quiet = {"enable_progress_bars": False, "enable_operator_progress_bars": False, "print_on_execution_start": False}
    before = {name: getattr(context, name) for name in quiet if hasattr(context, name)}
    logger = logging.getLogger("ray.data")
    level = logger.level
    try:
        for name in before:
            setattr(context, name, quiet[name])
        logger.setLevel(logging.ERROR)
        kind = "GPU" if _is_gpu(device) else "CPU"
        room = int(ray.cluster_resources().get(kind, 1)) // (1 if kind == "GPU" else threads)
        yield max(1, min(workers or room, parts))
    finally:
        logger.setLevel(level)
        for name, value in before.items():
            setattr(context, name, value)
        if ours:
            ray.shutdown()


def _start(ray: Any, workers: int | None, address: str | None, device: str, threads: int) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address:
            with _silent():
                ray.init(address=address, **quiet)
            return
        cores = threads * (workers or max(1, available_cores() // threads))
        with _silent():
            ray.init(address="local", num_cpus=cores, include_dashboard=False, object_store_memory=_OBJECTS, **quiet)
    except (OSError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
        where = f"--address {address}" if address else "Ray"
        raise ConfigError(f"{where}: cannot be reached or started: {str(error).splitlines()[0]}") from None


@contextmanager
def _silent() -> Iterator[None]:
    """Keep what libraries not written in Python say off standard error; what is wrong, Ray raises."""
    try:
        kept = os.dup(2)
    except OSError:  # there is none
        yield
        return
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _is_gpu(device: str) -> bool:
    return device.startswith("cuda")


def _library() -> Any:
    # Before it is imported: it reports to nobody, and says nothing that is not for users of `ner tag`.
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.data
    except ImportError:
        raise MissingExtraError("--engine ray", "ray") from None
    return ray
