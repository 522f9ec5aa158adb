"""What if: a basket of trades, cash and collateral, and every figure before and after it."""
