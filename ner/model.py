"""The network, wired as figure 3 of Ma & Hovy 2016: word + char-CNN (+ features) -> BiLSTM -> emissions -> CRF."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ner.config import ModelConfig
from ner.features.batches import Batch
from ner.features.encoder import FeatureSizes
from ner.features.tags import TagSet
from ner.modules.auxiliary import AuxiliaryHead
from ner.modules.char_cnn import CharCNN
from ner.modules.crf import CRF, Constraints
from ner.modules.crf_loss import PathTargets
from ner.modules.dropout import GroupDropout
from ner.modules.entity_share import share_penalty, whole
from ner.modules.language_model import LanguageModelHead
from ner.modules.recurrent import Recurrent
from ner.modules.smoothing import uniform_cross_entropy
from ner.modules.words import WordRepresentation, WordTable

SHARE_WEIGHT = 10.0  # of the penalty on the share of entity tokens, in nats a sentence


class SequenceTagger(nn.Module):
    """Emissions of every token, and a CRF over them.

    With ``head: softmax`` the CRF's transitions stay at zero, which makes its likelihood the product of the tokens'
    softmax probabilities; only its decoding knows what the scheme allows.

    Args:
        config: sizes and kinds of the parts.
        sizes: of the feature tables.
        tagset: the K tags.
        word_dim: size of the word embeddings.

    Attributes:
        teaching_temperature: at which a teacher's targets were computed.
        entity_share: share of tokens in entities that partial annotation is held to; None for no such check.
        completed: makes of the sum over a batch the sum over all processes' shares of it, where it is one of several.
        context: tokens before and after a sentence that it is to be read with.
        auxiliary: a second head, in training alone; None for none.
        language_model: another that foretells the words, in training alone; None for none.
    """

    teaching_temperature = 1.0
    entity_share: float | None = None
    completed: Callable[[Tensor], Tensor] = staticmethod(whole)

    def __init__(self, config: ModelConfig, sizes: FeatureSizes, tagset: TagSet, word_dim: int) -> None:
        super().__init__()
        chars, features, encoder = config.chars, config.features, config.encoder
        char_cnn = (
            CharCNN(sizes.chars, chars.dim, chars.filters, tuple(chars.widths), chars.dropout) if chars.dim else None
        )
        self.words = WordRepresentation(
            WordTable(sizes.words, sizes.trained, word_dim),
            char_cnn,
            sizes.shapes,
            features.shape_dim,
            sizes.clusters,
            word_dim if features.cluster_start == "vectors" else features.cluster_dim,
            config.words.dropout,
        )
        gazetteer_tags = 5  # outside, and the four roles of a match
        self.gazetteers = nn.ModuleList(
            nn.Embedding(gazetteer_tags, features.gazetteer_dim) for _ in range(sizes.gazetteers)
        )
        self.columns = nn.ModuleList(  # 0, which training does not see, is and stays no information
            nn.Embedding(size, features.column_dim, padding_idx=0) for size in sizes.columns
        )
        further = (sizes.gazetteers * features.gazetteer_dim, len(sizes.columns) * features.column_dim)
        groups = [*self.words.groups, *(size for size in further if size)]
        self.group_dropout = GroupDropout(features.group_dropout, groups, encoder.variational)
        self.encoder = Recurrent(
            encoder.kind,
            sum(groups),
            encoder.hidden,
            layers=encoder.layers,
            bidirectional=encoder.bidirectional,
            dropout_input=encoder.dropout,
            dropout_output=encoder.dropout,
            dropout_between=encoder.dropout,
            dropout_recurrent=encoder.recurrent_dropout,
            variational=encoder.variational,
            forget_bias=encoder.forget_bias,
            layer_norm=encoder.layer_norm,
            residual=encoder.residual,
        )
        self.context = encoder.context
        self.beyond = nn.Parameter(torch.zeros(sum(groups))) if encoder.context else None
        self.project = nn.Linear(self.encoder.output_size, len(tagset))
        nn.init.xavier_uniform_(self.project.weight)
        nn.init.zeros_(self.project.bias)
        self.crf = self.make_crf(config, tagset)
        self.auxiliary: AuxiliaryHead | None = None
        self.language_model: LanguageModelHead | None = None
        self.label_smoothing = config.label_smoothing

    @staticmethod
    def make_crf(config: ModelConfig, tagset: TagSet) -> CRF:
        """The output layer, with the scheme's constraints."""
        with torch.device("cpu"):  # what is legal is known even where the rest is laid out without memory
            crf = CRF(len(tagset), Constraints(*tagset.legality), constrained_training=config.constrained_training)
        if config.head == "softmax":
            for parameter in crf.parameters():
                nn.init.zeros_(parameter).requires_grad_(False)
        return crf

    def represent(self, batch: Batch) -> Tensor:
        """Vectors of the batch's word types, [W, D]."""
        return self.words(batch.words, batch.chars, batch.shapes, batch.clusters)

    def emissions(
        self,
        table: Tensor,
        index: Tensor,
        lengths: Tensor,
        gazetteers: Tensor | None = None,
        around: Tensor | None = None,
    ) -> Tensor:
        """Scores of every tag for every token.

        Args:
            table: vectors of word types, [W, D], from `represent`.
            index: the word type of each token that is read, int64 [B, R].
            lengths: tokens of each sentence, int64 [B].
            gazetteers: matches and columns of each token that is read, int64 [B, R, G], where the model has such.
            around: tokens that are read before the sentence, and in all, int64 [B, 2]; None where R is T.

        Returns:
            [B, T, K] in the type of the weights, or fp32; whatever at padding.
        """
        if around is None and not torch.is_grad_enabled():
            return self.encoder.project(self.inputs(table, index, gazetteers), lengths, self.project)
        return self.project(self.encode(table, index, lengths, gazetteers, around))

    def encode(
        self,
        table: Tensor,
        index: Tensor,
        lengths: Tensor,
        gazetteers: Tensor | None = None,
        around: Tensor | None = None,
    ) -> Tensor:
        """What the encoder makes of every token, [B, T, H]; arguments as for `emissions`.

        The tokens around a sentence are read like its own, with a trained vector added that tells them from these;
        what the encoder makes of them is dropped.
        """
        inputs = self.inputs(table, index, gazetteers)
        if around is None:
            return self.encoder(inputs, lengths)
        before, read = around.unbind(1)
        place = torch.arange(index.shape[1], device=index.device)
        beyond = (place < before[:, None]) | (place >= (before + lengths)[:, None])
        if self.beyond is not None:
            inputs = inputs + beyond[:, :, None] * self.beyond.to(inputs.dtype)
        hidden = self.encoder(inputs, read)
        own = own_places(around, lengths, len(place))
        return hidden.gather(1, own[:, :, None].expand(-1, -1, hidden.shape[2]))

    def inputs(self, table: Tensor, index: Tensor, gazetteers: Tensor | None = None) -> Tensor:
        """What the encoder reads at every token, [B, T, D]; arguments as for `emissions`."""
        inputs = functional.embedding(index, table)
        if gazetteers is not None:
            tables = [*self.gazetteers, *self.columns]
            matches = [embedding(gazetteers[..., column]) for column, embedding in enumerate(tables)]
            inputs = torch.cat([inputs, *matches], dim=2)
        return self.group_dropout(inputs.to(self.project.weight.dtype))

    def forward(self, batch: Batch) -> Tensor:
        """Emissions of a batch, [B, T, K]."""
        table = self.represent(batch)
        return self.project(self.encode(table, batch.index, batch.lengths, batch.gazetteers, batch.around))

    def loss(self, batch: Batch) -> Tensor:
        """What is minimized, for each sentence by its weight, [B].

        The negative log-likelihood of the gold tags, or of what partial annotation allows; for sentences with a
        teacher's targets, the divergence from these. With a second head, or with a language model, its loss as well.

        Raises:
            ValueError: the batch has no tags.
        """
        table = self.represent(batch)
        hidden = self.encode(table, batch.index, batch.lengths, batch.gazetteers, batch.around)
        emissions = self.project(hidden)
        losses = self._gold_loss(batch, emissions)
        if batch.targets is not None and batch.taught is not None:
            rows = batch.taught.nonzero()[:, 0]
            scores, tags, lengths = emissions[rows], batch.targets[rows], batch.lengths[rows]
            how: dict[str, Any] = {"reduction": "none", "temperature": self.teaching_temperature}
            if batch.edges is None or batch.entropy is None:
                taught = self.crf.distillation_loss(scores, tags, lengths, **how)
            else:
                paths = PathTargets(tags, batch.edges, batch.entropy)
                taught = self.crf.path_distillation_loss(scores, paths, lengths, **how)
            losses = losses.index_copy(0, rows, taught)
        if self.auxiliary is not None and batch.auxiliary is not None:
            losses = losses + self.auxiliary(hidden, batch.auxiliary)
        if self.language_model is not None:
            index = batch.index
            if batch.around is not None:
                index = index.gather(1, own_places(batch.around, batch.lengths, index.shape[1]))
            losses = losses + self.language_model(hidden, table, index, batch.lengths)
        return losses if batch.weights is None else losses * batch.weights

    def _gold_loss(self, batch: Batch, emissions: Tensor) -> Tensor:
        if batch.allowed is not None:
            losses = self.crf.partial_loss(emissions, batch.allowed, batch.lengths, reduction="none")
            if self.entity_share is None:
                return losses
            penalty = share_penalty(self.crf, emissions, batch.lengths, self.entity_share, self.completed)
            return losses + SHARE_WEIGHT * penalty
        if batch.tags is None:
            raise ValueError("a batch without tags has no loss: encode the corpus with its tags")
        losses = self.crf.loss(emissions, batch.tags, batch.lengths, reduction="none")
        if not self.label_smoothing:
            return losses
        return torch.lerp(losses, uniform_cross_entropy(emissions, batch.lengths), self.label_smoothing)


def own_places(around: Tensor, lengths: Tensor, read: int) -> Tensor:
    """Where the tokens of the sentences stand among those that are read with them, int64 [B, T]; valid at padding.

    Args:
        around: tokens that are read before the sentence, and in all, int64 [B, 2].
        lengths: tokens of each sentence, int64 [B].
        read: the width of what is read, R.
    """
    longest = int(lengths.max()) if len(lengths) else 0
    place = torch.arange(longest, device=around.device)
    return (around[:, :1] + place).clamp(max=max(read - 1, 0))
