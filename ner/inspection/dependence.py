"""Which tokens the tag of each token depends on, by the gradient of the path score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner.inspection.trace import SentenceInputs, sentence_tokens

if TYPE_CHECKING:
    from ner.modules.crf import CRF
    from ner.tagger import Tagger

_BATCH_TOKENS = 4096


@dataclass(frozen=True)
class Dependence:
    """What the tags of a sentence of T tokens hang on.

    The *margin* of token t is the score of the best path less that of the best path on which t has another tag: how
    much it takes to change the tag. Its gradient with respect to the vectors that go into the encoder, one a token
    (word embedding, characters, shape), says to which words it is sensitive.

    Attributes:
        tokens: of the sentence.
        tags: the best legal path, in the model's scheme.
        rivals: what each token would be tagged at the next best.
        margins: ``[T]``, in nats.
        shares: ``[T, T]``; row t holds, for every token s, the Euclidean norm of the gradient of t's margin with
            respect to s's vector, over the sum of the row. Rows sum to 1; of a model that knows one tag alone, to 0.
    """

    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    rivals: tuple[str, ...]
    margins: NDArray[np.float64]
    shares: NDArray[np.float64]

    def strongest(self, token: int, number: int, least: float = 0.05) -> list[int]:
        """The other tokens that this one's tag depends on most, of at least a share, strongest first."""
        order = np.argsort(-self.shares[token], kind="stable")
        return [int(other) for other in order if other != token and self.shares[token, other] >= least][:number]

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, lists and dicts."""
        return {
            "tokens": list(self.tokens),
            "tags": list(self.tags),
            "rivals": list(self.rivals),
            "margins": self.margins.tolist(),
            "shares": self.shares.tolist(),
        }


def tag_dependence(tagger: Tagger, sentence: str | Sequence[str]) -> Dependence:
    """Differentiate the margin of every token's tag; see `Dependence`.

    A sentence of T tokens takes T passes, in batches.

    Args:
        tagger: the trained model.
        sentence: a text, or tokens.

    Raises:
        NerError: the text holds no token, or several sentences; or the tagger is an ensemble.
    """
    tokens = sentence_tokens(tagger, sentence)
    inputs = SentenceInputs.of(tagger, tokens)
    with torch.no_grad():
        emissions = inputs.emissions(tagger, inputs.vectors[None])
    best, rivals = _paths(tagger, emissions)
    crf = tagger.predictor.model.crf
    margins, norms = [], []
    rows = max(1, _BATCH_TOKENS // len(tokens))
    # cuDNN has no backward pass for a recurrent layer in evaluation mode
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        for rival in rivals.split(rows):
            vectors = inputs.vectors.expand(len(rival), -1, -1).clone().requires_grad_()
            scores = inputs.emissions(tagger, vectors).double()
            margin = _path_scores(crf, scores, best.expand(len(rival), -1)) - _path_scores(crf, scores, rival)
            (gradient,) = torch.autograd.grad(margin.sum(), vectors)
            margins.append(margin.detach().cpu())
            norms.append(gradient.double().norm(dim=2).cpu())
    norm = torch.cat(norms).numpy()
    names = tagger.tagset.tags
    return Dependence(
        tokens=tuple(tokens),
        tags=tuple(names[tag] for tag in best.tolist()),
        rivals=tuple(names[tag] for tag in rivals.diagonal().tolist()),
        margins=torch.cat(margins).numpy(),
        shares=norm / np.maximum(norm.sum(1, keepdims=True), np.finfo(np.float64).tiny),
    )


def _paths(tagger: Tagger, emissions: Tensor) -> tuple[Tensor, Tensor]:
    """The best path ``[T]``, and for every token the best on which it has another tag ``[T, T]``."""
    crf = tagger.predictor.model.crf
    T = emissions.shape[1]
    best = crf.decode(emissions, torch.tensor([T]))[0].to(emissions.device)
    barred = emissions.repeat(T, 1, 1)
    every = torch.arange(T, device=emissions.device)
    # not infinite: a model of one tag has no other path than the barred one
    barred[every, every, best] = torch.finfo(emissions.dtype).min / 2
    return best, crf.decode(barred, torch.full((T,), T)).to(emissions.device)


def _path_scores(crf: CRF, emissions: Tensor, paths: Tensor) -> Tensor:
    """The scores of paths ``[N, T]`` on emissions ``[N, T, K]``: ``[N]``."""
    score = emissions.gather(2, paths[:, :, None]).sum((1, 2))
    score = score + crf.start_transitions[paths[:, 0]] + crf.end_transitions[paths[:, -1]]
    return score + crf.transitions[paths[:, :-1], paths[:, 1:]].sum(1)
