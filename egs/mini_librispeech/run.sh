#!/usr/bin/env bash
# mini LibriSpeech: five hours of read English, a 3-gram in the graph and a 4-gram over what is found.
#
#   run.sh [--corpus DIR] [--stage N] [--stop-stage M] [--smoke] [--override FILE]
#
# Each stage is one command; what is done already is not done again. DIR holds LibriSpeech/ and lm/, as the downloads
# of the k2 recipes do; without --corpus they are in data/, and what is missing (2 GB) is downloaded. --smoke runs small
# systems for a few passes on the same data, in its own folder.

set -euo pipefail
source "$(dirname "$0")/../stages.sh"

corpus=${corpus:-$here/data}
if [ "$stage" -le 1 ]; then
  fsaasr fetch librispeech "$corpus" --part train-clean-5 --part dev-clean-2 \
    --lm-file librispeech-lexicon.txt --lm-file 3-gram.pruned.1e-7.arpa.gz --lm-file 4-gram.arpa.gz
fi
echo "mini_librispeech: corpus $corpus, results in $exp"
run_stages
echo "mini_librispeech: report in $exp/report.html"
