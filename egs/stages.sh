# What the run.sh of every recipe does alike; sourced by it.
#
# Reads the options into corpus, stage, stop, smoke and override, and sets here (the recipe's folder), name and exp (results).
# Without --corpus, a copy in ../shared/corpora beside the repository is taken if there is one.

here=$(cd "$(dirname "$0")" && pwd)
name=$(basename "$here")
corpus='' stage=1 stop=99 smoke='' override=''
while [ $# -gt 0 ]; do
  case $1 in
    --corpus) corpus=${2:?--corpus needs a directory}; shift 2 ;;
    --stage) stage=${2:?--stage needs a number}; shift 2 ;;
    --stop-stage) stop=${2:?--stop-stage needs a number}; shift 2 ;;
    --smoke) smoke=1; shift ;;
    --override) override=${2:?--override needs a YAML file}; shift 2 ;;
    *) sed -n '2,/^$/{/^#/s/^# \{0,1\}//p;}' "$0" >&2; exit 2 ;;  # the comment at the top
  esac
done

exp=$here/exp${smoke:+/smoke}
shared_corpus() {  # shared_corpus NAME: where --corpus was not given
  local shared=$here/../../../shared/corpora/$1
  if [ -z "$corpus" ] && [ -d "$shared" ]; then corpus=$shared; fi
}

run() {  # run NUMBER COMMAND...: the stage, if it is asked for
  if [ "$1" -ge "$stage" ] && [ "$1" -le "$stop" ]; then
    echo "== stage $1: $2 $3"
    fsaasr "${@:2}"
  fi
}

run_stages() {
  local recipe=("$here/conf/recipe.yaml" "$exp")
  if [ -n "$smoke" ]; then recipe+=(--override "$here/conf/smoke.yaml"); fi
  if [ -n "$override" ]; then recipe+=(--override "$override"); fi
  run 1 recipe prepare "${recipe[@]}" --corpus "$corpus"
  run 2 recipe lang "${recipe[@]}"
  run 3 recipe train "${recipe[@]}"
  run 4 recipe graph "${recipe[@]}"
  run 5 recipe tune "${recipe[@]}"
  run 6 recipe decode "${recipe[@]}"
  run 7 recipe lattices "${recipe[@]}"
  run 8 recipe results "${recipe[@]}"
  run 9 report "${recipe[@]}" --command "egs/$name/run.sh${smoke:+ --smoke}${override:+ --override $override}"
}
