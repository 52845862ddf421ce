"""The sums that a linear model of one variant's rewards needs, one reward at a time."""

from policies.bandits.state import Linear


def with_constant(context: tuple[float, ...]) -> tuple[float, ...]:
    return (1.0, *context)


def observed(linear: Linear | None, context: tuple[float, ...], value: float) -> Linear:
    """With one more reward, `value` in [0, 1]."""
    x = with_constant(context)
    known = linear or Linear(0, (0.0,) * (len(x) * (len(x) + 1) // 2), (0.0,) * len(x))
    products = (x[i] * x[j] for i in range(len(x)) for j in range(i + 1))
    return Linear(
        known.n + 1,
        tuple(sum_ + product for sum_, product in zip(known.gram, products, strict=True)),
        tuple(sum_ + one * (value - 0.5) for sum_, one in zip(known.moment, x, strict=True)),
    )
