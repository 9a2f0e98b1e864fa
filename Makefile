# Every target makes or repairs the virtual environment that it needs, and is quick when it is there.
#
#   make test            all tests on the default stack (Python 3.11, torch 1.13, k2)
#   make test-current    all tests on the current stack (torch 2.13, numpy 2, no k2)
#   make test-slow       the long tests, on the default stack
#   make test-kaldi      those that compare models, graphs and alignments with Kaldi, in environments of its own
#   make test-ctc        those that compare CTC decoders with pyctcdecode and flashlight-text
#   make lint            ruff, ruff format and mypy
#   make demo            all families of models on spoken digits, and a report; FSDD=<dir> names the corpus
#   make bench           this decoder and others on the same scores (tools/bench/README.md); TEXT=<file or
#                        folder>, LEXICON=, SCORES=<npz>, SEED=, WORDS=, UTTERANCES=, PER=, BEAMS=, MIN_ACTIVE=, ROUNDS=, ONLY=
#   make bench-lattices  what is done to lattices, here and by Kaldi (same page); BEAMS=, ROUNDS=, WORDS=, UTTERANCES=,
#                        or a trained system: MODEL=, GRAPH=, CUTS=, ARPA=, ACOUSTIC_SCALE=
#   make bench-hotwords  rare names without and with hotwords (same page); TEXT=, LEXICON=, SEED=, WORDS=, SENTENCES=, ...
#   make bench-one-pass  a large n-gram model on the fly, and in the graph (same page); the same settings
#   make bench-losses    losses over graphs, natively and by k2 (same page); ROUNDS=
#   make bench-transducer  the transducer loss, natively and by k2 (same page); ROUNDS=
#   make bench-g2p       pronunciations of CMUdict's words from their letters (same page); LEXICON=
#   make bench-unknown   words out of vocabulary: noticed, spelt, and what it costs (same page); TEXT=, LEXICON=, SEED=,
#                        WORDS=, UTTERANCES=, PER=, SHARE=, ORDER=
#   make bench-words     words put into a graph at run time, against a graph built with them (same page); TEXT=,
#                        LEXICON=, WORDS=, NEW=, UTTERANCES=, ROUNDS=
#
# WORKERS=n sets how many test processes run at once.

SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help test test-current test-slow test-kaldi test-ctc lint demo bench bench-lattices bench-hotwords bench-one-pass bench-losses bench-transducer bench-unknown bench-words bench-g2p

FIND_PYTHON := python=; for name in python3 python3.11 python; do \
  if $$name -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null; then python=$$name; break; fi; \
  done
SETUP = $(FIND_PYTHON); $${python:?is missing: install Python 3.11} -m tools.environment
WORKERS ?= 2
# The test processes share the cores already.
test test-current test-slow test-kaldi test-ctc: export OMP_NUM_THREADS ?= 1

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

test:
	@env=$$($(SETUP) default) && "$$env/bin/python" -m pytest -n $(WORKERS)

test-current:
	@env=$$($(SETUP) current) && "$$env/bin/python" -m pytest -n $(WORKERS)

test-slow:
	@env=$$($(SETUP) default) && "$$env/bin/python" -m pytest -m slow -n $(WORKERS)

test-kaldi:
	@env=$$($(SETUP) default) && kaldi=$$($(SETUP) bench-kaldi) && pykaldi=$$($(SETUP) bench-pykaldi) && \
	  KALDI_PYTHON="$$kaldi/bin/python" PYKALDI_PYTHON="$$pykaldi/bin/python" "$$env/bin/python" -m pytest -m "" tests/models/kaldi

test-ctc:
	@env=$$($(SETUP) default) && referees=$$($(SETUP) bench-ctc) && CTC_PYTHON="$$referees/bin/python" \
	  "$$env/bin/python" -m pytest -m "" tests/decode/ctc_referees

lint:
	@env=$$($(SETUP) default) && "$$env/bin/ruff" check . && "$$env/bin/ruff" format --check . && "$$env/bin/mypy"

