"""The study: all trials of a search, in a storage that processes and machines share.

A trial that is at work says so every few seconds. One whose process has gone is marked failed, and its values are
tried again, in the folder of the first attempt: a trial that was killed is never counted as complete.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ner.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

BEAT = 15.0
"""Seconds between two signs of life of a trial."""

SILENCE = 600.0
"""Seconds without a sign of life after which a trial is given up whose process cannot be asked for."""

SUSPENDED = 86_400.0
"""Seconds without one after which its process, which is there, is taken for another of the same number."""

ATTEMPTS = 3
"""How often the values of a trial are tried whose process dies."""

# What the study notes of a trial.
WORKER, ALIVE, FOLDER, ATTEMPT, FAULT = "worker", "alive", "folder", "attempt", "fault"


class StudyError(ConfigError):
    """A study whose trials cannot be held against those that are asked for."""


def import_optuna() -> Any:
    """optuna, which then says nothing of its own.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        raise MissingExtraError("ner tune", "tune") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def open_storage(where: str | os.PathLike[str]) -> BaseStorage:
    """The storage behind a file name (a journal, in which every change is a line) or a database URL.

    Raises:
        ConfigError: it cannot be opened.
        MissingExtraError: optuna, or the database's driver, is not installed.
    """
    optuna = import_optuna()
    name = os.fspath(where)
    try:
        if "://" in name:
            with quiet_optuna():
                return optuna.storages.get_storage(name)
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        from optuna.storages.journal import JournalFileBackend

        _mend(Path(name))
        return optuna.storages.JournalStorage(JournalFileBackend(name))
    except Exception as error:  # of the database's driver, whichever that is, or of a journal that is none
        reason = str(error).partition("\n")[0]
        raise ConfigError(
            f"storage {name}: cannot be opened: {reason}; expected a file, such as runs/tune/study.journal, "
            "or a database's URL, such as sqlite:///study.db"
        ) from None


def open_study(storage: BaseStorage, name: str, sampler: Any = None, pruner: Any = None) -> tuple[Study, bool]:
    """The study of this name, and whether it was created now.

    Args:
        storage: of `open_storage`.
        name: of the study.
        sampler, pruner: of this process.
    """
    optuna = import_optuna()
    names = {"storage": storage, "study_name": name, "sampler": sampler, "pruner": pruner}
    with quiet_optuna():
        try:
            return optuna.create_study(direction="maximize", **names), True
        except optuna.exceptions.DuplicatedStudyError:
            return optuna.load_study(**names), False


def agree(study: Study, key: str, value: Any) -> None:
    """Note a setting of the study, or see that it is the one noted.

    Raises:
        StudyError: it is another.
    """
    noted = study.user_attrs
    if key not in noted:
        study.set_user_attr(key, value)
    elif noted[key] != value:
        raise StudyError(
            f"study {study.study_name}: was begun with another {key}, {_differing(noted[key], value)}; "
            "put it back, or begin another with --study NAME"
        )


def counted(study: Study) -> list[FrozenTrial]:
    """The trials that count: complete, pruned, at work, or failed for good; not those that are tried again."""
    states = import_optuna().trial.TrialState
    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if trial.state in (states.COMPLETE, states.PRUNED, states.RUNNING) or fault_of(trial)
    ]


def fault_of(trial: FrozenTrial) -> str:
    """Why a trial failed for good; empty where it did not."""
    if trial.state.name != "FAIL":
        return ""
    if trial.user_attrs.get(ATTEMPT, 1) >= ATTEMPTS:
        return f"its process ended {ATTEMPTS} times before it was done"
    return str(trial.user_attrs.get(FAULT, ""))


def revive(study: Study) -> list[int]:
    """Mark the trials whose process has gone as failed, and have their values tried again; their numbers."""
    optuna = import_optuna()
    states = optuna.trial.TrialState
    found = []
    for trial in study.get_trials(deepcopy=False, states=(states.RUNNING,)):
        if _is_alive(trial):
            continue
        with suppress(ValueError, optuna.exceptions.UpdateFinishedTrialError):  # somebody else was faster
            give_back(study, trial.number)
            found.append(trial.number)
    return found


def give_back(study: Study, number: int, tried: bool = True) -> None:
    """Mark a trial that was not done as failed, and have its values tried again.

    Args:
        study: that the trial is of.
        number: of the trial.
        tried: whether somebody began with it, which may happen `ATTEMPTS` times.
    """
    study.tell(number, state=import_optuna().trial.TrialState.FAIL)
    trial = study.get_trials(deepcopy=False)[number]
    point = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
    attempt = trial.user_attrs.get(ATTEMPT, 1) + tried
    if point and attempt <= ATTEMPTS:
        study.enqueue_trial(point, user_attrs={FOLDER: folder_of(trial), ATTEMPT: attempt})


def folder_of(trial: FrozenTrial | Trial) -> str:
    """The name of a trial's run folder: of the first attempt at its values."""
    return trial.user_attrs.get(FOLDER, f"trial-{trial.number}")


@contextmanager
def alive(trial: Trial) -> Iterator[None]:
    """Give signs of life of a trial while it is at work."""
    trial.set_user_attr(WORKER, [_host(), os.getpid()])
    trial.set_user_attr(ALIVE, time.time())
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT):
            with suppress(Exception):  # a storage that is out of reach for a while, or a trial that was given up
                trial.set_user_attr(ALIVE, time.time())

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Without optuna's warnings of what may change in a later version."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _is_alive(trial: FrozenTrial) -> bool:
    host, process = trial.user_attrs.get(WORKER, (None, None))
    silence = SILENCE
    if host == _host() and os.name == "posix":
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        except OSError:  # somebody else's
            pass
        silence = SUSPENDED
    begun = trial.datetime_start.timestamp() if trial.datetime_start else 0.0
    return time.time() - trial.user_attrs.get(ALIVE, begun) < silence


def _host() -> str:
    """This machine, and within it the space in which process numbers are unique."""
    with suppress(OSError):
        return f"{socket.gethostname()} {Path('/proc/self/ns/pid').readlink()}"
    return socket.gethostname()


def _mend(path: Path) -> None:
    """Take away the half of a line that a full disk may have left at the end of a journal.

    Raises:
        ValueError: the file is none.
    """
    from optuna.storages.journal import JournalFileSymlinkLock

    if not path.exists() or not path.stat().st_size:
        return
    lock = JournalFileSymlinkLock(os.fspath(path))
    lock.acquire()
    try:
        with path.open("rb+") as file:
            content = file.read()
            if not content.startswith(b'{"op_code":'):
                raise ValueError("it is no journal of a study")
            if not content.endswith(b"\n"):
                file.truncate(content.rfind(b"\n") + 1)
    finally:
        lock.release()


def _differing(noted: Any, value: Any) -> str:
    """Where two plain values differ first."""
    if isinstance(noted, dict) and isinstance(value, dict):
        for key in sorted(noted.keys() | value.keys()):
            if noted.get(key) != value.get(key):
                inner = _differing(noted.get(key), value.get(key))
                return f"{key}{'.' if not inner.startswith('(') else ' '}{inner}"
    return f"({noted!r:.60}, now {value!r:.60})"
