"""HTTP: thin routes over services. A route authorises, calls one service in a thread, and returns."""
