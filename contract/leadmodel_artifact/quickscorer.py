"""Trees scored all at once, by bits: each tree has a bit for each leaf, and each value of a lead takes away leaves it cannot reach.

Leaves are numbered from left to right. A node whose test fails takes the leaves of its left branch away; the first leaf that is left
over is the one the lead ends in (Lucchese et al., "QuickScorer: a Fast Algorithm to Rank Documents with Additive Ensembles of
Regression Trees", SIGIR 2015, theorem 1). Here one long integer holds the leaves of all trees, and one mask for each interval between
thresholds holds all that a value leaves over: a lead costs a search and an AND for each feature instead of hundreds of comparisons.

Which leaf a tree's one bit is, a multiplication tells for all trees at once (Leiserson, Prokop and Randall, "Using de Bruijn Sequences
to Index a 1 in a Computer Word", 1998); so that no product reaches into the next tree, a tree has twice the bits it needs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from operator import getitem

from leadmodel_artifact.model import Feature, FeatureKind, Tree, Trees

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

DE_BRUIJN = {32: 0x077CB531, 64: 0x03F79D71B4CB0A89}  # by the most leaves of a tree
MAX_BYTES = 8 << 20  # of all masks

Level = Callable[[Feature], int]  # the code that a missing level is read as
Node = tuple[Tree, int, int]  # a tree, one of its nodes, and the bits it takes away when its test fails


def tree_lines(
    features: Sequence[Feature], model: Trees, missing_code: Level, given: dict[str, Any]
) -> list[str]:
    """Lines that leave in `z` the sum of the leaves of the coded values x0, x1, …; none where masks would be too large.

    What the lines need is put into `given`.
    """
    most = max((_leaves(tree) for tree in model.trees), default=1)
    width = next((leaves for leaves in DE_BRUIJN if most <= leaves), 0)
    lane, shift = 2 * width, width - width.bit_length() + 1
    size = lane * len(model.trees) // 8
    if not size or size * _masks(features, model) > MAX_BYTES:
        return []
    nodes: dict[int, list[Node]] = {}
    tables, all_bits = [], 0
    for number, tree in enumerate(model.trees):
        leaves = _number(tree, number * lane, nodes)
        table = [0.0] * width
        for bit, leaf in enumerate(leaves):
            table[(DE_BRUIJN[width] << bit) % (1 << width) >> shift] = tree.value[leaf]
        tables.append(tuple(table))
        all_bits |= ((1 << len(leaves)) - 1) << (number * lane)
    left = []
    for i, found in sorted(nodes.items()):
        if features[i].kind is FeatureKind.CATEGORICAL:
            given[f"m{i}"] = _of_category(features[i], found, all_bits, missing_code)
            left.append(f"m{i}[x{i}]")
        else:
            given[f"t{i}"], given[f"m{i}"], given[f"n{i}"] = _of_number(features[i], found, all_bits)
            left.append(f"(n{i} if x{i} is None else m{i}[bisect_left(t{i}, x{i})])")
    ones = sum(1 << (number * lane) for number in range(len(model.trees)))
    given |= {"all_bits": all_bits, "ones": ones, "places": ones * (width - 1), "tables": tables}
    given |= {"getitem": getitem, "bisect_left": bisect_left, "base": model.baseline}
    return [
        f"    left = {' & '.join(left) or 'all_bits'}",
        "    first = left & (left ^ (left - ones))",
        f"    found = (first * {DE_BRUIJN[width]} >> {shift}) & places",
        f'    z = sum(map(getitem, tables, found.to_bytes({size}, "little")[:: {lane // 8}]), base)',
    ]


def _leaves(tree: Tree) -> int:
    return sum(feature < 0 for feature in tree.feature)


def _masks(features: Sequence[Feature], model: Trees) -> int:
    """How many masks there will be, at most."""
    used: dict[int, set[float]] = {}
    for tree in model.trees:
        for feature, threshold in zip(tree.feature, tree.threshold, strict=True):
            if feature >= 0:
                used.setdefault(feature, set()).add(threshold)
    return sum(2 + len(thresholds) + len(features[i].levels) for i, thresholds in used.items())


def _number(tree: Tree, at: int, nodes: dict[int, list[Node]]) -> list[int]:
    """Number the leaves from bit `at` on and note what each node takes away; the leaves, from left to right."""
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


def _of_category(
    feature: Feature, nodes: Sequence[Node], all_bits: int, missing_code: Level
) -> tuple[int, ...]:
    """The bits that each code leaves over; the last is that of a missing level."""
    sides = [(frozenset(tree.levels[node] or ()), bits) for tree, node, bits in nodes]
    masks = [
        _without(all_bits, (bits for left, bits in sides if code not in left))
        for code in range(len(feature.levels) + 1)
    ]
    default = feature.default is not None
    return (*masks, masks[missing_code(feature)] if default else _without_value(nodes, all_bits))


def _of_number(feature: Feature, nodes: Sequence[Node], all_bits: int) -> tuple[list[float], list[int], int]:
    """Thresholds in order; the bits that a value leaves over, by how many of them it exceeds; and those without a value."""
    thresholds: list[float] = []
    masks = [all_bits]
    for tree, node, bits in sorted(nodes, key=lambda found: found[0].threshold[found[1]]):
        if not thresholds or thresholds[-1] != tree.threshold[node]:
            thresholds.append(tree.threshold[node])
            masks.append(masks[-1])
        masks[-1] &= ~bits
    if feature.default is None:
        return thresholds, masks, _without_value(nodes, all_bits)
    return thresholds, masks, masks[bisect_left(thresholds, float(feature.default))]


def _without_value(nodes: Sequence[Node], all_bits: int) -> int:
    return _without(all_bits, (bits for tree, node, bits in nodes if not tree.missing_left[node]))


def _without(all_bits: int, taken: Iterable[int]) -> int:
    for bits in taken:
        all_bits &= ~bits
    return all_bits
