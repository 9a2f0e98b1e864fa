#!/usr/bin/env bash
# Connected digits from the Free Spoken Digit Dataset (FSDD).
#
#   run.sh [--corpus DIR] [--stage N] [--stop-stage M] [--smoke]
#
# Each stage is one command; what is done already is not done again. Without --corpus, FSDD is taken from
# ../shared/corpora/fsdd beside the repository, else from the internet, else digits are synthesised.
# --smoke runs one system of each family on little data, in its own folder.
set -euo pipefail

corpus='' stage=1 stop=9 smoke='' what='FSDD'
while [ $# -gt 0 ]; do
  case $1 in
    --corpus) corpus=${2:?--corpus needs a directory}; shift 2 ;;
    --stage) stage=${2:?--stage needs a number}; shift 2 ;;
    --stop-stage) stop=${2:?--stop-stage needs a number}; shift 2 ;;
    --smoke) smoke=1; shift ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done

here=$(cd "$(dirname "$0")" && pwd)
shared=$here/../../../shared/corpora/fsdd
exp=$here/exp
if [ -n "$smoke" ]; then
  exp=$here/exp/smoke
  override=(--override "$here/conf/smoke.yaml")
fi

if [ -z "$corpus" ] && [ -d "$shared" ]; then
  corpus=$shared
elif [ -z "$corpus" ]; then
  corpus=$here/data/fsdd
  if ! fsaasr fetch fsdd "$corpus"; then
    what='SYNTHETIC speech, as FSDD is neither here nor to be had from the internet'
    corpus=$here/data/synthetic
    python -c 'import espeakng_loader' 2>/dev/null || python -m pip install --quiet espeakng-loader
    fsaasr fetch synthetic "$corpus" --takes 25
  fi
fi
echo "digits: $what; corpus $corpus, results in $exp"

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
run 9 report "${recipe[@]}" --command "egs/digits/run.sh${smoke:+ --smoke}"
echo "digits: $what; report in $exp/report.html"
