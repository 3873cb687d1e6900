"""Models for machines without torch: the network as an ONNX graph, decoding in numpy.

`export` writes a model folder, `folder` reads it; `graph` says what the network is in ONNX's operators, `file` how
that stands in a file, and `prediction` runs it.
"""
