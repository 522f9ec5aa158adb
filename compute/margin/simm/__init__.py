"""ISDA SIMM: initial margin of uncleared derivatives from CRIF sensitivities. ISDA licenses SIMM for commercial use."""
