"""Orders of directed graphs: strongly connected components, and a steady topological order."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any


def components(edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Number of the strongly connected component of every node that has an edge."""
    following: defaultdict[str, list[str]] = defaultdict(list)
    nodes: dict[str, None] = {}
    for source, target in edges:
        following[source].append(target)
        nodes.update({source: None, target: None})
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    home: dict[str, int] = {}
    pending: list[str] = []
    for start in nodes:
        if start in number:
            continue
        # Tarjan's algorithm with a stack of its own: a pipeline may be longer than Python's.
        work = [(start, iter(following[start]))]
        number[start] = low[start] = len(number)
        pending.append(start)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in number:
                    number[target] = low[target] = len(number)
                    pending.append(target)
                    work.append((target, iter(following[target])))
                    break
                if target not in home:
                    low[node] = min(low[node], number[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    while True:
                        member = pending.pop()
                        home[member] = number[node]
                        if member == node:
                            break
    return home


def topological(
    nodes: Sequence[str], edges: Iterable[tuple[str, str]], key: Callable[[str], Any]
) -> list[str]:
    """Every node after all that it needs; ``key`` decides between those that are ready.

    Inside a cycle the node with the smallest key goes first, so there is always an order.
    """
    edges = list(edges)
    home = components(edges)
    waiting: defaultdict[str, set[str]] = defaultdict(set)
    following: defaultdict[str, set[str]] = defaultdict(set)
    for source, target in edges:
        waiting[target].add(source)
        following[source].add(target)
    keys = {node: (key(node), node) for node in nodes}
    ready = [(keys[node], node) for node in nodes if not waiting[node]]
    heapq.heapify(ready)
    order: list[str] = []
    done: set[str] = set()
    while len(order) < len(nodes):
        if ready:
            _, node = heapq.heappop(ready)
            if node in done:
                continue
        else:
            node = _break(nodes, waiting, home, done, keys)
        order.append(node)
        done.add(node)
        for target in following[node]:
            waiting[target].discard(node)
            if not waiting[target] and target not in done:
                heapq.heappush(ready, (keys[target], target))
    return order


def _break(
    nodes: Sequence[str],
    waiting: dict[str, set[str]],
    home: dict[str, int],
    done: set[str],
    keys: dict[str, Any],
) -> str:
    """The node at which a cycle is cut: the first of a cycle that waits for itself alone."""
    left = [node for node in nodes if node not in done]
    outside = {
        home[node] for node in left for source in waiting[node] if home[source] != home[node]
    }
    own = [node for node in left if home[node] not in outside]
    return min(own or left, key=lambda node: keys[node])
