"""Which services wait for each other in a circle."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter


def cycles(needs: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Yield circles among nodes and what each needs, as (a, b, a) where a needs b and b needs a.

    Circles that share a node are told one by one: after the first is mended, the next is seen.
    """
    left = dict(needs)
    while True:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            # graphlib goes from what is needed to what needs it: https://docs.python.org/3/library/graphlib.html
            circle = error.args[1][:0:-1]
            first = min(range(len(circle)), key=lambda place: list(needs).index(circle[place]))
            yield (*circle[first:], *circle[:first], circle[first])
            left = {
                name: [need for need in found if need not in circle]
                for name, found in left.items()
                if name not in circle
            }
        else:
            return
