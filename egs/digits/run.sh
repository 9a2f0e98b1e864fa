#!/usr/bin/env bash
# Connected digits from the Free Spoken Digit Dataset (FSDD).
#
#   run.sh [--corpus DIR] [--stage N] [--stop-stage M] [--smoke] [--override FILE]
#
# Each stage is one command; what is done already is not done again. Without --corpus, FSDD is taken from
# ../shared/corpora/fsdd beside the repository, else from the internet, else digits are synthesised.
# --smoke runs one system of each family on little data, in its own folder.

set -euo pipefail
source "$(dirname "$0")/../stages.sh"

what='FSDD'
shared_corpus fsdd
if [ -z "$corpus" ]; then
  corpus=$here/data/fsdd
  if ! fsaasr fetch fsdd "$corpus"; then
    what='SYNTHETIC speech, as FSDD is neither here nor to be had from the internet'
    corpus=$here/data/synthetic
    python -c 'import espeakng_loader' 2>/dev/null || python -m pip install --quiet espeakng-loader
    fsaasr fetch synthetic "$corpus" --takes 25
  fi
fi
echo "digits: $what; corpus $corpus; the report will be $exp/report.html"
run_stages
echo "digits: $what; the report is $exp/report.html"
