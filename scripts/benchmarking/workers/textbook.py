"""Char-CNN, packed `nn.LSTM` and `torchcrf` put together as tutorials do it, with Adam over everything."""

from __future__ import annotations

import random
import time
from collections import Counter

import torch
from common import Clock, read_sentences, read_vectors
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torchcrf import CRF

PAD, UNKNOWN = 0, 1


class Textbook(nn.Module):
    """Ma & Hovy 2016: word embeddings and char-CNN -> BiLSTM -> CRF."""

    def __init__(self, words: list[str], chars: list[str], tags: list[str], dim: int) -> None:
        super().__init__()
        self.names, self.characters, self.tags = words, chars, tags
        self.word_numbers = {word: number for number, word in enumerate(words, start=2)}
        self.char_numbers = {char: number for number, char in enumerate(chars, start=2)}
        self.words = nn.Embedding(len(words) + 2, dim, padding_idx=PAD)
        self.chars = nn.Embedding(len(chars) + 2, 30, padding_idx=PAD)
        self.filters = nn.Conv1d(30, 30, 3, padding=1)
        self.lstm = nn.LSTM(dim + 30, 200, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.5)
        self.project = nn.Linear(400, len(tags))
        self.crf = CRF(len(tags), batch_first=True)

    def encode(self, tokens: list[str]) -> tuple[Tensor, list[Tensor]]:
        """Numbers of a sentence's words, and of the characters of each word."""
        words = [self.word_numbers.get(token.lower(), UNKNOWN) for token in tokens]
        return torch.tensor(words), [
            torch.tensor([self.char_numbers.get(char, UNKNOWN) for char in token]) for token in tokens
        ]

    def forward(self, batch: list[tuple[Tensor, list[Tensor]]]) -> tuple[Tensor, Tensor]:
        """Emissions [B, T, K] and mask [B, T] of encoded sentences."""
        device = self.project.weight.device
        words = pad_sequence([word for word, _ in batch], batch_first=True).to(device)  # [B, T]
        flat = pad_sequence([word for _, chars in batch for word in chars], batch_first=True).to(device)  # [N, C]
        letters = self.dropout(self.chars(flat)).transpose(1, 2)
        mask = words != PAD
        shapes = letters.new_zeros(*words.shape, 30)
        shapes[mask] = self.filters(letters).amax(2)
        inputs = self.dropout(torch.cat([self.words(words), shapes], dim=2))
        packed = pack_padded_sequence(inputs, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False)
        hidden, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.project(self.dropout(hidden)), mask

    def fit(self, data: list[tuple[list[str], list[str]]], epochs: int, batch_size: int, clock: Clock) -> None:
        """Train on sentences and their tags."""
        examples = [(self.encode(tokens), torch.tensor(list(map(self.tags.index, tags)))) for tokens, tags in data]
        optimizer = torch.optim.Adam(self.parameters(), lr=0.002)
        steps = epochs * -(-len(examples) // batch_size)
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
        for _ in range(epochs):
            begun = time.perf_counter()
            self.train()
            random.shuffle(examples)
            for start in range(0, len(examples), batch_size):
                encoded, gold = zip(*examples[start : start + batch_size], strict=True)
                emissions, mask = self(list(encoded))
                tags = pad_sequence(list(gold), batch_first=True).to(mask.device)
                optimizer.zero_grad()
                (-self.crf(emissions, tags, mask, reduction="mean")).backward()
                nn.utils.clip_grad_norm_(self.parameters(), 5.0)
                optimizer.step()
                schedule.step()
            clock.epoch(sum(len(tags) for _, tags in examples) / (time.perf_counter() - begun))

    @torch.no_grad()
    def predict(self, sentences: list[list[str]], batch_size: int = 32) -> list[list[str]]:
        """The best tags of sentences."""
        self.eval()
        found: list[list[str]] = []
        for start in range(0, len(sentences), batch_size):
            emissions, mask = self(list(map(self.encode, sentences[start : start + batch_size])))
            found += [[self.tags[tag] for tag in path] for path in self.crf.decode(emissions, mask)]
        return found


def from_corpus(train: str, vectors: str) -> tuple[Textbook, list[tuple[list[str], list[str]]]]:
    """An untrained model for a corpus, and the corpus: rows for the words with a vector or seen twice."""
    data = list(read_sentences(train))
    known, rows = read_vectors(vectors)
    listed = set(known)
    counts = Counter(token.lower() for tokens, _ in data for token in tokens)
    words = known + sorted(word for word, count in counts.items() if count > 1 and word not in listed)
    chars = sorted({char for tokens, _ in data for token in tokens for char in token})
    model = Textbook(words, chars, sorted({tag for _, tags in data for tag in tags}), len(rows[0]))
    model.words.weight.data[2 : len(rows) + 2] = torch.tensor(rows)
    return model, data