demo:
	@env=$$($(SETUP) demo) && PATH="$$env/bin:$$PATH" bash egs/digits/run.sh \
	  --override egs/digits/conf/known_speakers.yaml $(if $(FSDD),--corpus "$(FSDD)")

bench:
	@env=$$($(SETUP) bench) && kaldi=$$($(SETUP) bench-kaldi) && "$$env/bin/python" -m tools.bench \
	  --kaldi-python "$$kaldi/bin/python" $(if $(TEXT),--text "$(TEXT)") $(if $(LEXICON),--lexicon "$(LEXICON)") \
	  $(if $(SCORES),--scores "$(SCORES)") $(if $(SEED),--seed $(SEED)) $(if $(WORDS),--words $(WORDS)) \
	  $(if $(UTTERANCES),--utterances $(UTTERANCES)) $(if $(PER),--per $(PER)) $(if $(BEAMS),--beams $(BEAMS)) \
	  $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(ONLY),--only "$(ONLY)") \
  $(if $(MIN_ACTIVE),--min-active $(MIN_ACTIVE))

bench-lattices:
	@env=$$($(SETUP) bench) && kaldi=$$($(SETUP) bench-pykaldi) && "$$env/bin/python" -m tools.bench.lattices \
	  --pykaldi-python "$$kaldi/bin/python" $(if $(BEAMS),--beams $(BEAMS)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
	  $(if $(WORDS),--words $(WORDS)) $(if $(UTTERANCES),--utterances $(UTTERANCES)) \
	  $(if $(MODEL),--model "$(MODEL)" --graph "$(GRAPH)" --cuts "$(CUTS)") $(if $(ARPA),--arpa "$(ARPA)") \
	  $(if $(ACOUSTIC_SCALE),--acoustic-scale $(ACOUSTIC_SCALE))

bench-hotwords bench-one-pass:
	@env=$$($(SETUP) bench) && "$$env/bin/python" -m tools.bench.added.$(subst -,_,$(@:bench-%=%)) \
	  $(if $(TEXT),--text "$(TEXT)") $(if $(LEXICON),--lexicon "$(LEXICON)") $(if $(SEED),--seed $(SEED)) \
	  $(if $(WORDS),--words $(WORDS)) $(if $(SENTENCES),--sentences $(SENTENCES)) \
	  $(if $(UTTERANCES),--utterances $(UTTERANCES)) $(if $(PER),--per $(PER)) $(if $(ROUNDS),--rounds $(ROUNDS))

bench-losses:
	@env=$$($(SETUP) default) && "$$env/bin/python" -m tools.bench.losses $(if $(ROUNDS),--rounds $(ROUNDS))

bench-transducer:
	@env=$$($(SETUP) default) && "$$env/bin/python" -m tools.bench.losses --kind transducer \
	  $(if $(ROUNDS),--rounds $(ROUNDS))

bench-g2p:
	@env=$$($(SETUP) bench) && "$$env/bin/python" -m tools.bench.g2p $(if $(LEXICON),--lexicon "$(LEXICON)")

bench-unknown:
	@env=$$($(SETUP) bench) && "$$env/bin/python" -m tools.bench.unknown $(if $(TEXT),--text "$(TEXT)") \
	  $(if $(LEXICON),--lexicon "$(LEXICON)") $(if $(SEED),--seed $(SEED)) $(if $(WORDS),--words $(WORDS)) \
	  $(if $(UTTERANCES),--utterances $(UTTERANCES)) $(if $(PER),--per $(PER)) $(if $(SHARE),--share $(SHARE)) \
	  $(if $(ORDER),--order $(ORDER))

bench-words:
	@env=$$($(SETUP) bench) && "$$env/bin/python" -m tools.bench.words $(if $(TEXT),--text "$(TEXT)") \
	  $(if $(LEXICON),--lexicon "$(LEXICON)") $(if $(WORDS),--words $(WORDS)) $(if $(NEW),--new $(NEW)) $(if $(UTTERANCES),--utterances $(UTTERANCES)) \
	  $(if $(ROUNDS),--rounds $(ROUNDS))
