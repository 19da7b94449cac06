"""The innermost loops: packs of eight rows against tiles of up to four features, written in LLVM's own vectors.

A compiler that is given these loops in Python does not know that the rows of a workspace never overlap, so it checks
before every loop, or gives up where a loop writes several of them; and it meets one feature with one other at a time.
Here four features of eight rows stay in registers and meet four others, so that sixteen products cost eight reads.
LLVM cuts a pack to the width of the machine's registers. D features are cut into tiles of four and a rest, and one
emitter writes the code for every size of tile.

The last axis of C-ordered workspaces runs over rows; packs reach up to the next multiple of `LANES`, where the caller
keeps rows of weight zero. Whole arrays come with the index of a component: a slice for each would cost more than it
seems, because numba counts references to it.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = [
    "LANES",
    "TILE",
    "add_rectangle",
    "add_squares",
    "add_triangle",
    "standardise_tile",
    "tile",
    "whiten_first",
    "whiten_tile",
]

LANES = 8  # rows in a pack: a register of AVX-512, two of AVX2, four of NEON
TILE = 4  # features; sixteen sums and what they are made of just fit the thirty-two registers of AVX-512

DOUBLE, INDEX, LANE = ir.DoubleType(), ir.IntType(64), ir.IntType(32)
PACK = ir.VectorType(DOUBLE, LANES)
UNKNOWN, EVERYWHERE = ir.Constant(PACK, ir.Undefined), ir.Constant(ir.VectorType(LANE, LANES), [0] * LANES)
HALF = ir.Constant(PACK, [0.5] * LANES)
LICENCE = ("reassoc", "contract", "nsz")  # of `compilation`


class Code:
    """Where the code of a tile is written: arithmetic on packs, and loops.

    Parameters
    ----------
    builder : llvmlite.ir.IRBuilder
    """

    def __init__(self, builder: Any) -> None:
        self.builder = builder

    def add(self, a: Any, b: Any) -> Any:
        """Write a + b."""
        return self.builder.fadd(a, b, flags=LICENCE)

    def subtract(self, a: Any, b: Any) -> Any:
        """Write a - b."""
        return self.builder.fsub(a, b, flags=LICENCE)

    def multiply(self, a: Any, b: Any) -> Any:
        """Write a b."""
        return self.builder.fmul(a, b, flags=LICENCE)

    def spread(self, number: Any) -> Any:
        """Write a pack of one number."""
        single = self.builder.insert_element(UNKNOWN, number, LANE(0))
        return self.builder.shuffle_vector(single, UNKNOWN, EVERYWHERE)

    def features(self, first: Any, size: int) -> list[Any]:
        """Write the indices of the features of a tile."""
        return [self.builder.add(first, INDEX(c)) for c in range(size)]

    @contextmanager
    def loop(self, stop: Any, step: int) -> Iterator[Any]:
        """Write a loop over 0, step, ... below `stop`, at least once; its body is what the ``with`` holds."""
        entry, body, end = self.builder.block, *(self.builder.append_basic_block(name) for name in ("body", "end"))
        self.builder.branch(body)
        self.builder.position_at_end(body)
        index = self.builder.phi(INDEX)
        index.add_incoming(INDEX(0), entry)
        yield index
        following = self.builder.add(index, INDEX(step))
        index.add_incoming(following, self.builder.block)
        self.builder.cbranch(self.builder.icmp_signed("<", following, stop), body, end)
        self.builder.position_at_end(end)


class Array:
    """An array of compiled code, read and written by numbers, or by packs along its last axis.

    Parameters
    ----------
    code : Code
    context, kind, value : numba's
        Lowering context, type and value of the array.
    """

    def __init__(self, code: Code, context: Any, kind: Any, value: Any) -> None:
        array = context.make_array(kind)(context, code.builder, value)
        self._code, self._data = code, array.data
        self._shape = cgutils.unpack_tuple(code.builder, array.shape)

    def number(self, *index: Any) -> Any:
        """Read one number."""
        return self._code.builder.load(self._at(index))

    def pack(self, *index: Any) -> Any:
        """Read a pack that begins here."""
        return self._code.builder.load(self._pack_at(index), align=8)

    def put(self, pack: Any, *index: Any) -> None:
        """Write a pack that begins here."""
        self._code.builder.store(pack, self._pack_at(index), align=8)

    def _at(self, index: Sequence[Any]) -> Any:
        builder, flat = self._code.builder, INDEX(0)
        for size, i in zip(self._shape, index, strict=True):
            flat = builder.add(builder.mul(flat, size), i)
        return builder.gep(self._data, [flat])

    def _pack_at(self, index: Sequence[Any]) -> Any:
        return self._code.builder.bitcast(self._at(index), PACK.as_pointer())


class Sums:
    """Packs of running sums: they live in registers through a loop, and in arrays between the loops.

    Parameters
    ----------
    code : Code
    places : list of (Array, index)
        Where each sum is taken from and put back.
    """

    def __init__(self, code: Code, places: Sequence[tuple[Array, tuple[Any, ...]]]) -> None:
        self._code, self._places = code, places
        self._rooms = [cgutils.alloca_once(code.builder, PACK) for _ in places]
        for room, (array, index) in zip(self._rooms, places, strict=True):
            code.builder.store(array.pack(*index), room)

    def add(self, packs: Sequence[Any]) -> None:
        """Add one pack to every sum."""
        for room, pack in zip(self._rooms, packs, strict=True):
            self._code.builder.store(self._code.add(self._code.builder.load(room), pack), room)

    def put_back(self) -> None:
        """Write the sums to their places."""
        for room, (array, index) in zip(self._rooms, self._places, strict=True):
            array.put(self._code.builder.load(room), *index)


def tile(emit: Callable[..., None]) -> Any:
    """Make a function of compiled code that chooses, by its first argument, among codes for TILE sizes of tile.

    Parameters
    ----------
    emit : callable
        ``emit(code, size, *arguments)`` writes the code for one size; arrays come as `Array`.

    Returns
    -------
    callable
        Of compiled code only; it returns nothing.
    """

    def define(typing_context: Any, *kinds: Any) -> Any:
        if any(kind.layout != "C" or kind.dtype != types.float64 for kind in kinds if isinstance(kind, types.Array)):
            return None  # numba then says that the arguments do not fit

        def generate(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
            code = Code(builder)
            values = [
                Array(code, context, kind, value) if isinstance(kind, types.Array) else value
                for kind, value in zip(signature.args, arguments, strict=True)
            ]
            end = builder.append_basic_block("end")
            blocks = [builder.append_basic_block(f"size_{size}") for size in range(1, TILE + 1)]
            choice = builder.switch(values[0], blocks[-1])
            for size, block in enumerate(blocks, start=1):
                if size < TILE:
                    choice.add_case(INDEX(size), block)
                builder.position_at_end(block)
                emit(code, size, *values[1:])
                builder.branch(end)
            builder.position_at_end(end)
            return context.get_dummy_value()

        return types.void(*(types.unliteral(kind) for kind in kinds)), generate

    return intrinsic(functools.update_wrapper(define, emit))


@tile
def whiten_first(code, size, x, start, n, c, means, scale, inverse, room, y, k, q):
    """Write y_i = (x_i - m_i - sum_e L_ie y_e) / L_ii for the first features, and take sum_i y_i^2 / 2 off q.

    Parameters
    ----------
    size : int
        Features of this tile.
    x, start : array of shape (D, N), int
        Rows, feature by feature, and the first of them.
    n : int
        Rows of the block, a multiple of LANES.
    c : int
        The component that is read.
    means, scale, inverse : arrays of shape (C, D), (C, D, D) and (C, D)
        m, L and the reciprocals of its diagonal.
    room, y : int, array of shape (rooms, D, BLOCK)
        Where y is written.
    k, q : int, array of shape (K, BLOCK)
        Where q is kept.
    """
    features = code.features(INDEX(0), size)
    centres, factors, below = _read_tile(code, features, c, means, scale, inverse)
    with code.loop(n, LANES) as b:
        at = code.builder.add(start, b)
        rests = [code.subtract(x.pack(row, at), centre) for row, centre in zip(features, centres, strict=True)]
        _solve(code, rests, factors, below, features, b, (room, y), (k, q))


@tile
def whiten_tile(code, size, x, start, n, c, means, scale, inverse, j, room, y, k, q):
    """Do what `whiten_first` does for features from j on, whose rows of L reach back over full tiles.

    Parameters
    ----------
    size, x, start, n, c, means, scale, inverse, room, y, k, q
        As `whiten_first` takes them.
    j : int
        First feature of the tile, a multiple of TILE and not 0.
    """
    features = code.features(j, size)
    centres, factors, below = _read_tile(code, features, c, means, scale, inverse)
    sums = [cgutils.alloca_once(code.builder, PACK) for _ in features]
    with code.loop(n, LANES) as b:
        at = code.builder.add(start, b)
        for row, centre, rest in zip(features, centres, sums, strict=True):
            code.builder.store(code.subtract(x.pack(row, at), centre), rest)
        with code.loop(j, TILE) as i:
            earlier = code.features(i, TILE)
            known = [y.pack(room, column, b) for column in earlier]
            for row, rest in zip(features, sums, strict=True):
                left = [code.spread(scale.number(c, row, column)) for column in earlier]
                code.builder.store(_subtract_products(code, code.builder.load(rest), left, known), rest)
        rests = [code.builder.load(rest) for rest in sums]
        _solve(code, rests, factors, below, features, b, (room, y), (k, q))


@tile
def standardise_tile(code, size, x, start, n, c, means, inverse, j, room, y, k, q):
    """Write y_i = (x_i - m_i) / s_i for features from j on, and take sum_i y_i^2 / 2 off q.

    Parameters
    ----------
    size, x, start, n, c, means, inverse, j, room, y, k, q
        As `whiten_tile` takes them.
    """
    features = code.features(j, size)
    centres, factors = ([code.spread(a.number(c, row)) for row in features] for a in (means, inverse))
    with code.loop(n, LANES) as b:
        at = code.builder.add(start, b)
        rests = [code.subtract(x.pack(row, at), centre) for row, centre in zip(features, centres, strict=True)]
        _solve(code, rests, factors, [[]] * size, features, b, (room, y), (k, q))


def _read_tile(code, features, c, means, scale, inverse):
    """Spread what a tile needs of m, 1 / L_ii and L_ie / L_ii.

    The last is divided here, so that each y waits for no more than one product after the y before it.
    """
    centres, factors = ([code.spread(a.number(c, row)) for row in features] for a in (means, inverse))
    below = [
        [code.multiply(factor, code.spread(scale.number(c, row, column))) for column in features[:i]]
        for i, (row, factor) in enumerate(zip(features, factors, strict=True))
    ]
    return centres, factors, below


def _solve(code, rests, factors, below, features, b, whitened, joints):
    """Solve within a tile, write its y, and take its squares off q."""
    (room, y), (k, q) = whitened, joints
    solved: list[Any] = []
    for rest, factor, left in zip(rests, factors, below, strict=True):
        solved.append(_subtract_products(code, code.multiply(rest, factor), left, solved))
    square = code.multiply(solved[0], solved[0])
    for pack in solved[1:]:
        square = code.add(square, code.multiply(pack, pack))
    for pack, row in zip(solved, features, strict=True):
        y.put(pack, room, row, b)
    q.put(code.subtract(q.pack(k, b), code.multiply(HALF, square)), k, b)


def _subtract_products(code, value, left, right):
    for a, b in zip(left, right, strict=False):  # a diagonal scale has nothing on the left
        value = code.subtract(value, code.multiply(a, b))
    return value


@tile
def add_triangle(code, size, q, y, n, k, i, first, second):
    """Add q y_a to `first` and q y_a y_e, e <= a, to `second`, for features from i on.

    Parameters
    ----------
    size : int
        Features of this tile.
    q, y : arrays of shape (K, BLOCK) and (K, D, BLOCK)
        Weights and whitened rows.
    n : int
        Rows of the block, a multiple of LANES.
    k : int
        The component.
    i : int
        First feature of the tile.
    first, second : arrays of shape (K, D, 1, LANES) and (K, D, D, LANES)
        Sums lane by lane.
    """
    features = code.features(i, size)
    pairs = [(a, e) for a in range(size) for e in range(a + 1)]
    places = [(second, (k, features[a], features[e], INDEX(0))) for a, e in pairs]
    _add_moments(code, q, y, n, k, features, pairs, [*_lanes(first, k, features), *places])


@tile
def add_squares(code, size, q, y, n, k, i, first, second):
    """Add q y_a to `first` and q y_a^2 to `second`, for features from i on.

    Parameters
    ----------
    size, q, y, n, k, i, first
        As `add_triangle` takes them.
    second : array of shape (K, D, 1, LANES)
        Sums lane by lane.
    """
    features = code.features(i, size)
    pairs = [(a, a) for a in range(size)]
    _add_moments(code, q, y, n, k, features, pairs, [*_lanes(first, k, features), *_lanes(second, k, features)])


def _lanes(sums, k, features):
    return [(sums, (k, row, INDEX(0), INDEX(0))) for row in features]


def _add_moments(code, q, y, n, k, features, pairs, places):
    """Add q y_a for every feature and q y_a y_e for every pair to the sums at the places."""
    sums = Sums(code, places)
    with code.loop(n, LANES) as b:
        weight, values = q.pack(k, b), [y.pack(k, row, b) for row in features]
        weighed = [code.multiply(weight, value) for value in values]
        sums.add([*weighed, *(code.multiply(weighed[a], values[e]) for a, e in pairs)])
    sums.put_back()


@tile
def add_rectangle(code, size, q, y, n, k, i, j, second):
    """Add q y_a y_e to `second`, for features a from i on and the TILE features e from j on.

    Parameters
    ----------
    size, q, y, n, k, i, second
        As `add_triangle` takes them.
    j : int
        First of the features to the left.
    """
    rows, columns = code.features(i, size), code.features(j, TILE)
    sums = Sums(code, [(second, (k, row, column, INDEX(0))) for row in rows for column in columns])
    with code.loop(n, LANES) as b:
        weight = q.pack(k, b)
        weighed = [code.multiply(weight, y.pack(k, row, b)) for row in rows]
        values = [y.pack(k, column, b) for column in columns]
        sums.add([code.multiply(a, e) for a in weighed for e in values])
    sums.put_back()
