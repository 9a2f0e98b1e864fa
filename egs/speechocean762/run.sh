#!/usr/bin/env bash
# speechocean762: English sentences that speakers of Mandarin read, of 32 speakers in training and 16 in the test.
#
#   run.sh [--corpus DIR] [--stage N] [--stop-stage M] [--smoke] [--override FILE]
#
# Each stage is one command; what is done already is not done again. --smoke runs two small systems for a few
# passes on the same data, in its own folder.

set -euo pipefail
source "$(dirname "$0")/../stages.sh"

shared_corpus speechocean762_adult
if [ -z "$corpus" ]; then
  echo "speechocean762: give --corpus DIR, the folder with train/, test/ and resource/, from openslr.org/101 (520 MB)" >&2
  exit 2
fi
echo "speechocean762: corpus $corpus, results in $exp"
run_stages
echo "speechocean762: report in $exp/report.html"
