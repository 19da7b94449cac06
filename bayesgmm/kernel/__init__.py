"""The compiled room: arrays in, arrays out; no PyTensor, no objects, no strings.

tiles       the innermost loops: packs of rows against tiles of features, in LLVM's vectors
blocks      what every pass does to one block of rows: open, whiten, exponentiate, weigh
pieces      many rows in pieces, by several threads
rows        one pass over the rows of one mixture: expected statistics, log densities, responsibilities
draws       one pass over the draws of a posterior for each row: moments only
quantiles   standard deviation and quantiles over the draws
settings    the flat vector that the fused log posterior reads
target      the fused log posterior with its gradient on the unconstrained vector
compilation how all of this is compiled and kept on disk
"""
