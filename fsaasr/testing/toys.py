"""Toy lexicons and language models as text, small enough to work out by hand."""

from __future__ import annotations

TOY_LEXICON = """\
a AH
a EY
cat K AE T
cats K AE T S
sat S AE T
the DH AH
the DH IY
two T UW
to T UW
"""
"""Two words with two pronunciations each, and the homophones `two` and `to`."""

TOY_LEXICON_WITH_PROBABILITIES = """\
a 0.75 AH
a 0.25 EY
cat 1.0 K AE T
"""

TOY_ARPA = """\
\\data\\
ngram 1=5
ngram 2=4

\\1-grams:
-99\t<s>\t-0.30103
-0.60206\t</s>
-0.60206\tthe\t-0.30103
-0.60206\tcat\t-0.30103
-0.60206\tsat\t-0.30103

\\2-grams:
-0.30103\t<s> the
-0.30103\tthe cat
-0.30103\tcat sat
-0.30103\tsat </s>

\\end\\
"""
"""Every probability is 1/2 (bigrams) or 1/4 (unigrams), every backoff weight 1/2; log10(2) = 0.30103."""
