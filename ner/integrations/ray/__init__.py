"""Many files through one model on many machines, with Ray Data (https://docs.ray.io/en/latest/data/data.html).

The work is cut into parts that hang on the inputs alone. A part is tagged by an actor of Ray that holds a model, with
what tags any other file, and written whole under a name that says which part it is; Ray hands the parts out, starts
actors again that died, and repeats what they had begun. A part that stands is done: that is all there is to going on
after a kill. (Ray Data has checkpoints of its own, by rows; they need a key in every row, and what was written and
not yet noted is written twice.)

====================== ============================================================
`places`               files and folders here and in object stores
`walking`              the files in a folder
`inputs`               which files are to be read, and what they were when they were
`cutting`              inputs to parts
`pieces`               the stream of a part
`job`                  what is to be done, as the output folder keeps it
`worker`               tags a part
`pool`                 the only module that knows Ray: parts to actors
`tagging`              all of it: `ner.tag_files`
====================== ============================================================
"""

from __future__ import annotations
