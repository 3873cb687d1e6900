"""Everything that a user can do wrong and what is then said, as data: tests hold it, and a page shows it.

The tests ask for these messages; ``scripts/document_messages.py`` writes docs/messages.md from them.
"""

# ruff: noqa: E501 - messages stand whole, so that they are found by what they say

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

TAG = "is no tag: expected O, or one of B I E S L U M, a hyphen and a label."
OFFSETS = "Offsets count characters (not bytes, not UTF-16 units) from 0, and the end is exclusive."
CUT = "Set data.cut_spans=widen to take whole tokens, data.cut_spans=drop to leave such spans out, or another data.tokenizer."

# Corpora to train on. Name of the file: its bytes, options, and the whole message behind the file's name.
CORPORA: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "empty.conll": (b"", {}, ": holds no sentence. Is it the right file?"),
    "blank.conll": (b"\n \n\n", {}, ": holds no sentence. Is it the right file?"),
    "comments.conll": (b"# one\n-DOCSTART- O\n\n", {}, ": holds no sentence. Is it the right file?"),
    "mixed.conll": (
        b"a\tO\n\nb\tX\tO\n",
        {},
        ":3: 3 columns, but line 1 has 2. Columns are separated by tabs here. Mend the line, or try data.separator=blank.",
    ),
    "short.conll": (
        b"a X O\nb\n",
        {},
        ":2: 1 column, but line 1 has 3. Columns are separated by blanks or tabs here. Mend the line, or try data.separator=tab.",
    ),
    "latin1.conll": (
        b"a O\ncaf\xe9 O\n",
        {},
        ":2: byte 0xe9 at position 4 of the line is not UTF-8. Convert the file from what it is in: iconv -f LATIN1 -t UTF-8 FILE > NEW.",
    ),
    "windows.conll": (
        b"\x93a O\n",
        {},
        ":1: byte 0x93 at position 1 of the line is not UTF-8. Convert the file from what it is in: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW.",
    ),
    "utf16.conll": (
        "a O\n".encode("utf-16"),
        {},
        ":1: byte 0xff at position 1 of the line is not UTF-8. Convert the file from what it is in: iconv -f UTF-16 -t UTF-8 FILE > NEW.",
    ),
    "mac.conll": (
        b"a O\rb O\r",
        {},
        ":1: the lines end in lone CRs, as on old Macs, not in LF or CR LF. Convert the file: tr '\\r' '\\n' < FILE > NEW.",
    ),
    "cut.conll.gz": (
        gzip.compress(b"a O\n" * 99)[:-9],
        {},
        ":1: damaged gzip data: Compressed file ended before the end-of-stream marker was reached. The file is cut short or altered: fetch it again.",
    ),
    "tags.conll": (
        b"the DT B-NP O\ncat NN I-NP O\n",
        {"tag_column": 1},
        f":1: 'DT' in column 1 (counted from 0) {TAG} Column 3 looks like tags: set data.tag_column=3.",
    ),
    "swapped.conll": (
        b"O the\nO cat\n",
        {},
        f":1: 'the' in column 1 (counted from 0) {TAG} Column 0 looks like tags: set data.tag_column=0. The words are then elsewhere: set data.word_column=1, perhaps.",
    ),
    "untagged.conll": (
        b"the O\ncat \t3\n",
        {"separator": "blank"},
        f":2: '3' in column 1 (counted from 0) {TAG} No other column of this sentence looks like tags. Mend the line, or set data.tag_column.",
    ),
    "missing.conll": (
        b"the\tO\ncat\t\n",
        {},
        f":2: nothing in column 1 (counted from 0) {TAG} No other column of this sentence looks like tags. Mend the line, or set data.tag_column.",
    ),
    "header.conll": (
        b"word tag\nthe O\ncat B-X\n",
        {},
        f":1: 'tag' in column 1 (counted from 0) {TAG} Is it a header? Then take it out: sed 1d FILE > NEW.",
    ),
    "labels.conll": (
        b"Ada\tPER\nLovelace\tPER\nleft\tO\n",
        {},
        f":1: 'PER' in column 1 (counted from 0) {TAG} If these are labels without prefixes, put I- before each; equal ones in a row are then one entity: awk -F'\\t' -v OFS='\\t' '{{ sub(/\\r$/, \"\") }} NF == 2 && $2 != \"O\" {{ $2 = \"I-\" $2 }} 1' FILE > NEW.",
    ),
    "commas.conll": (
        b"Ada,B-PER\nleft,O\n",
        {},
        ":1: words without tags. The lines hold commas: if they separate columns, put tabs: tr ',' '\\t' < FILE > NEW.",
    ),
    "words.conll": (
        b"the\ncat\n",
        {},
        ":1: words without tags. Each needs one, to train on or to score: is data.separator, data.tag_column or data.tags set right?",
    ),
    "column.conll": (
        b"the O\n",
        {"tag_column": 4},
        ":1: there is no column 4: the line has 2, counted from 0. Set data.tag_column, or data.separator if the columns are cut in the wrong places.",
    ),
    "word.conll": (
        b"the O\n",
        {"word_column": -3},
        ":1: there is no column -3: the line has 2, counted from 0. Set data.word_column, or data.separator if the columns are cut in the wrong places.",
    ),
    "both.conll": (
        b"the O\n",
        {"word_column": 1},
        ":1: column 1 of 2 (counted from 0) cannot hold both the words and the tags. Set data.word_column and data.tag_column to different columns.",
    ),
    "empty.jsonl": (b"", {}, ": holds no sentence. Is it the right file?"),
    "broken.jsonl": (
        b'{"tokens": ["a"], "tags": ["O"]}\n{"tokens"\n',
        {},
        ":2: is no JSON: Expecting ':' delimiter: line 1 column 10 (char 9). Mend the line.",
    ),
    "pretty.jsonl": (
        b'[\n {"tokens": []}\n]\n',
        {},
        ":1: is no JSON: Expecting value: line 1 column 2 (char 1). The file is one JSON value, not one a line: jq -c '.[]' FILE > NEW.",
    ),
    "array.jsonl": (b'[{"tokens": []}]\n', {}, ":1: holds a JSON array. Write one object a line: jq -c '.[]' FILE > NEW."),
    "string.jsonl": (
        b'"Ada"\n',
        {},
        ':1: holds a JSON string. Expected an object, such as {"tokens": ["Ada"], "tags": ["B-PER"]}.',
    ),
    "keys.jsonl": (
        b'{"sentence": "Ada", "id": 1}\n',
        {},
        ":1: has the keys sentence, id, and no list of tokens and no text among them. Expected tokens or words (or set data.tokens), or text.",
    ),
    "lengths.jsonl": (b'{"tokens": ["a"], "tags": []}\n', {}, ":1: 1 tokens, but 0 tags. Mend the line."),
    "numbers.jsonl": (
        b'{"tokens": ["a"], "ner_tags": [3]}\n',
        {},
        ":1: ner_tags holds numbers, whose names the file does not give. Write the tags by name: O, B-PER, ...",
    ),
    "token.jsonl": (b'{"tokens": [1], "tags": ["O"]}\n', {}, ":1: tokens[0] is 1, not a string. Mend the line."),
    "tag.jsonl": (
        b'{"tokens": ["a"], "tags": ["PER"]}\n',
        {},
        f":1: tags[0] is 'PER', which {TAG} Mend the line, or set data.tags to the key that holds the tags.",
    ),
    "without.jsonl": (
        b'{"tokens": ["a"]}\n',
        {},
        ":1: words without tags. Each needs one, to train on or to score: is data.separator, data.tag_column or data.tags set right?",
    ),
    "span.jsonl": (
        b'{"text": "Ada", "label": [[0, "PER"]]}\n',
        {},
        ':1: label holds [0, "PER"], which is no entity. Expected [start, end, "LABEL"] or {"start": 0, "end": 3, "label":'
        ' "LABEL"}, in characters.',
    ),
    "outside.jsonl": (
        b'{"text": "Ada", "label": [[0, 4, "PER"]]}\n',
        {},
        f":1: the PER span 0-4 is empty or not within the text of 3 characters. {OFFSETS}",
    ),
    "white.jsonl": (
        b'{"text": "Ada  left", "label": [[3, 5, "PER"]]}\n',
        {},
        ":1: the PER span 3-5 holds nothing but white space. Mend its offsets or take it out.",
    ),
    "covered.jsonl": (
        b'{"text": "Ada", "entities": [{"start": 0, "end": 2, "label": "PER", "text": "Ada"}]}\n',
        {},
        f":1: the PER span 0-2 is 'Ad', but should be 'Ada'. {OFFSETS}",
    ),
    "cuts.jsonl": (
        b'{"text": "Ada", "label": []}\n{"text": "Ada", "label": [[0, 2, "PER"]]}\n',
        {},
        f":2: the PER span 'Ad' (0-2) cuts the token 'Ada'. {CUT}",
    ),
    "overlap.jsonl": (
        b'{"text": "New York", "label": [[0, 8, "LOC"], [0, 3, "X"]]}\n',
        {},
        ":1: the LOC span 'New York' (0-8) overlaps the X span 'New' (0-3). A token can be in one entity only: keep one of the two.",
    ),
    "widened.jsonl": (
        b'{"text": "New-York", "label": [[0, 3, "LOC"], [4, 8, "X"]]}\n',
        {"cut_spans": "widen"},
        ":1: the X span 'York' (4-8) overlaps the LOC span 'New' (0-3). A token can be in one entity only: keep one of the two, or set data.cut_spans=drop if they only do so once widened.",
    ),
    "given.jsonl": (
        b'{"text": "Ada", "tokens": [{"start": 0, "end": 9}], "label": []}\n',
        {},
        ':1: tokens[0] is {"start": 0, "end": 9}. Expected {"start": ..., "end": ...}, one behind the other and within the'
        " text.",
    ),
    "moved.jsonl": (
        b'{"text": "Ada", "tokens": [{"text": "da", "start": 0, "end": 2}], "label": []}\n',
        {},
        f":1: tokens[0] is 'da', but the text has 'Ad' there. {OFFSETS}",
    ),
    "half.jsonl": (
        b'{"tokens": ["\\ud800"], "tags": ["O"]}\n',
        {},
        ":1: '\\ud800' holds half of a surrogate pair, which is no character. The text was cut or decoded wrongly: mend it, or leave the half out.",
    ),
    "between.jsonl": (
        b'{"text": "Ada x", "tokens": [{"start": 0, "end": 3}], "label": [[4, 5, "X"]]}\n',
        {},
        f":1: the X span 'x' (4-5) begins or ends where no token does. {CUT}",
    ),
    "nowhere.jsonl": (
        b'{"text": "Ada x", "tokens": [{"start": 0, "end": 3}], "label": [[4, 5, "X"]]}\n',
        {"cut_spans": "widen"},
        ":1: the X span 'x' (4-5) holds no token. Are the tokens those of the text? Mend them, or leave them out to have the text cut anew.",
    ),
    "weight.jsonl": (
        b'{"tokens": ["a"], "tags": ["O"], "weight": -1}\n',
        {},
        ":1: weight -1 is no number from 0 on. A weight says how often a sentence counts.",
    ),
    "line.ann": (b"T1 PER 0 3 Ada\n", {}, ":1: 'T1 PER 0 3 Ada' is no annotation. Expected T1<tab>LABEL START END<tab>TEXT."),
    "text.ann": (
        b"T1\tPER 0 3\tBob\n",
        {},
        ":1: PER 0 3 is 'Ada' in the text, but 'Bob' here. Offsets count characters from 0, a CR LF as two; was the text changed after it was annotated?",
    ),
    "pieces.ann": (
        b"T1\tPER 0 3;9 15\tAda London\n",
        {},
        f":1: the PER span 'Ada ... London' (0-15) is in 2 pieces. {CUT}",
    ),
}  # fmt: skip

