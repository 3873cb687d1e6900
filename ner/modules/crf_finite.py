"""What has no answer: scores among which a sentence has no path of finite score."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def require_finite(totals: NDArray[np.floating]) -> None:
    """That the best score, or log Z, of every sentence, [B], is a finite number.

    Else there is no answer: maxima and sums over NaN and infinities say nothing about paths.

    Raises:
        ValueError: it is not, naming the first such sentence.
    """
    finite = np.isfinite(totals)
    if not finite.all():
        raise ValueError(
            "expected emissions that give every sentence a path of finite score, got NaN or infinity, or sums of "
            f"scores beyond the floating range, in sentence {int(finite.argmin())} of the batch"
        )
