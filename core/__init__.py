"""What every room may use: settings, names, errors, security, logs and the clock."""
