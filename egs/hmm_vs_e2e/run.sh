#!/usr/bin/env bash
# HMM versus end-to-end: every family, unit, search space, seed and amount of speech, on digits and on AN4.
#
#   run.sh [--corpora DIR] [--only NAME] [--jobs N] [--cluster ADDRESS] [--smoke] [--override FILE]
#
# Trains what is missing, decodes everything, combines, and compares: exp/NAME/comparison/report.html. It can be
# killed at any time and goes on where it was. --corpora has fsdd/ and an4/ (else ../shared/corpora beside the
# repository); --only takes one of digits, an4; --cluster works on a scheduler of dask.distributed. --smoke runs a
# few small systems on digits; --override lays a YAML file over the matrix, such as corpora/one_seed.yaml.

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
corpora=$here/../../../shared/corpora only='' smoke='' override='' options=()
while [ $# -gt 0 ]; do
  case $1 in
    --corpora) corpora=${2:?--corpora needs a directory}; shift 2 ;;
    --only) only=${2:?--only needs a name}; shift 2 ;;
    --jobs | --cluster) options+=("$1" "${2:?$1 needs a value}"); shift 2 ;;
    --smoke) smoke=1 only=digits; shift ;;
    --override) override=${2:?--override needs a YAML file}; shift 2 ;;
    *) sed -n '2,/^$/{/^#/s/^# \{0,1\}//p;}' "$0" >&2; exit 2 ;;  # the comment at the top
  esac
done

# One name for a folder, however it was given: what is done is known by it.
if [ -d "$corpora" ]; then corpora=$(cd "$corpora" && pwd -P); fi
for name in digits an4; do
  if [ -n "$only" ] && [ "$only" != "$name" ]; then continue; fi
  corpus=$corpora/$name
  if [ "$name" = digits ]; then corpus=$corpora/fsdd; fi
  if [ ! -d "$corpus" ]; then
    echo "hmm_vs_e2e: no corpus $corpus; give --corpora DIR with fsdd/ and an4/, or leave it out with --only" >&2
    exit 2
  fi
  exp=$here/exp/$name${smoke:+-smoke}
  recipe=("$here/matrix.yaml" "$exp" --override "$here/corpora/$name.yaml")
  if [ -n "$smoke" ]; then recipe+=(--override "$here/corpora/${name}_smoke.yaml"); fi
  if [ -n "$override" ]; then recipe+=(--override "$override"); fi
  echo "hmm_vs_e2e: corpus $corpus, results in $exp"
  fsaasr recipe all "${recipe[@]}" --corpus "$corpus" "${options[@]}"
  fsaasr compare "$exp" --out "$exp/comparison"
done
