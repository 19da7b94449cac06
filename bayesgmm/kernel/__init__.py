"""The compiled room: arrays in, arrays out; no PyTensor, no objects, no strings.

blocks      what every pass does to one block of rows: load, whiten, exponentiate, normalise
rows        one pass over the rows of one mixture: expected statistics, log densities, responsibilities
draws       one pass over the draws of a posterior for each row: moments only
settings    the flat vector that the fused log posterior reads
target      the fused log posterior with its gradient on the unconstrained vector
compilation how all of this is compiled and kept on disk
"""
