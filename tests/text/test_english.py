import pytest

from ner.text import get_tokenizer

# Checked by hand against the Penn Treebank's conventions and CoNLL-2003; "|" stands between tokens.
EXAMPLES = [
    # contractions and possessives
    "They |do|n't|, |ca|n't|, |wo|n't |and |could|n't|'ve",
    "it|'s |Sam|'s|, |I|'m|, |you|'re|, |we|'ll|, |he|'d",
    "JAPAN|'S |IS|N'T",
    "do|n’t |it|’s |Путин|’s",
    "the |boys|' |room",
    "rock |'n' |roll |'em |'90s |'t|is |'t|was",
    "O'Brien |d'Arc |ma'am |o'clock |Qur’an |Hawaiʻi |l'homme",
    "can|not |gon|na |Wan|na",
    # periods
    "Mr. |Smith|, |Dr. |Jones |and |Gen. |Lee |left|.",
    "the |U.S. |Army|, |a |Ph.D.|, |e.g.|, |at |5 |p.m.|, |vs. |Inc.|'s",
    "J. |R. |R. |Tolkien |and |J.-P. |Sartre",
    "U.K.-based |U.S.A.",
    "He |chose |plan |B|.",
    "So |am |I|.",
    "the |end|.|The |next|.|Mr. |Smith|, |J.K. |Rowling",
    "Wait|... |what|.... |well|… |etc.",
    "example.py |Node.js |v1.2.3",
    # numbers, money
    "$|1,000.50 |US$|5bn |£|3m |5|% |€|5,50 |1.000,50 |.5",
    "won |3-1 |at |10:30 |on |1/2/2020|, |-5 |degrees|, |+44 |20",
    "5-year-old |F-16s |1990s |1990|'s |2nd |10am",
    "1990|–|95 |5|'|10|\"",
    # punctuation
    "“|Yes|,|” |she |said|—|no|, |--|never",
    "``|quoted|'' |'|single|' |\"|double|\" |(|a|) |[|b|] |{|c|}",
    "What|?! |No|!!! |----- |=====",
    "(|(|(|a|)|)|)",
    # words with inner marks
    "AT&T |R&D |well-known |Jean-Luc |w/o |n/a |I/O |24/7 |f**k |C++ |C#",
    "Obama|/|Biden |and|/|or |x|=|y |a|+|b |_|word|_ |snake_case",
    # the web
    "See |https://example.com/a_(b)?x=1|, |(|http://a.org/b|) |or |www.foo.org|.",
    "mail |joe.doe+x@mail.example.co.uk|! |amazon.co.uk|'s |a.com/b?c|.",
    "@jack|'s |#NER2024|, |#|1 |&amp; |x|@|y",
    ":) |:-( |:D |great|:) |<3 |^_^",
    # other scripts
    "naïve |café |e\u0301te\u0301 |हिन्दी |में |東京都 |می\u200cخواهم",
    'صباح |الخير|؟ |צה"ל |"|שלום|"',
    "👨\u200d👩\u200d👧|🇩🇪|🇫🇷|👍🏽|❤\ufe0f|1\ufe0f\u20e3 |a|😀|b",
    "20|°|C |¿|Qué|? |«|oui|» |“|你好|。|”",
    # white space only separates
    "New\xa0|York\r\n|is\u2028|big\t|.",
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_hand_checked_examples(example):
    pieces = example.split("|")
    text = "".join(pieces)
    assert [text[start:end] for start, end in get_tokenizer("english").tokenize(text)] == [p.strip() for p in pieces]


def test_marks_without_a_base_are_a_token_of_their_own():
    text = "\u0301\u200dabc \ufeff \ufeffThe"
    assert [text[start:end] for start, end in get_tokenizer().tokenize(text)] == [
        "\u0301\u200d",
        "abc",
        "\ufeff",
        "\ufeff",
        "The",
    ]


def test_bytes_that_were_no_utf8_stay_in_their_word():
    text = b"caf\xe9 bar".decode("utf-8", "surrogateescape")
    assert get_tokenizer().tokenize(text) == [(0, 4), (5, 8)]
