import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ner.text import get_tokenizer, segment

from .strategies import texts

names = st.sampled_from(("english", "whitespace", "characters"))

# "¶" stands where a sentence ends; the text has a blank there.
EXAMPLES = [
    "Mr. Smith met Dr. A. B. Jones Jr. in Washington, D.C. on Jan. 5. ¶ He left.",
    "He left at 5 p.m. ¶ The U.S. Army came. ¶ It went to the U.S. ¶ Then it left the U.S. Senate.",
    "Apple Inc. Chief Tim Cook spoke. ¶ He founded Apple Inc. ¶ The company grew 3.5 percent.",
    "See Fig. 3 and No. 5. ¶ I said no. ¶ Nobody came, e.g. Bob, i.e. Robert, vs. Ann et al. in 1999.",
    "It is 10 sq. miles. ¶ He bought apples, etc. ¶ Companies grew. ¶ Hamdan v. Rumsfeld went on.",
    "by J. A. Smith ¶",
    'He said "Stop." ¶ Then he left. ¶ "Why?" he asked. ¶ (He knew.) ¶ “Good.” ¶ She went (home).',
    "Really?! ¶ Yes!!! ¶ how are you? ¶ i am fine. ¶ thanks.",
    "She didn't… well. ¶ Wow... that is it. ¶ Wait... ¶ What? ¶ And . . . so on.",
    "Yahoo! Inc. bought it. ¶ It rose 3.5 to 4.",
    "He did in 1999.[3] ¶ She did not. :) ¶ Ok.",
    "They like plan B. ¶ The end. ¶ You and I. ¶ Then 3. ¶ Done.",
    "नमस्ते। ¶ आप कैसे हैं? ¶ ठीक",
    "ماذا؟ ¶ نعم",
    "1. Introduction to it ¶",
]


def split(text, name="english"):
    return [text[sentence[0][0] : sentence[-1][1]] for sentence in segment(text, get_tokenizer(name))]


@pytest.mark.parametrize("marked", EXAMPLES)
@pytest.mark.parametrize("name", ["english", "whitespace", "characters"])
def test_stops(marked, name):
    sentences = [sentence.strip() for sentence in marked.split("¶") if sentence.strip()]
    assert split(" ".join(sentences), name) == sentences


@pytest.mark.parametrize("name", ["english", "characters"])
def test_chinese_and_japanese_need_no_blanks(name):
    assert split("我爱北京。天安门！“你好！”他说。「行こう！」と言った。終わり", name) == [
        "我爱北京。",
        "天安门！",
        "“你好！”",
        "他说。",
        "「行こう！」と言った。",
        "終わり",
    ]


def test_a_forgotten_blank_is_seen_where_the_tokenizer_sees_it():
    assert split("Here it ends.The next asked why?Nobody knew example.Py") == [
        "Here it ends.",
        "The next asked why?",
        "Nobody knew example.",
        "Py",
    ]
    assert split("Here it ends.The next", "whitespace") == ["Here it ends.The next"]


@pytest.mark.parametrize("gap", ["\n\n", "\r\n\r\n", "\r\r", "\n \t\n", "\n\n\n", "\f", "\u2029", " \n\u2028 "])
def test_a_blank_line_always_ends_a_sentence(gap):
    assert split(f"of the{gap}united states,{gap}and") == ["of the", "united states,", "and"]


WRAPPED = """\
The quick brown fox jumps over the lazy dog and goes to the United
States of America, where it lives with Mr.
Smith until the end of its days and beyond them in the city of New
York. It was seen there in 2019 by a reporter of The Times, who went
to see it."""


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\u2028", " \n  "])
def test_wrapped_lines_go_on(line_end):
    text = WRAPPED.replace("Mr.\n", "Mr. Jones and Mr.\n").replace("\n", line_end)
    assert len(split(text)) == 2
    assert split(text)[1].startswith("It was seen")


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\u2028", "\x85", "\v"])
@pytest.mark.parametrize(
    "lines",
    [
        ["Obama visits Paris", "Merkel in Rome", "Shares fall again"],
        ["Contents:", "- the first item", "- the second item", "* more"],
        ["1. one thing that is to be done before", "2. another thing", "(3) and the last of all the things", "a) x"],
        ["A short heading", "The quick brown fox jumps over the lazy dog and goes home"],
        ["A line of a file with one paragraph a line " * 6 + "without stop", "Another line " * 30],
    ],
)
def test_lines_that_were_meant_end_sentences(line_end, lines):
    assert split(line_end.join(lines)) == [line.strip() for line in lines]


def test_a_line_in_lower_case_goes_on():
    assert split("Obama visits\nhis friends\nin Rome") == ["Obama visits\nhis friends\nin Rome"]


@given(texts, names)
def test_all_tokens_in_order_in_sentences_that_are_not_empty(text, name):
    tokenizer = get_tokenizer(name)
    sentences = segment(text, tokenizer)
    assert [token for sentence in sentences for token in sentence] == tokenizer.tokenize(text)
    assert all(sentences)


@given(texts, texts, names)
@example("Wait… _", "a", "english")
@example("", "a?A", "english")
def test_a_stream_may_be_cut_at_a_blank_line(first, second, name):
    first, second = f"{first.strip()}\n\n", f"{second.strip()}\n\n"
    assert extents(first + second, name) == extents(first, name) + [
        (start + len(first), end + len(first)) for start, end in extents(second, name)
    ]


def extents(text, name):
    return [(sentence[0][0], sentence[-1][1]) for sentence in segment(text, get_tokenizer(name))]


@pytest.mark.parametrize("text", ["", " ", "\n", "\r\n\x0c\u2028\xa0"])
def test_no_tokens_no_sentences(text):
    assert segment(text, get_tokenizer()) == []


@pytest.mark.parametrize(
    "unit",
    [
        ". ",
        ".",
        "A. ",
        "1. ",
        "Mr. ",
        "a\n",
        "A\r\n",
        "\n",
        "x\n\n",
        '. "',
        ". (",
        ".[1]",
        ". :)",
        "漢。",
        "A" * 50 + "\nB\n",
    ],
)
def test_long_texts_take_linear_time(unit):
    # Anything that looks back to the beginning at every stop would take minutes here.
    text = unit * (200_000 // len(unit))
    tokenizer = get_tokenizer()
    assert sum(map(len, segment(text, tokenizer))) == len(tokenizer.tokenize(text))


def test_a_long_run_of_blanks_takes_linear_time():
    text = ". " + " " * 200_000 + "\n" + " " * 200_000 + "A"
    assert split(text) == [".", "A"]
