"""Portfolio margin by FINRA 4210(g): theoretical losses at ten points. Rule: docs/models/portfolio_margin.md."""
