"""A linear-chain conditional random field (Lafferty, McCallum & Pereira 2001) that knows lengths and constraints."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, TypeVar

import torch
import torchcrf
from torch import Tensor

from ner.modules.crf_chain import Chain, full_precision, join_edges
from ner.modules.crf_constraints import Constraints
from ner.modules.crf_decoding import best_spans
from ner.modules.crf_finite import require_finite
from ner.modules.crf_loss import (
    PathPlaces,
    PathTargets,
    Reduction,
    Scores,
    divergence,
    log_partition,
    negative_log_likelihood,
    partial_negative_log_likelihood,
    path_divergence,
    reduce,
)
from ner.modules.crf_messages import Messages, edge_counts, entropy, forward_backward, token_marginals
from ner.modules.crf_reading import SpanReading
from ner.modules.crf_spans import all_span_probabilities, span_probabilities
from ner.modules.crf_viterbi import best_paths, n_best_paths

_Method = TypeVar("_Method", bound=Callable[..., Any])


def _in_full_precision(method: _Method) -> _Method:
    """Computes what a method gets as emissions without autocast: sums over all paths need the digits."""

    @functools.wraps(method)
    def computed(self: CRF, emissions: Tensor, *args: Any, **kwargs: Any) -> Any:
        with full_precision(emissions.device):
            return method(self, emissions, *args, **kwargs)

    return computed  # type: ignore[return-value]


class CRF(torchcrf.CRF):
    r"""A distribution over the tag paths of a sentence, given the emission scores of its tokens.

    .. math:: p(y \mid u) = \exp\Big(a_{y_1} + \sum_t u_t(y_t) + \sum_{t>1} A_{y_{t-1} y_t} + b_{y_n}\Big) \Big/ Z

    with the parameters of ``torchcrf.CRF``: ``start_transitions`` :math:`a`, ``transitions`` :math:`A` (from row to
    column) and ``end_transitions`` :math:`b`. What differs from the parent: sentences are told apart by ``lengths``
    instead of a mask, come first in every tensor, and may be empty; the loss has a backward pass of its own; and
    there are constraints and probabilities.

    All methods take ``emissions`` [B, T, K] of any floating dtype and compute in float32 (float64 if given it),
    autocast or not; and ``lengths`` [B] long, 0 to T, best on the CPU, where they are checked. Values at padding,
    NaN too, have no influence. All raise a ValueError that says what was expected if shapes or types do not fit.

    Losses and `log_partition` are differentiable once, the others are not. Where a ``temperature`` can be given,
    all scores are divided by it (Guo et al. 2017): above 1 the probabilities are less extreme.

    An emission of minus infinity rules its tag out. Where NaN or infinities leave a sentence without a path of finite
    score, its loss and `log_partition` are not finite, and all other methods raise a ValueError that names it.

    Args:
        num_tags: number of tags, K.
        constraints: what may begin, follow and end, as of ``ner.schemes.legality``. Forbidden paths are never decoded
            and have probability 0. No parameter: absent from the state dict.
        constrained_training: also take the forbidden paths out of the normalization of the losses. A gold path is
            never forbidden: where the constraints do, it counts as permitted for its sentence.

    Raises:
        ValueError: constraints of another shape, or that leave sentences of some length without any path.
    """

    forbidden: Tensor  # [K + 1, K + 1] bool, see ``crf_chain``

    def __init__(
        self, num_tags: int, constraints: Constraints | None = None, constrained_training: bool = False
    ) -> None:
        super().__init__(num_tags, batch_first=True)
        self.constrained = constraints is not None
        self.constrained_training = constrained_training and self.constrained
        if constraints is None:
            constraints = Constraints(*(torch.ones(shape) for shape in (num_tags, (num_tags, num_tags), num_tags)))
        self.register_buffer("forbidden", constraints.forbidden(num_tags), persistent=False)

    def forward(
        self,
        emissions: Tensor,
        tags: Tensor,
        lengths: Tensor,
        weights: Tensor | None = None,
        reduction: Reduction = "mean",
    ) -> Tensor:
        """The `loss`: unlike the parent's, with the sign to be minimized."""
        return self.loss(emissions, tags, lengths, weights, reduction)

    @_in_full_precision
    def loss(
        self,
        emissions: Tensor,
        tags: Tensor,
        lengths: Tensor,
        weights: Tensor | None = None,
        reduction: Reduction = "mean",
    ) -> Tensor:
        """The negative log-likelihood of the tags, never negative; 0 for an empty sentence.

        Under ``constrained_training`` the permitted paths are the legal ones and the given one.

        Args:
            emissions: [B, T, K].
            tags: [B, T] long; at padding any number.
            lengths: [B] long.
            weights: [B], what a sentence counts, 1 if not given.
            reduction: ``none`` [B]; ``sum``; ``mean``, the sum over the number of sentences; ``token_mean``, over the
                number of tokens. The weights do not enter the divisor.

        Raises:
            ValueError: shapes that do not fit, lengths beyond T, tags that do not exist.
        """
        scores = self._scores(emissions, lengths)
        losses = negative_log_likelihood(scores, _tag_numbers(emissions, tags), self._forbidden_in_training())
        return reduce(losses, scores.lengths, weights, reduction)

    @_in_full_precision
    def partial_loss(
        self,
        emissions: Tensor,
        allowed: Tensor,
        lengths: Tensor,
        weights: Tensor | None = None,
        reduction: Reduction = "mean",
    ) -> Tensor:
        """The negative log of the probability of all paths that keep to the allowed tags; never negative.

        So tokens whose tag is unknown, or one of several, are summed over (Tsuboi et al. 2008). With one tag allowed
        at each token it is the `loss`; with all, 0.

        Under ``constrained_training`` the sums are over legal paths; where no allowed path is legal, all allowed ones
        are permitted.

        Args:
            emissions: [B, T, K].
            allowed: [B, T, K] bool; at padding anything.
            lengths, weights, reduction: as for the `loss`.

        Raises:
            ValueError: shapes that do not fit, lengths beyond T, a token without any allowed tag.
        """
        chain = self._scores(emissions, lengths).chain()
        if allowed.shape != emissions.shape or allowed.dtype != torch.bool:
            raise ValueError(
                f"expected allowed tags {list(emissions.shape)} bool, got {list(allowed.shape)} {_name(allowed)}"
            )
        if not bool((allowed.any(2) | chain.outside()[1:-1].t()).all()):
            raise ValueError("expected an allowed tag at every token, got a token without any")
        losses = partial_negative_log_likelihood(chain, allowed, self._forbidden_in_training())
        return reduce(losses, chain.lengths, weights, reduction)

    @_in_full_precision
    def distillation_loss(
        self,
        emissions: Tensor,
        targets: Tensor,
        lengths: Tensor,
        weights: Tensor | None = None,
        reduction: Reduction = "mean",
        temperature: float = 1.0,
    ) -> Tensor:
        """How far the token marginals are from a teacher's: the Kullback-Leibler divergence, summed over the tokens.

        Marginals against marginals, and not paths against a product of the teacher's tokens, which would teach that
        neighbouring tags are independent. Normalized as in training, over legal paths under ``constrained_training``.

        Args:
            emissions: [B, T, K].
            targets: [B, T, K] the teacher's distributions, as of `marginals`; at padding anything.
            lengths, weights, reduction: as for the `loss`.
            temperature: at which the targets were computed, too. The loss is multiplied by its square, so that
                gradients keep their size (Hinton et al. 2015).
        """
        chain = self._scores(emissions, lengths).chain()
        if targets.shape != emissions.shape:
            raise ValueError(f"expected targets {list(emissions.shape)}, got {list(targets.shape)}")
        if self.constrained_training:
            chain = chain.forbid(self.forbidden)
        chain = _at_temperature(chain, temperature)
        return reduce(divergence(chain, targets) * temperature**2, chain.lengths, weights, reduction)

    @_in_full_precision
    def path_distillation_loss(
        self,
        emissions: Tensor,
        targets: PathTargets,
        lengths: Tensor,
        weights: Tensor | None = None,
        reduction: Reduction = "mean",
        temperature: float = 1.0,
    ) -> Tensor:
        """How far the distribution over paths is from a teacher's: the Kullback-Leibler divergence of whole paths.

        Unlike the `distillation_loss` it also teaches which tags go together. Where the teacher is sure of a path, it
        is the `loss` of that path.

        Args:
            emissions: [B, T, K].
            targets: of the teacher: its `marginals`, `expected_edges` and `entropy`.
            lengths, weights, reduction, temperature: as for the `distillation_loss`.
        """
        chain = self._scores(emissions, lengths).chain()
        shapes = [list(target.shape) for target in targets]
        edges = [len(emissions), self.num_tags + 1, self.num_tags + 1]
        if shapes != (expected := [list(emissions.shape), edges, edges[:1]]):
            raise ValueError(f"expected targets of shapes {expected}, got {shapes}")
        if self.constrained_training:
            chain = chain.forbid(self.forbidden)
        chain = _at_temperature(chain, temperature)
        return reduce(path_divergence(chain, targets) * temperature**2, chain.lengths, weights, reduction)

    @_in_full_precision
    def log_partition(self, emissions: Tensor, lengths: Tensor, temperature: float = 1.0) -> Tensor:
        """log Z, the log of the summed exponentials of the scores of all legal paths, [B]; of an empty sentence 0."""
        return log_partition(_at_temperature(self._chain(emissions, lengths), temperature))

    @torch.no_grad()
    @_in_full_precision
    def log_prob(self, emissions: Tensor, tags: Tensor, lengths: Tensor, temperature: float = 1.0) -> Tensor:
        """The log-probability of the tags among all legal paths, [B]; minus infinity if they are not legal.

        Raises:
            ValueError: shapes that do not fit, lengths beyond T, tags that do not exist.
        """
        tags = _tag_numbers(emissions, tags)
        messages = self._messages(emissions, lengths, temperature)
        path = PathPlaces.of(tags, messages.outside, self.num_tags)
        return (path.score(messages.emissions, messages.edges) - messages.log_z).clamp(max=0.0)

    @torch.no_grad()
    @_in_full_precision
    def decode(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """The best legal path of each sentence: [B, T] long on the CPU, -1 at padding.

        Without constraints the same paths as ``torchcrf.CRF.decode``, of those that tie too.

        Raises:
            ValueError: shapes that do not fit, lengths beyond T, no path of finite score.
        """
        return best_paths(self._chain(emissions, lengths))

    @torch.no_grad()
    @_in_full_precision
    def nbest(self, emissions: Tensor, lengths: Tensor, n: int, temperature: float = 1.0) -> tuple[Tensor, Tensor]:
        """The n best legal paths of each sentence, no two alike, best first, and their log-probabilities.

        Of paths that tie, the one whose last tag has the lowest number comes first, then the last but one, and so on.

        Returns:
            Paths [B, n, T] long, -1 at padding; and log-probabilities [B, n]. If fewer than n paths exist, the others
            are all -1 and minus infinity.

        Raises:
            ValueError: shapes that do not fit, lengths beyond T, n below 1.
        """
        if n < 1:
            raise ValueError(f"expected n of 1 or more, got {n}")
        messages = self._messages(emissions, lengths, temperature)
        paths, scores = n_best_paths(messages.emissions, messages.edges, n)
        return paths, (scores - messages.log_z[:, None]).clamp(max=0.0)

    @torch.no_grad()
    @_in_full_precision
    def marginals(self, emissions: Tensor, lengths: Tensor, temperature: float = 1.0) -> Tensor:
        """The probability of each tag at each token over all legal paths, [B, T, K]; 0 at padding."""
        return token_marginals(self._messages(emissions, lengths, temperature))

    @torch.no_grad()
    @_in_full_precision
    def entropy(self, emissions: Tensor, lengths: Tensor, temperature: float = 1.0) -> Tensor:
        """The entropy of the distribution over all legal paths, [B] in nats; 0 for an empty sentence."""
        return entropy(self._messages(emissions, lengths, temperature))

    @torch.no_grad()
    @_in_full_precision
    def expected_edges(self, emissions: Tensor, lengths: Tensor, temperature: float = 1.0) -> Tensor:
        """How often a path drawn from all legal ones takes each transition, [B, K + 1, K + 1], from row to column.

        The last row holds the start, the last column the end, and their crossing the steps beyond a sentence's end.
        """
        return edge_counts(self._messages(emissions, lengths, temperature))

    @torch.no_grad()
    @_in_full_precision
    def span_probability(
        self,
        emissions: Tensor,
        lengths: Tensor,
        spans: Tensor,
        reading: SpanReading,
        temperature: float = 1.0,
    ) -> Tensor:
        """The probability over all legal paths that a span is read: these tokens, no more, no fewer, this label.

        Args:
            emissions: [B, T, K]; sentences without a span in question are best left out.
            lengths: [B] long.
            spans: [N, 4] long: sentence, first token, token after the last, label.
            reading: how tags are read as spans.
            temperature: what all scores are divided by.

        Returns:
            [N] probabilities; 0 for a span beyond the end of its sentence.

        Raises:
            ValueError: shapes that do not fit, lengths beyond T; a span without tokens, beyond T, or of no label.
        """
        return span_probabilities(self._messages(emissions, lengths, temperature), spans, reading)

    @torch.no_grad()
    @_in_full_precision
    def all_span_probabilities(
        self,
        emissions: Tensor,
        lengths: Tensor,
        reading: SpanReading,
        longest: int = 10,
        temperature: float = 1.0,
    ) -> Tensor:
        """The `span_probability` of every span of up to ``longest`` tokens.

        Returns:
            [B, T, longest, C]: sentence, first token, number of tokens less 1, label of C; 0 beyond the sentence.
        """
        return all_span_probabilities(self._messages(emissions, lengths, temperature), reading, longest)

    @torch.no_grad()
    def decode_spans(
        self,
        emissions: Tensor,
        lengths: Tensor,
        reading: SpanReading,
        threshold: float = 0.5,
        longest: int = 10,
        temperature: float = 1.0,
    ) -> tuple[Tensor, Tensor]:
        """The entities that are best by their own probabilities, where the best path is best by the path's.

        Args:
            emissions, lengths, reading, longest, temperature: as for `all_span_probabilities`.
            threshold: what an entity found must be worth, from 0 to 1; see ``crf_decoding``, also for the threshold
                with the highest expected F1.

        Returns:
            On the CPU: spans [N, 4] long, as for `span_probability`, in order and without overlap; and their
            probabilities [N].

        Raises:
            ValueError: shapes that do not fit, lengths beyond T, a threshold that is no number from 0 to 1.
        """
        if not 0.0 <= threshold <= 1.0:
            raise ValueError(f"expected a threshold from 0 to 1, got {threshold}")
        found = self.all_span_probabilities(emissions, lengths, reading, longest, temperature)
        return best_spans(found, threshold)

    @torch.no_grad()
    def edges(self) -> Tensor:
        """The scores of all transitions, [K + 1, K + 1] as of ``crf_chain``; of what is forbidden minus infinity."""
        edges = join_edges(self.start_transitions, self.transitions, self.end_transitions)
        return edges.masked_fill(self.forbidden, float("-inf")) if self.constrained else edges

    def _messages(self, emissions: Tensor, lengths: Tensor, temperature: float) -> Messages:
        messages = forward_backward(_at_temperature(self._chain(emissions, lengths), temperature))
        require_finite(messages.log_z.cpu().numpy())
        return messages

    def _chain(self, emissions: Tensor, lengths: Tensor) -> Chain:
        """The scores as they are for everything but training: those of what is forbidden ``-inf``."""
        chain = self._scores(emissions, lengths).chain()
        return chain.forbid(self.forbidden) if self.constrained else chain

    def _scores(self, emissions: Tensor, lengths: Tensor) -> Scores:
        """All scores, also of what is forbidden, in the dtype to compute in, checked."""
        if emissions.dim() != 3 or emissions.shape[2] != self.num_tags:
            raise ValueError(f"expected emissions [B, T, {self.num_tags}], got {list(emissions.shape)}")
        B, T, _ = emissions.shape
        if lengths.shape != (B,) or not _counts(lengths):
            raise ValueError(f"expected lengths [{B}] long, got {list(lengths.shape)} {_name(lengths)}")
        if B and lengths.device.type == "cpu":
            numbers = lengths.tolist()
            if min(numbers) < 0 or max(numbers) > T:
                raise ValueError(f"expected lengths from 0 to {T}, got {min(numbers)} to {max(numbers)}")
        dtype = torch.promote_types(torch.promote_types(emissions.dtype, self.transitions.dtype), torch.float32)
        return Scores(
            emissions.to(dtype),
            self.start_transitions.to(dtype),
            self.transitions.to(dtype),
            self.end_transitions.to(dtype),
            lengths.to(emissions.device, torch.long),
        )

    def _forbidden_in_training(self) -> Tensor | None:
        return self.forbidden if self.constrained_training else None


def _at_temperature(chain: Chain, temperature: float) -> Chain:
    if not 0.0 < temperature < math.inf:
        raise ValueError(f"expected a temperature above 0, got {temperature}")
    return chain if temperature == 1.0 else chain.change(lambda scores: scores / temperature)


def _tag_numbers(emissions: Tensor, tags: Tensor) -> Tensor:
    """The tags as int64, if they are numbers for these emissions."""
    if tags.shape != emissions.shape[:2] or not _counts(tags):
        raise ValueError(f"expected tags {list(emissions.shape[:2])} long, got {list(tags.shape)} {_name(tags)}")
    return tags.long()


def _counts(tensor: Tensor) -> bool:
    """Whether a tensor is of integers."""
    return not (tensor.is_floating_point() or tensor.is_complex() or tensor.dtype == torch.bool)


def _name(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
