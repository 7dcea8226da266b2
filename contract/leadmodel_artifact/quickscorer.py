"""Trees scored all at once with bit masks: each leaf of each tree is one bit, and each value of a lead clears the leaves out of reach.

Leaves are numbered from left to right. A node whose test fails clears the leaves of its left branch; the lead ends in the first leaf
that remains (C. Lucchese et al., "QuickScorer: a Fast Algorithm to Rank Documents with Additive Ensembles of Regression Trees",
SIGIR 2015, theorem 1). Here one long integer holds the leaves of all trees, and one mask per interval between thresholds holds all
leaves that remain reachable for a value: a lead costs one search and one AND per feature instead of hundreds of comparisons.

One multiplication finds the number of the remaining bit in all trees at once (C. Leiserson, H. Prokop and K. Randall, "Using de Bruijn
Sequences to Index a 1 in a Computer Word", 1998). A tree has twice the bits it has leaves, so that no product reaches the next tree.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from operator import getitem

from leadmodel_artifact.model import Feature, Tree, Trees

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

DE_BRUIJN = {32: 0x077CB531, 64: 0x03F79D71B4CB0A89}  # key: how many leaves a tree may have
MAX_BYTES = 8 << 20  # of all masks

Level = Callable[[Feature], int]  # gives the code as which a missing level is read
Node = tuple[
    Tree, int, int
]  # a tree, one of its nodes, and the bits that the node clears when its test fails


def tree_lines(
    features: Sequence[Feature], model: Trees, missing_code: Level, namespace: dict[str, Any]
) -> list[str]:
    """Lines of Python that compute in `z` the sum of the leaves of the coded values x0, x1, …; no lines where masks would be too large.

    Every object that the lines refer to is put into `namespace`.
    """
    most = max((_leaf_count(tree) for tree in model.trees), default=1)
    width = next((leaves for leaves in DE_BRUIJN if most <= leaves), 0)
    lane, shift = 2 * width, width - width.bit_length() + 1
    size = lane * len(model.trees) // 8
    if not size or size * _mask_count(features, model) > MAX_BYTES:
        return []
    nodes: dict[int, list[Node]] = {}
    tables, all_bits = [], 0
    for number, tree in enumerate(model.trees):
        leaves = _number_leaves(tree, number * lane, nodes)
        table = [0.0] * width
        for bit, leaf in enumerate(leaves):
            table[(DE_BRUIJN[width] << bit) % (1 << width) >> shift] = tree.value[leaf]
        tables.append(tuple(table))
        all_bits |= ((1 << len(leaves)) - 1) << (number * lane)
    masks = []
    for i, feature_nodes in sorted(nodes.items()):
        if features[i].is_category:
            namespace[f"m{i}"] = _category_masks(features[i], feature_nodes, all_bits, missing_code)
            masks.append(f"m{i}[x{i}]")
        else:
            limits, left_over, unknown = _number_masks(features[i], feature_nodes, all_bits)
            namespace |= {f"t{i}": limits, f"m{i}": left_over, f"n{i}": unknown}
            masks.append(f"(n{i} if x{i} is None else m{i}[bisect_left(t{i}, x{i})])")
    ones = sum(1 << (number * lane) for number in range(len(model.trees)))
    namespace |= {"all_bits": all_bits, "ones": ones, "places": ones * (width - 1), "tables": tables}
    namespace |= {"getitem": getitem, "bisect_left": bisect_left, "base": model.baseline}
    return [
        f"    left = {' & '.join(masks) or 'all_bits'}",
        "    first = left & (left ^ (left - ones))",
        f"    leaves = (first * {DE_BRUIJN[width]} >> {shift}) & places",
        f'    z = sum(map(getitem, tables, leaves.to_bytes({size}, "little")[:: {lane // 8}]), base)',
    ]


def _leaf_count(tree: Tree) -> int:
    return sum(feature < 0 for feature in tree.feature)


def _mask_count(features: Sequence[Feature], model: Trees) -> int:
    """An upper bound of the number of masks."""
    used: dict[int, set[float]] = {}
    for tree in model.trees:
        for feature, threshold in zip(tree.feature, tree.threshold, strict=True):
            if feature >= 0:
                used.setdefault(feature, set()).add(threshold)
    return sum(2 + len(thresholds) + len(features[i].levels) for i, thresholds in used.items())


def _number_leaves(tree: Tree, at: int, nodes: dict[int, list[Node]]) -> list[int]:
    """Number the leaves of a tree from bit `at` on and append to `nodes` the bits each node clears; return the leaves in order."""
    count = [1] * len(tree.feature)
    for node in reversed(range(len(tree.feature))):  # children come after parents
        if tree.feature[node] >= 0:
            count[node] = count[tree.left[node]] + count[tree.right[node]]
    first, leaves = [0] * len(tree.feature), [0] * count[0]
    for node, feature in enumerate(tree.feature):
        if feature < 0:
            leaves[first[node]] = node
            continue
        left, right = tree.left[node], tree.right[node]
        first[left], first[right] = first[node], first[node] + count[left]
        nodes.setdefault(feature, []).append((tree, node, ((1 << count[left]) - 1) << (at + first[node])))
    return leaves


def _category_masks(
    feature: Feature, nodes: Sequence[Node], all_bits: int, missing_code: Level
) -> tuple[int, ...]:
    """The bits that each code of a category leaves over; the last entry is that of a missing level."""
    sides = [(frozenset(tree.levels[node] or ()), bits) for tree, node, bits in nodes]
    masks = [
        _cleared(all_bits, (bits for left, bits in sides if code not in left))
        for code in range(len(feature.levels) + 1)
    ]
    default = feature.default is not None
    return (*masks, masks[missing_code(feature)] if default else _missing_mask(nodes, all_bits))


def _number_masks(
    feature: Feature, nodes: Sequence[Node], all_bits: int
) -> tuple[list[float], list[int], int]:
    """Thresholds in order; the bits left over by a value that exceeds 0, 1, 2, … of the thresholds; the bits left over without a value."""
    thresholds: list[float] = []
    masks = [all_bits]
    for tree, node, bits in sorted(nodes, key=lambda entry: entry[0].threshold[entry[1]]):
        if not thresholds or thresholds[-1] != tree.threshold[node]:
            thresholds.append(tree.threshold[node])
            masks.append(masks[-1])
        masks[-1] &= ~bits
    if feature.default is None:
        return thresholds, masks, _missing_mask(nodes, all_bits)
    return thresholds, masks, masks[bisect_left(thresholds, float(feature.default))]


def _missing_mask(nodes: Sequence[Node], all_bits: int) -> int:
    return _cleared(all_bits, (bits for tree, node, bits in nodes if not tree.missing_left[node]))


def _cleared(all_bits: int, masks: Iterable[int]) -> int:
    for bits in masks:
        all_bits &= ~bits
    return all_bits
