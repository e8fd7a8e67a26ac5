"""Items: what is resampled. Each metric is a sum of numerators over a sum of denominators."""

import pandas as pd

ALL = "all"
"""The subset of all rows, whatever their stratum."""


def items(rows: pd.DataFrame, values: dict[str, tuple[pd.Series, pd.Series]]) -> pd.DataFrame:
    """One line per item, subset and metric, summed over the item's rows.

    rows: columns item, stratum. values: metric -> (numerator, denominator), one value per row.
    A subset is a stratum, or all of them.
    """
    whole = _summed(rows["item"], pd.Series(ALL, index=rows.index), values)
    if rows["stratum"].nunique() < 2:
        return whole
    return pd.concat([whole, _summed(rows["item"], rows["stratum"], values)], ignore_index=True)


def _summed(
    item: pd.Series, subset: pd.Series, values: dict[str, tuple[pd.Series, pd.Series]]
) -> pd.DataFrame:
    parts = []
    for metric, (numerator, denominator) in values.items():
        table = pd.DataFrame({"numerator": numerator, "denominator": denominator}, dtype=float)
        summed = table.groupby([subset.rename("subset"), item.rename("item")], sort=True).sum()
        parts.append(summed.reset_index().assign(metric=metric))
    return pd.concat(parts, ignore_index=True)
