#!/usr/bin/env bash
# LibriSpeech, 100 hours of it in training: a 3-gram in the graph and a 4-gram over what is found.
#
#   run.sh [--corpus DIR] [--stage N] [--stop-stage M] [--smoke] [--override FILE]
#
# Each stage is one command; what is done already is not done again. DIR holds LibriSpeech/ and lm/, as the downloads
# of the k2 recipes do; without --corpus they are in data/, and what is missing (9 GB) is downloaded. Stage 10 decodes
# dev-other and test-other with the scales of dev-clean. --smoke runs small systems for a few passes.

set -euo pipefail
source "$(dirname "$0")/../stages.sh"

corpus=${corpus:-$here/data}
if [ "$stage" -le 1 ]; then
  fsaasr fetch librispeech "$corpus" \
    --part train-clean-100 --part dev-clean --part test-clean --part dev-other --part test-other \
    --lm-file librispeech-lexicon.txt --lm-file 3-gram.pruned.1e-7.arpa.gz --lm-file 4-gram.arpa.gz
fi
echo "librispeech: corpus $corpus, results in $exp"
run_stages
for model in "$exp"/model/clean-100/*; do
  system=$(basename "$model")
  for part in dev-other test-other; do
    out=$exp/decode/$part/$system
    run 10 decode "$model" "$exp/graph/clean-100/$system/3-gram.graph" "$exp/data/clean-100/cuts_$part.jsonl.gz" "$out" \
      --scales "$exp/tune/clean-100/$system/3-gram.json" --cache "$exp/features"
    run 10 wer "$out/ref.txt" "$out/hyp.txt" --utt2spk "$out/utt2spk" --by speaker
  done
done
echo "librispeech: report in $exp/report.html"
