"""Strategy-based margin of securities accounts: Regulation T, FINRA 4210, Cboe Margin Manual."""
