"""Hugging Face datasets: in memory, saved to a folder, in parquet files or on the hub -> `datasets.Dataset`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ner.corpus.rows import SPLIT_NAMES
from ner.errors import DataError

if TYPE_CHECKING:
    import datasets

_UNREACHED = {"ConnectionError", "HTTPError", "OfflineModeIsEnabled", "Timeout", "TransportError"}
PARQUET_REVISION = "refs/convert/parquet"  # where the hub keeps a parquet copy of a repository that has a script


def find_dataset(name: str, revision: str | None = None) -> Mapping[str, datasets.Dataset]:
    """The splits of a dataset by name.

    Args:
        name: a folder that ``save_to_disk`` wrote, a folder of parquet files, or a hub name, with a colon and the
            configuration where the repository has several.
        revision: of the hub repository. Without one, a repository that has a loading script (which no longer runs) is
            read from its parquet copy.

    Raises:
        DataError: it cannot be had; the message says why and what to do.
    """
    import datasets

    folder = Path(name)
    if folder.is_dir():
        return _of_folder(folder)
    path, _, config = name.partition(":")
    asked = revision
    try:
        if revision is None and _has_script(path):
            asked = PARQUET_REVISION
            found = datasets.load_dataset(path, revision=asked, data_dir=_copied(path, config))
        else:
            found = datasets.load_dataset(path, config or None, revision=revision)
    except DataError:
        raise
    except Exception as error:  # another world: whatever it raises, the user learns what to do
        raise _not_had(name, asked, error) from error
    return found if hasattr(found, "keys") else {"train": found}


def _has_script(path: str) -> bool:
    """Whether a hub repository has a loading script; where the hub cannot be asked, the library says why."""
    import huggingface_hub

    try:
        return huggingface_hub.HfApi().file_exists(path, f"{path.rpartition('/')[2]}.py", repo_type="dataset")
    except Exception:
        return False


def _copied(path: str, config: str) -> str | None:
    """The folder of a configuration in the parquet copy; None where there is only one.

    Raises:
        DataError: there are several and none is named, or it is none of them: read together they would be one corpus.
    """
    import huggingface_hub

    files = huggingface_hub.HfApi().list_repo_files(path, repo_type="dataset", revision=PARQUET_REVISION)
    found = sorted({file.partition("/")[0] for file in files if file.endswith(".parquet")})
    if config not in ([*found, ""] if len(found) == 1 else found):
        raise DataError(
            f"the dataset has {'no configuration ' + config if config else 'several configurations'}: "
            f"there are {', '.join(found)}.",
            path,
            remedy=f"Name one of them: data.dataset={path}:{found[0]}.",
        )
    return None if len(found) == 1 else config


def read_parquet(*paths: str | os.PathLike[str]) -> datasets.Dataset:
    """The dataset that is in parquet files.

    Raises:
        DataError: a file is missing, or is no parquet file.
    """
    import datasets
    import pyarrow  # type: ignore[import-untyped]
    import pyarrow.parquet  # type: ignore[import-untyped]

    tables = []
    for path in paths:
        try:
            tables.append(pyarrow.parquet.read_table(path))
        except FileNotFoundError:
            raise DataError("no such file.", path, remedy="Check the path.") from None
        except (OSError, pyarrow.ArrowException) as error:
            raise DataError(
                f"is no parquet file: {error}.", path, remedy="Is it whole, and what it is named?"
            ) from None
    return datasets.Dataset(pyarrow.concat_tables(tables, promote_options="default"))


def _of_folder(folder: Path) -> Mapping[str, datasets.Dataset]:
    import datasets

    try:
        if (folder / "dataset_dict.json").exists() or (folder / "state.json").exists():
            found = datasets.load_from_disk(str(folder))
            return found if hasattr(found, "keys") else {"train": found}
    except Exception as error:  # whatever a damaged folder makes it raise
        raise DataError(f"cannot be read as a saved dataset: {error}.", folder, remedy="Save it again.") from error
    files = sorted(folder.rglob("*.parquet"))
    splits: dict[str, list[Path]] = {}
    for file in files:
        text = file.relative_to(folder).as_posix().lower()
        split = next((split for split, names in SPLIT_NAMES.items() if any(one in text for one in names)), None)
        if split is not None or len(files) == 1:
            splits.setdefault(split or "train", []).append(file)
    if not splits:
        raise DataError(
            "is a folder, but neither a saved dataset nor one of parquet files named by split.",
            folder,
            remedy="Write it with DatasetDict.save_to_disk, or name its files in data.train, data.dev and data.test.",
        )
    return {split: read_parquet(*paths) for split, paths in splits.items()}


def _not_had(name: str, revision: str | None, error: Exception) -> DataError:
    text = f"{type(error).__name__}: {error}".split("\n")[0]
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "config" in str(error).lower() and "available" in str(error).lower():
        remedy = f"Name one of its configurations: data.dataset={name.partition(':')[0]}:CONFIG."
        text = " ".join(f"{type(error).__name__}: {error}".split())
    elif "gated" in str(error):
        remedy = "Ask for access on its page, and log in: huggingface-cli login."
    elif revision == PARQUET_REVISION and ("RevisionNotFoundError" in kinds or not kinds & _UNREACHED):
        remedy = (
            "It has a loading script, which no longer runs, and no parquet copy on the hub: look for a copy of the"
            " data under another name, or download its files and name them in data.train."
        )
    elif "DatasetNotFoundError" in kinds:
        remedy = "Check the name (OWNER/NAME) and the revision; a folder must be there; if it is private, log in."
    elif kinds & _UNREACHED or "check your connection" in str(error):
        remedy = (
            "Is there a network? Without one, save the dataset where there is, with DatasetDict.save_to_disk, and"
            " name that folder in data.dataset."
        )
    else:
        remedy = "If it can be downloaded otherwise, name its files in data.train, data.dev and data.test."
    return DataError(f"the dataset cannot be had: {text}.", name, remedy=remedy)
