"""Parts that several figures are made of."""
