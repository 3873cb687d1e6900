from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.config import CharConfig, FeatureConfig, ModelConfig, WordConfig
from ner.errors import NerError
from ner.features.encoder import FeatureEncoder
from ner.features.shape import SHAPES

SENTENCES = [["Ada", "met", "Grace"], ["in", "New", "York"], ["the", "met", "office"]]
UNSEEN = ["Ada", "ADA", "zebra", "", "a" * 500, "日本", "\ud83d", "a\nb", "York"]


@pytest.fixture
def config(tmp_path: Path) -> ModelConfig:
    (tmp_path / "paths.txt").write_text("Ada\t0101\nGrace\t0111\nmet\t1\n", encoding="utf-8")
    (tmp_path / "places.txt").write_text("New York\nParis\n", encoding="utf-8")
    (tmp_path / "people.txt").write_text("Ada\n", encoding="utf-8")
    files = [str(tmp_path / "places.txt"), str(tmp_path / "people.txt")]
    features = FeatureConfig(clusters=str(tmp_path / "paths.txt"), cluster_prefixes=[2, 4], gazetteers=files)
    return ModelConfig(features=features, chars=CharConfig(max_length=8))


def test_sizes_bound_what_is_encoded(config: ModelConfig) -> None:
    encoder = FeatureEncoder.build(config, SENTENCES, [])
    sizes, types = encoder.sizes, encoder.encode(UNSEEN)
    assert sizes.words == sizes.trained == 9 and sizes.shapes == len(SHAPES) and sizes.gazetteers == 2
    assert len(sizes.clusters) == 2 and len(types) == len(UNSEEN)
    assert types.words.max() < sizes.words and types.chars.max() < sizes.chars and types.shapes.max() < sizes.shapes
    assert (types.clusters < np.array(sizes.clusters)).all()
    assert types.chars.shape[1] == 8
    assert types.lengths.tolist() == [min(len(word), 8) for word in UNSEEN]


def test_gazetteers_look_at_sentences_and_the_rest_at_words_alone(config: ModelConfig) -> None:
    encoder = FeatureEncoder.build(config, SENTENCES, [])
    matches = encoder.encode_sentences([["New", "York"], [], ["York"]])
    assert matches is not None and matches.shape == (3, 2)
    assert matches[:2, 0].all() and not matches[2].any() and not matches[:, 1].any()
    assert FeatureEncoder.build(ModelConfig(), SENTENCES, []).encode_sentences([["New", "York"]]) is None


@given(st.lists(st.text(max_size=12), min_size=1, max_size=12, unique=True), st.data())
@settings(max_examples=60, deadline=None)
def test_a_word_is_the_same_whatever_it_is_encoded_with(words: list[str], data: st.DataObject) -> None:
    encoder = FeatureEncoder.build(ModelConfig(), SENTENCES, [])
    types = encoder.encode(words)
    rows = data.draw(st.lists(st.integers(0, len(words) - 1), max_size=8))
    taken = types.take(np.array(rows, dtype=np.int64))
    assert taken.chars.shape == (len(rows), max([1, *(len(words[row]) for row in rows)]))
    for place, row in enumerate(rows):
        alone = encoder.encode([words[row]])
        size = int(alone.lengths[0])
        assert taken.words[place] == alone.words[0] and taken.shapes[place] == alone.shapes[0]
        assert taken.lengths[place] == size == len(words[row])
        assert taken.chars[place, :size].tolist() == alone.chars[0, :size].tolist()
        assert not taken.chars[place, size:].any()


@pytest.mark.parametrize("plain", [True, False])
def test_what_is_saved_is_what_is_loaded(plain: bool, config: ModelConfig, tmp_path: Path) -> None:
    config = ModelConfig(words=WordConfig(min_count=2)) if plain else config
    encoder = FeatureEncoder.build(config, [*SENTENCES, ["a\nb", "back\\slash", "\u2028"]], [])
    folder = tmp_path / "saved"
    folder.mkdir()
    encoder.save(folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(FeatureEncoder.files(config))
    loaded = FeatureEncoder.load(folder, config, encoder.sizes.trained)
    assert loaded.sizes == encoder.sizes
    one, other = encoder.encode(UNSEEN), loaded.encode(UNSEEN)
    for name in ("words", "chars", "lengths", "shapes", "clusters"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    here, there = encoder.encode_sentences(SENTENCES), loaded.encode_sentences(SENTENCES)
    assert (here is None and there is None) if plain else np.array_equal(here, there)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", FeatureEncoder.files(ModelConfig(features=FeatureConfig(clusters="c", gazetteers="g")))
)
def test_a_missing_file_is_named(name: str, config: ModelConfig, tmp_path: Path) -> None:
    encoder = FeatureEncoder.build(config, SENTENCES, [])
    encoder.save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(NerError, match=name.replace(".", r"\.")):
        FeatureEncoder.load(tmp_path, config, encoder.sizes.trained)
