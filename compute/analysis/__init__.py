"""What desks ask of a margin model: what if, why, which, and why not as before."""
