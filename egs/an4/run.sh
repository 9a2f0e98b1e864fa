#!/usr/bin/env bash
# CMU AN4: spelled names, dates and numbers of 84 speakers, none of them in two parts.
#
#   run.sh [--corpus DIR] [--stage N] [--stop-stage M] [--smoke]
#
# Each stage is one command; what is done already is not done again. --smoke runs small systems for a few
# passes on the same data, in its own folder.
set -euo pipefail

corpus='' stage=1 stop=9 smoke=''
while [ $# -gt 0 ]; do
  case $1 in
    --corpus) corpus=${2:?--corpus needs a directory}; shift 2 ;;
    --stage) stage=${2:?--stage needs a number}; shift 2 ;;
    --stop-stage) stop=${2:?--stop-stage needs a number}; shift 2 ;;
    --smoke) smoke=1; shift ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done

here=$(cd "$(dirname "$0")" && pwd)
shared=$here/../../../shared/corpora/an4
exp=$here/exp
if [ -n "$smoke" ]; then
  exp=$here/exp/smoke
  override=(--override "$here/conf/smoke.yaml")
fi

if [ -z "$corpus" ] && [ -d "$shared" ]; then corpus=$shared; fi
if [ -z "$corpus" ]; then
  echo "an4: give --corpus DIR, the folder with etc/ and wav/ of an4_sphere.tar.gz (64 MB)" >&2
  echo "     from http://www.speech.cs.cmu.edu/databases/an4/" >&2
  exit 2
fi
echo "an4: corpus $corpus, results in $exp"

run() {  # run NUMBER COMMAND...: the stage, if it is asked for
  if [ "$1" -ge "$stage" ] && [ "$1" -le "$stop" ]; then
    echo "== stage $1: $2 $3"
    fsaasr "${@:2}"
  fi
}

recipe=("$here/conf/recipe.yaml" "$exp" ${override[@]+"${override[@]}"})
run 1 recipe prepare "${recipe[@]}" --corpus "$corpus"
run 2 recipe lang "${recipe[@]}"
run 3 recipe train "${recipe[@]}"
run 4 recipe graph "${recipe[@]}"
run 5 recipe tune "${recipe[@]}"
run 6 recipe decode "${recipe[@]}"
run 7 recipe lattices "${recipe[@]}"
run 8 recipe results "${recipe[@]}"
run 9 report "${recipe[@]}" --command "egs/an4/run.sh${smoke:+ --smoke}"
echo "an4: report in $exp/report.html"
