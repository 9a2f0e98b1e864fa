#!/usr/bin/env bash
# CMU AN4: spelled names, dates and numbers of 84 speakers, none of them in two parts.
#
#   run.sh [--corpus DIR] [--stage N] [--stop-stage M] [--smoke] [--override FILE]
#
# Each stage is one command; what is done already is not done again. --smoke runs small systems for a few
# passes on the same data, in its own folder.

set -euo pipefail
source "$(dirname "$0")/../stages.sh"

shared_corpus an4
if [ -z "$corpus" ]; then
  echo "an4: give --corpus DIR, the folder with etc/ and wav/ of an4_sphere.tar.gz (64 MB)" >&2
  echo "     from http://www.speech.cs.cmu.edu/databases/an4/" >&2
  exit 2
fi
echo "an4: corpus $corpus, results in $exp"
run_stages
echo "an4: report in $exp/report.html"