# Commands, in a folder with the files of ``provoking_files.py``; MODEL is a model, CONFIG a configuration.
COMMANDS: list[tuple[str, str]] = [
    ("tag nothing FILE", "nothing: no such folder; a training writes its model into OUTPUT/model"),
    ("tag . FILE", ".: not a model folder, it has no config.json"),
    ("info nothing", "nothing: no such folder"),
    ("evaluate nothing test.conll", "nothing: no such folder"),
    ("tag MODEL nothing.txt", "nothing.txt: no such file. Check the path"),
    ("tag MODEL .", ".: cannot be read: Is a directory"),
    ("tag MODEL latin1.conll", "latin1.conll:2: byte 0xeb at position 3 of the line is not UTF-8. Convert"),
    ("tag MODEL ragged.conll", "ragged.conll:2: 1 column, but line 1 has 2. Columns are separated by"),
    ("tag MODEL ragged.conll", "or try --separator tab."),
    ("tag MODEL bad.jsonl", "bad.jsonl:2: is no JSON: "),
    ("tag MODEL plain.conll -o no/out", "no/out: cannot be written: No such file or directory. Make the folder"),
    ("tag MODEL plain.conll --device nonsense", "device nonsense: cannot be used here: "),
    ("evaluate MODEL nothing.conll", "nothing.conll: no such file. Check the path"),
    ("evaluate MODEL empty.conll", "empty.conll: holds no sentence."),
    ("evaluate MODEL words.conll", "words.conll:1: words without tags."),
    ("evaluate MODEL wrong.conll", "wrong.conll:1: 'x1' in column 3 (counted from 0) is no tag"),
    ("evaluate MODEL wrong.conll", "Column 2 looks like tags: set --tag-column 2."),
    ("evaluate MODEL plain.conll --tag-column 5", "no column 5: the line has 2, counted from 0. Set --tag-"),
    ("evaluate MODEL plain.conll --json no/s.json", "no/s.json: cannot be written: No such file or directory."),
    ("convert nothing.conll out.jsonl", "nothing.conll: no such file."),
    ("convert plain.conll out.conll --scheme IOB3", "unknown scheme IOB3."),
    ("convert plain.conll plain.conll", "plain.conll: is the input, too, and would be lost. Name another file"),
    ("convert plain.conll out.conll --to xml", "as xml. The formats are columns, jsonl, spans, brat"),
    ("check nothing.conll", "nothing.conll: no such file."),
    ("check plain.conll --vectors nothing.txt", "nothing.txt: "),
    ("check nothing.yaml", "nothing.yaml: no such file; configurations to start from are in configs/"),
    ("train nothing.yaml", "nothing.yaml: no such file; configurations to start from are in configs/"),
    ("train CONFIG training.epoch=3 model.hidden=9", "2 faults"),
    ("train CONFIG training.epoch=3", "training.epoch: unknown key; did you mean training.epochs?"),
    (
        "train CONFIG data.train=plain.conll",
        "plain.conll: the check found what would spoil a training:\n  train has",
    ),
    ("train CONFIG data.train=wrong.conll", "Column 2 looks like tags: set data.tag_column=2."),
    ("train CONFIG vectors=cut.txt", "cut.txt:2: expected a word and 3 numbers, found 2 numbers."),
    ("train CONFIG vectors=empty.conll", "empty.conll: the file holds no vectors."),
    ("train CONFIG model.features.clusters=words.conll", "words.conll:1: expected a word and its cluster path"),
    ("train CONFIG model.features.gazetteers=empty.conll", "empty.conll: the file holds no names."),
    ("train CONFIG model.features.columns=7", "there is no column 7 beside words and tags. Name a column by its position"),
    ("train CONFIG data.train=[]", "there is nothing to train on. Set data.train or data.dataset."),
    ("train CONFIG data.unlabelled=unknown", "unlabelled: unknown needs entity_share"),
    ("train CONFIG data.dataset=x", "dataset and train/dev/test name two corpora: keep one of them"),
    ("train CONFIG data.revision=x", "revision is that of a hub repository, but data.dataset is not set"),
    ("train CONFIG distillation.teacher=x", "distillation needs both a teacher and data"),
    ("train CONFIG distillation.teacher=x distillation.data=plain.conll", "x: no such folder"),
    ("train CONFIG training.start_from=x", "x: no such folder"),
    ("train CONFIG training.epochs", "'training.epochs': expected section.key=value"),
    ("train CONFIG training.epochs=[", "'training.epochs=[': the value is not valid YAML"),
    ("train CONFIG training.epochs=many", "training.epochs: Input should be a valid integer"),
    ("train CONFIG tagging.tokenizer=x", "there is no tokenizer 'x'."),
    ("train CONFIG training.optimizer.lr=1e20", "the training has diverged in epoch 1: its loss is"),
    ("train CONFIG output=plain.conll", "plain.conll: the run folder cannot be written"),
    ("train plain.conll", "plain.conll: expected keys and values, got a str"),
    ("tag MODEL plain.conll --n-best 2", "--n-best has no place in conll: write JSONL, --to jsonl"),
    ("tag MODEL plain.conll --probabilities --to html", "--probabilities has no place in html"),
    ("tag MODEL plain.conll --min-score 2", "--min-score 2.0: expected a probability, from 0 to 1"),
    ("tag MODEL bad.jsonl --n-best -1", "--n-best -1: expected a number of readings"),
    ("inspect MODEL", "expected one of SENTENCE, --transitions, --filters and --neighbours WORD"),
    ("inspect MODEL --neighbours unheard", "the model has no vector of 'unheard'"),
    ("inspect MODEL Ada --plot a.txt", "a.txt: pictures are written to files that end in"),
    ("inspect MODEL --neighbours Ada --plot a.png", "--plot: neighbours are text"),
    ("inspect MODEL Ada --plot no/a.html", "no/a.html: cannot be written: No such file or directory"),
    ("inspect MODEL ", "the sentence has no token"),
    ("inspect MODEL It\u00a0rained.\u00a0Ada\u00a0left.", "the text has 2 sentences"),
    ("inspect MODEL " + "w\u00a0" * 200 + " --plot a.png", "columns are too many"),
    ("inspect seeds Ada", "seeds: an ensemble has no gates, filters and vectors of its own"),
    ("tag MODEL half.jsonl --to text -o out", "is half of a surrogate pair, which UTF-8 cannot hold. Mend the text"),
    ("tag MODEL line.jsonl --to conll -o out", "line.jsonl:1: the token 'a\\nb' cannot stand in a column."),
    ("tag MODEL plain.conll -o plain.conll", "plain.conll: is the input, too, and would be lost. Name another file"),
    ("tag strangers plain.conll", "strangers: holds models (news, tweets), but not the seeds of one training"),
    ("tag labels plain.conll", "cannot be averaged: they differ in"),
    ("tag full plain.conll", "full: not a model folder, it has no config.json"),
    ("check CONFIG plain.conll", "a configuration says itself which files there are and how to read them"),
    ("check none", "none: is a folder without .txt files."),
    ("check alone.txt --format brat", "alone.ann: no such file, so the text is not annotated."),
    ("check nothing.parquet", "nothing.parquet: no such file. Check the path."),
    ("check no-parquet.parquet", "no-parquet.parquet: is no parquet file: "),
    ("check columns.parquet", "has no column ner_tags or tags"),
    ("check numbers.parquet", "column ner_tags holds numbers without names."),
    ("check lengths.parquet", "row 0: 2 tokens, but 1 tags."),
    ("convert plain.conll full --to brat", "full: the folder is not empty. Name a new one."),
    ("convert documents.conll out.ann", "out.ann: there is more than one document."),
    ("convert plain.conll no/out.ann", "no/out.txt: cannot be written: No such file or directory."),
    ("convert plain.conll no/out --to brat", "no/out: cannot be written: No such file or directory."),
    ("convert blank.conll out.ann", "out.ann: the label 'a b' has white space in it."),
    ("convert partial.conll out.conll --scheme BILOU", "what a partial tag leaves open cannot be said in another scheme"),
    ("convert partial.conll out.jsonl --to spans", "cannot be written with character offsets"),
    ("convert empty-token.conll out.jsonl --to spans", "the PER entity in the sentence from line 1 has no characters."),
    ("convert line.jsonl out.conll", "a column file cannot say that."),
    ("errors seeds plain.conll", "seeds: holds 2 runs, and errors are those of one model"),
    ("compare nothing MODEL plain.conll", "nothing: no such file or folder; expected a model, a run"),
    ("compare full MODEL plain.conll", "full: neither a model nor a run, and no folder of runs"),
    ("compare twins MODEL plain.conll", "seed1 and seed2 are one model, which counts once"),
    ("compare labels MODEL plain.conll", "labels: its models have different labels"),
    ("compare untagged.jsonl MODEL plain.conll", "words without tags: expected predictions."),
    ("compare other.conll MODEL plain.conll", "other.conll:1: sentence 1 is "),
    ("compare longer.conll MODEL plain.conll", "predictions of 2 sentences, but plain.conll has 1."),
    ("train latin1.yaml", "latin1.yaml: cannot be read: "),
    ("train CONFIG --seeds 1,x", "--seeds 1,x: expected numbers separated by commas, such as 1,2,3"),
    ("train CONFIG --seeds 1,1", "seeds 1, 1: expected at least one, and none twice"),
    ("train CONFIG --seeds 1,2 output=ran", "ran: holds a single run; choose another output=FOLDER"),
    ("train CONFIG --seeds 1,2 output=series", "series: holds runs already (seed1)"),
    ("train CONFIG --seeds 2,3 --resume output=series", "series: holds seed1 too"),
    ("train CONFIG output=ran", "ran: holds a run already; go on with it (--resume)"),
    ("train CONFIG output=ran --resume", "no checkpoint to resume from; start anew with --overwrite"),
    ("train CONFIG output=damaged --resume", "the checkpoint is damaged ("),
    ("train CONFIG model.encoder.hidden=true", "model.encoder.hidden: true is a truth value"),
    ("train CONFIG output=''", "output: '' is no name that a file can have"),
    ("train CONFIG data.dev=[] data.test=[] data.train=one.conll", "cannot be split with data.dev_fraction=0.1"),
    ("train CONFIG data.train=steer.conll", "the label '\\x1b[2J' ends a line or steers a terminal."),
    ("train CONFIG data.train=long.conll", "the names of the 2 labels would make the model's config.json larger than"),
    ("train CONFIG data.train=[] data.dev=[] data.test=[] data.dataset=none", "is a folder, but neither a saved dataset"),
    ("train CONFIG data.train=[] data.dev=[] data.test=[] data.dataset=saved", "saved: cannot be read as a saved dataset: "),
    ("train CONFIG data.train=[] data.dev=[] data.test=[] data.dataset=splits", "splits: has the splits gold, silver."),
    ("train CONFIG data.train=[] data.dev=[] data.test=[] data.dataset=no-dev", "no-dev: dev holds no sentence."),
    ("train CONFIG vectors=vectors/word.txt", "word.txt:1: expected a word and its numbers, found 'ada'."),
    ("train CONFIG vectors=vectors/rows.txt", "rows.txt: the first line says 3 rows, the file has 1."),
    ("train CONFIG vectors=vectors/size.txt", "size.txt:1: expected a size of vectors up to"),
    ("train CONFIG vectors=vectors/nan.txt", "nan.txt:2: expected a finite number, found 'nan'."),
    ("train CONFIG vectors=vectors/latin1.txt", "latin1.txt:2: "),
    ("train CONFIG vectors=vectors/cut.bin", "cut.bin: row 2 of 2 is cut short: expected a word, a blank and 8 bytes."),
    ("train CONFIG vectors=vectors/more.bin", "more.bin: the first line says 1 rows, the file has more."),
    ("train CONFIG vectors=vectors/nan.bin", "nan.bin: row 1, 'ada', holds a number that is not finite."),
    ("train CONFIG vectors=vectors/line.bin", "has a line end."),
    ("train CONFIG vectors=vectors/latin1.bin", "latin1.bin: row 1: "),
    ("train CONFIG vectors=vectors/two.zip", "two.zip: expected one file in the archive, found 2: a.txt, b.txt."),
    ("train CONFIG vectors=vectors/two.zip/c.txt", "there is no c.txt in the archive, which holds a.txt, b.txt."),
    ("train CONFIG vectors=vectors/cut.gz", "cut.gz: the file is damaged or cut short: "),
    ("train CONFIG vectors=vectors/locked.zip", "vectors/locked.zip: the archive cannot be read: "),
    ("train CONFIG vectors=cut.txt/a.txt", "cut.txt/a.txt: is inside of a file that is no zip archive."),
    ("train CONFIG vectors=vectors", "vectors: the file cannot be read: Is a directory."),
    ("train CONFIG model.features.clusters=latin1.conll", "latin1.conll:2: the line is not UTF-8."),
    ("train CONFIG model.features.clusters=empty.conll", "empty.conll: the file holds no cluster paths."),
    (
        "train CONFIG distillation.teacher=MODEL distillation.data=plain.conll model.scheme=BILOU",
        "model.scheme is BILOU, but the teacher's tags are in IOBES: set model.scheme=IOBES",
    ),
    (
        "train CONFIG distillation.teacher=MODEL distillation.data=plain.conll data.train=label.conll",
        "the teacher does not know the label CITY of the training data.",
    ),
    ("tune CONFIG --space nothing.yaml", "nothing.yaml: no such file; a space to start from is"),
    ("tune CONFIG --space plain.conll", "plain.conll: expected keys of the configuration and what they may be"),
    ("tune CONFIG --space latin1.yaml", "latin1.yaml: cannot be read: "),
    ("curve CONFIG --portions 2", "portions 2: expected fractions above 0 and up to 1"),
    ("curve CONFIG data.train=[]", "there is nothing to train on. Set data.train or data.dataset."),
]  # fmt: skip

