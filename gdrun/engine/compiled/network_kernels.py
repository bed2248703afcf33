"""Network kernels: the text of the module that holds a network's fused steps under one rule.

What `kernels` is to the linear models: the loops of `network_loops`, `network_layers`, `products`
and `tiles`, with the network's activation and loss and the rule's update written in.
"""

from __future__ import annotations

import math
import os
from typing import Any

from gdrun.engine.cohort import Cohort, Lanes
from gdrun.engine.compiled import network_layers, network_loops, products, sums, tiles
from gdrun.engine.compiled.kernels import (
    equations,
    header,
    loss_forms,
    loss_text,
    module_text,
    option_arguments,
)
from gdrun.engine.compiled.sources import NotCompilableError, body_of
from gdrun.engine.compiled.updates import filled
from gdrun.problems.network import Network
from gdrun.problems.rows import MappedRows

TOGETHER = """
@intrinsic
def count_up(context, gate):
    def build(context, builder, signature, given):
        view = make_array(signature.args[0])(context, builder, given[0])
        builder.atomic_rmw("add", view.data, ir.Constant(ir.IntType(64), 1), "seq_cst")
        return context.get_dummy_value()

    return types.void(gate), build


@intrinsic
def count_at(context, gate):
    def build(context, builder, signature, given):
        view = make_array(signature.args[0])(context, builder, given[0])
        return builder.load_atomic(view.data, "seq_cst", 8)

    return types.int64(gate), build

"""

YIELD = """
offer = types.ExternalFunction("sched_yield", types.int32())


@inlined
def give_way():
    offer()

"""

STAY = """
@inlined
def give_way():
    pass

"""

UPDATE = """
@loop
def update(W_, G_, S_, t_, options_, decay_, lane_, scale_, bound_, sums_, first_, last_):
    kind_ = W_.dtype.type
    {numbers}
    share_, most_ = kind_(scale_), kind_(bound_)
    moved_ = length_ = bounded_ = squares_ = penalty_ = kind_(0)
    for j_ in range(first_, last_):
        {loads}
        g = g * share_
        if CLIPS:
            bounded_ += kind_(abs(g) > most_)
            g = np.minimum(np.maximum(g, -most_), most_)
        else:
            if DECAYS:
                pull_ = decay_[lane_, j_] * W_[lane_, j_]
                penalty_ += pull_ * W_[lane_, j_]
                g = g + pull_
            squares_ += g * g
        {body}
        step_ = new_0_ - W_[lane_, j_]
        {stores}
        moved_ += step_ * step_
        length_ += new_0_ * new_0_
    if not CLIPS:
        sums_[1, lane_] += squares_
        sums_[2, lane_] += penalty_
    sums_[3, lane_] += moved_
    sums_[4, lane_] += length_
    sums_[5, lane_] += bounded_
"""


ACTIVATION = """
@inlined
def activation(z, extra):
    return {name}(z{options})
"""

BUILT = "@intrinsic(prefer_literal=True)"
LOOPS: dict[Any, str] = {
    tiles.Matrix: "",
    tiles.repeated: "",
    tiles.add_product: "",
    tiles.part: BUILT,
    tiles.tile: BUILT,
    tiles.dots: BUILT,
    products.row_products: "@loop",
    products.weighted_rows: "@loop",
    sums.fetch: "@inlined",
    network_loops.meet: "@loop",
    network_layers.share: "@inlined",
    network_loops.read: "@loop",
    network_layers.turn: "@loop",
    network_layers.activate: "@loop",
    network_layers.parameters_of: "@inlined",
    network_layers.matrix: "@written_out",
    network_layers.entered: "@written_out",
    network_layers.inside: "@written_out",
    network_layers.enter: "@loop",
    network_layers.go_through: "@loop",
    network_layers.sum_slopes: "@loop",
    network_loops.read_step: "@loop",
    network_loops.average: "@loop",
    network_loops.advance_network: "@kernel",
}
CONSTANTS = {
    "DOTS_ROWS": products.DOTS_ROWS,
    "DOTS_COLUMNS": products.DOTS_COLUMNS,
    "TILE_ROWS": products.TILE_ROWS,
    "TILE_VECTORS": products.TILE_VECTORS,
    "BLOCK": products.BLOCK,
    "ROW_BYTES": products.ROW_BYTES,
    "DEPTH": products.DEPTH,
    "WIDE_BYTES": products.WIDE_BYTES,
    "AHEAD": network_loops.AHEAD,
    "BLOCK_MOVED": network_loops.BLOCK_MOVED,
    "SPINS": network_loops.SPINS,
}


def network_text(cohort: Cohort) -> str:
    """The text of the loops that the cohort needs. Raises NotCompilableError where it has none.

    It is that of all lanes, also when some have left: their leaving compiles nothing.
    """
    network, rule, lanes = cohort.model, cohort.rule, Lanes.all_of(cohort)
    numbers = cohort.numbers
    decays = bool((numbers.l2 > 0).any())
    clips = bool((numbers.clip_norm < math.inf).any() or (numbers.clip_value < math.inf).any())
    if not isinstance(network, Network):
        raise NotCompilableError("it is no network")
    if network.batch_norm or network.residual or lanes.drops:
        raise NotCompilableError("only a plain network has loops")
    if cohort.batching.whole or isinstance(cohort.train.X, MappedRows):
        raise NotCompilableError("full batches and rows on disk are read in blocks")
    activation = network.activation.function
    constants = "".join(f"{name} = {number}\n" for name, number in CONSTANTS.items())
    return module_text(
        header(f"a network of {network.activation.name} under {network.loss.name}", rule),
        equations(rule, *loss_forms(network.loss), activation),
        TOGETHER + (YIELD if hasattr(os, "sched_yield") else STAY),
        constants + f"DECAYS = {decays}\nCLIPS = {clips}\n",
        filled(UPDATE, rule, lanes.rule_options()),
        ACTIVATION.format(
            name=activation.__name__,
            options=option_arguments(network.activation, len(network.loss.options)),
        ),
        *loss_text(network.loss),
        *(body_of(function, decorator) for function, decorator in LOOPS.items()),
    )
