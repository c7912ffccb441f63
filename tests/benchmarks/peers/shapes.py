"""The shapes of the goals as plain data: for every node, in an order in which they can run, the nodes before it."""


def edges(shape: str, size: int) -> dict[str, list[str]]:
    """Return the graph `chain`, `fan` (1 -> size -> 1) or `diamond` (1 -> 3 -> 1)."""
    if shape == "chain":
        return {f"n{place}": [f"n{place - 1}"] if place else [] for place in range(size)}
    width = {"fan": size, "diamond": 3}[shape]
    middle = [f"n1_{place}" for place in range(width)]
    return {"n0": [], **{name: ["n0"] for name in middle}, "n2": middle}
