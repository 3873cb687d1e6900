#!/usr/bin/env bash
# Runs the tests and counts the lines and branches of the package that they run, in processes of their own too: for
# each file that is not run in full, for each room, and in all. It takes `pip install coverage`; arguments go to pytest.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
coverage erase
coverage run -m pytest -n "${TEST_PROCESSES:-2}" "$@" || exit
coverage combine --quiet
coverage report --sort=miss --skip-covered
for room in 'ner/*.py' ner/[a-z]*/; do
  printf '%-20s %s %%\n' "$room" "$(coverage report --include="${room/%\//\/**}" --format=total --precision=1)"
done
