#!/usr/bin/env bash
# Sets up, then runs lint, types and all tests. Arguments go to pytest.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
ruff check .
ruff format --check .
mypy
pytest -n "${TEST_PROCESSES:-2}" "$@"
