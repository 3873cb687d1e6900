#!/usr/bin/env bash
# Makes .venv with the package and all that the tests need; sourced by quickstart.sh and test.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python="${PYTHON:-python3}"
if [ ! -x .venv/bin/python ]; then
  "$python" -m venv .venv
fi
# Installs again only when what is to be installed has changed.
stamp="$(cat setup.cfg constraints.txt pyproject.toml | cksum)"
if [ "$(cat .venv/stamp 2>/dev/null)" != "$stamp" ]; then
  echo "Setting up .venv (once; a few minutes) ..."
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
  echo "$stamp" > .venv/stamp
fi
export PATH="$PWD/.venv/bin:$PATH"
