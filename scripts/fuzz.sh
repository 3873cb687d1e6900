#!/usr/bin/env bash
# Runs the property tests with many examples each, 2,000 unless told otherwise, and counts what was run:
#   scripts/fuzz.sh 10000 tests/corpus
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export FUZZ_EXAMPLES="${1:-2000}" OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
python -m pytest -n 0 -p tests.fuzzing --hypothesis-show-statistics --hypothesis-seed="${FUZZ_SEED:-random}" \
  "${@:2}" | tee "${FUZZ_LOG:-/dev/stderr}" |
  awk '/^tests.*:$/ { tests++ } / passing, / { passing += $2 } END { print tests " tests, " passing " examples that passed" }'
