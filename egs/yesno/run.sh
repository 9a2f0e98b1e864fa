#!/usr/bin/env bash
# yesno: 60 recordings of one speaker who says yes or no eight times each, in Hebrew.
#
#   run.sh [--corpus DIR] [--stage N] [--stop-stage M] [--smoke] [--override FILE]
#
# Each stage is one command; what is done already is not done again. --smoke runs one system of each
# family on the same data, in its own folder.

set -euo pipefail
source "$(dirname "$0")/../stages.sh"

shared_corpus yesno
if [ -z "$corpus" ]; then
  echo "yesno: give --corpus DIR; the corpus is on openslr.org/1 (4.5 MB, waves_yesno.tar.gz)" >&2
  exit 2
fi
echo "yesno: corpus $corpus, results in $exp"
run_stages