# Records to tag, each the second line of a JSONL file.
RECORDS: list[tuple[str, str]] = [
    ("{", "is no JSON"),
    ("[1]", "holds a JSON array"),
    ("3", "holds a JSON number"),
    ("{}", "has the keys none, and no text and no list of tokens"),
    ('{"txt": "x", "id": 1}', "has the keys txt, id, and no text"),
    ('{"text": 3}', "no text and no list of tokens"),
    ('{"tokens": "x"}', "no text and no list of tokens"),
    ('{"tokens": ["a", 1]}', r"tokens\[1\] is 1, not a string"),
    ('{"tokens": ["a", {}]}', r"tokens\[1\] is {}, not a string"),
    ('{"text": "ab", "tokens": [{"start": 0, "end": 3}]}', r"tokens\[0\] is "),
    ('{"text": "ab", "tokens": [{"text": "x", "start": 0, "end": 1}]}', "but the text has 'a' there"),
    ('{"text": "Ada left", "tokens": ["Ada", "went"]}', "is 'went', but the text goes on with 'left'"),
    ('{"text": "Ada left", "tokens": ["Ada"]}', "tokens end before 'left'"),
]  # a regular expression each


def lay_out_corpus(place: Path, name: str) -> Path:
    """Write a file of `CORPORA`."""
    path = place / name
    path.write_bytes(CORPORA[name][0])
    if path.suffix == ".ann":
        path.with_suffix(".txt").write_text("Ada left London", encoding="utf-8")
    return path
