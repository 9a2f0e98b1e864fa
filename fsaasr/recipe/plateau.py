"""Which of equally good points to take."""

from __future__ import annotations

from typing import Sequence


def middle_of_best(points: Sequence[Sequence[float]], errors: Sequence[int]) -> int:
    """Index of the point of fewest errors; of equals, the one nearest to the middle of all equally good ones.

    So a choice sits on a plateau instead of at its rim. Of equally near points, the first is taken. Distances are those
    of ranks along each axis, as grids are rarely evenly spaced.
    """
    least = min(errors)
    best = [i for i, count in enumerate(errors) if count == least]
    ranks = [{value: rank for rank, value in enumerate(sorted(set(axis)))} for axis in zip(*points)]
    places = [[rank[value] for value, rank in zip(points[i], ranks)] for i in best]
    middle = [sum(column) / len(best) for column in zip(*places)]
    distances = [sum((a - b) ** 2 for a, b in zip(place, middle)) for place in places]
    return best[distances.index(min(distances))]
