"""Whether a model's confidence can be believed: calibration error before and after the temperature that was fitted on
dev, and what a threshold on the score buys.

    python scripts/calibration.py runs/bc5cdr bc5cdr/test.tsv --plots docs/images
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def main(
    model: Annotated[Path, typer.Argument()],
    data: Annotated[str, typer.Argument()],
    plots: Path | None = None,
    keep: float = 0.8,
) -> None:
    """Print the figures and draw the diagrams."""
    import ner

    tagger = ner.load(model)
    fitted = tagger.predictor.temperature
    if plots is not None:
        plots.mkdir(parents=True, exist_ok=True)
    for name, temperature in (("before", 1.0), ("after", fitted)):
        tagger.predictor.temperature = temperature
        evaluation = ner.evaluate(tagger, data)
        reliability = evaluation.reliability()
        print(f"{name}: temperature {temperature:.3f}, calibration error {reliability.ece:.4f}, "
              f"Brier score {reliability.brier:.4f}")  # fmt: skip
        print(reliability.table())
        if plots is not None:
            reliability.plot(plots / f"reliability_{name}.png")
    curve = evaluation.thresholds()
    best_path, point = evaluation.scores.micro, curve.keeping(keep, evaluation.scores.micro.recall)
    print(curve.table())
    print(f"best path: precision {best_path.precision:.2%}, recall {best_path.recall:.2%}, F1 {best_path.f1:.2%}")
    print(f"threshold {point.threshold:.3f}: precision {point.precision:.2%}, recall {point.recall:.2%}")
    if plots is not None:
        curve.plot(plots / "thresholds.png")


if __name__ == "__main__":
    typer.run(main)
