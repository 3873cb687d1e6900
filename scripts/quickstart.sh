#!/usr/bin/env bash
# From nothing to tagged text: sets up, trains on the shipped sample, scores it, tags a sentence.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
ner train configs/quickstart.yaml --overwrite
echo
ner evaluate runs/quickstart/model data/sample/test.conll
echo
text="Dr. Amina Diallo of the University of Oslo flew from Paris to Kenya on Monday."
echo "$text"
echo "$text" | ner tag runs/quickstart/model --to text
