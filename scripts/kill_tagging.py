"""Kills ``ner tag FILE --output OUT`` with SIGKILL at random moments: there is never a part of an output under its
name, what stood there before stands there still, and a second run writes what an undisturbed one does.

    python scripts/kill_tagging.py MODEL FILE --kills 50
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from kill_resume import after, run


def main(
    model: Annotated[Path, typer.Argument()],
    file: Annotated[Path, typer.Argument()],
    kills: int = 50,
    seed: int = 1,
) -> None:
    """Tag once undisturbed, and then again and again."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        alone, target = folder / "alone.jsonl", folder / "killed.jsonl"
        command = ["tag", str(model), str(file), "--output"]
        seconds = run([*command, str(alone)])
        assert seconds is not None
        expected, faults, found = alone.read_bytes(), 0, Counter[str]()
        print(f"undisturbed: {seconds:.1f} s, {len(expected):,} bytes", flush=True)
        number = 0
        while found["killed"] < kills:
            number += 1
            before = b"as it was" if number % 2 else None
            target.unlink(missing_ok=True)
            if before is not None:
                target.write_bytes(before)
            ended = run([*command, str(target)], after(chance.uniform(0, 1.05) * seconds))
            content = target.read_bytes() if target.exists() else None
            right = content == expected or (ended is None and content == before)
            faults += not right
            left = [path for path in folder.iterdir() if path not in (alone, target)]
            found["came to its end" if ended is not None else "killed"] += 1
            found["the new output stands"] += content == expected
            found["left a hidden file of its own"] += bool(left)
            if any(not (path.name.startswith(".killed.jsonl.") and path.name.endswith(".new")) for path in left):
                faults += 1
            for path in left:
                path.unlink()
            if number % 10 == 0:
                run([*command, str(target)])
                faults += target.read_bytes() != expected
                found["tagged again, and equal"] += target.read_bytes() == expected
                print(f"{number}: {dict(found)}", flush=True)
    print(f"{number} tries, {dict(found)}: {faults or 'no'} faults")
    raise typer.Exit(1 if faults else 0)


if __name__ == "__main__":
    typer.run(main)
