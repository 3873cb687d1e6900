#!/usr/bin/env bash
# Every extra of setup.cfg by itself: where it is absent, the promised line; installed alone in a fresh environment, a
# real thing done with it. Needs a package index and about 2 GB; takes some minutes; leaves nothing behind.
#   bash scripts/try_extras.sh [EXTRA...]
set -uo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT
failed=0

# What is done with each extra, in the working folder; `ner` is that of the environment.
use_plots() { ner inspect model "Ada lives in Oslo ." --plot inside.png && file_is inside.png; }
use_tune() { ner tune quick.yaml --space space.yaml --trials 1 output=tuned && file_is tuned/tune/best.yaml; }
use_tensorboard() { ner train quick.yaml training.tensorboard=true output=events && file_is events/tensorboard/events*; }
use_spacy() { ner convert sample.conll sample.spacy && file_is sample.spacy && ner check sample.spacy; }
use_vectors() { ner vectors text.txt --output vectors.txt --dim 5 --min-count 1 && file_is vectors.txt; }
use_hub() { python -c "import huggingface_hub; from ner.integrations import hub"; }
use_onnx() { ner export model small && ner tag small text.txt --to conll -o tagged.conll && file_is tagged.conll; }
use_server() { python -c "import ner; from ner.serving import create_app; create_app(ner.load('model'))"; }
use_ray() { ner tag model text.txt --engine ray --workers 1 -o parts && file_is parts/part-00000.jsonl && file_is parts/_job.json; }
use_docs() { (cd "$root" && mkdocs build --strict --quiet --site-dir "$place/site") && file_is "$place/site/index.html"; }
use_test() { (cd "$root" && pytest -q -p no:cacheprovider tests/test_schemes.py); }

# These are no features of the package, or come with what it always needs: nothing is to be said where they are absent.
silent=" test docs hub "

file_is() { [ -s "$1" ] || { echo "no file $1"; return 1; }; }
extras() { python3 -c "
import configparser, sys
config = configparser.ConfigParser(); config.read(sys.argv[1])
print(*config['options.extras_require'])" "$root/setup.cfg"; }
install() { "$1/bin/python" -m pip install --quiet --disable-pip-version-check -c "$root/constraints.txt" "${@:2}"; }
try() { (cd "$place/work" && PATH="$1/bin:$PATH" "use_$2") >"$place/log" 2>&1; }

echo "base environment ..."
"${PYTHON:-python3}" -m venv "$place/base"
mkdir "$place/source" && tar -C "$root" --exclude ./.venv --exclude ./.git --exclude ./runs -cf - . | tar -C "$place/source" -xf -
install "$place/base" "$place/source" || exit 1
mkdir "$place/work"
cp -r "$root/tests/fixtures/model-1/model" "$place/work/model"
head -200 "$root/data/sample/train.conll" >"$place/work/sample.conll"
cut -f1 "$root/data/sample/train.conll" | tr '\n' ' ' | fold -sw 200 >"$place/work/text.txt"
cat >"$place/work/quick.yaml" <<'YAML'
data: {train: sample.conll, dev: sample.conll}
model: {words: {dim: 4}, chars: {dim: 4, filters: 4}, encoder: {hidden: 4}}
training: {epochs: 1, threads: 1, force: true}
output: quick
YAML
echo 'model.encoder.hidden: [4, 6]' >"$place/work/space.yaml"

for extra in ${*:-$(extras)}; do
  if ! declare -F "use_$extra" >/dev/null; then
    echo "$extra: FAILED, scripts/try_extras.sh has nothing to try it with"
    failed=1
    continue
  fi
  if [[ $silent != *" $extra "* ]]; then
    if try "$place/base" "$extra" || ! grep -F "pip install 'bilstm-crf-ner[$extra]'" "$place/log"; then
      echo "$extra: FAILED where it is absent:"
      tail -5 "$place/log"
      failed=1
    fi
  fi
  fresh="$place/$extra"
  "${PYTHON:-python3}" -m venv "$fresh"
  echo "$(echo "$place"/base/lib/python*/site-packages)" >"$(echo "$fresh"/lib/python*/site-packages)/base.pth"  # torch, once
  if install "$fresh" "$place/source[$extra]" && try "$fresh" "$extra"; then
    echo "$extra: installs alone and works"
  else
    echo "$extra: FAILED where it is installed:"
    tail -5 "$place/log"
    failed=1
  fi
  rm -rf "$fresh"
done
exit $failed
