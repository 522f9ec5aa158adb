"""The standardised schedule (grid) of BCBS-IOSCO: initial margin from notionals, maturities and replacement cost."""
