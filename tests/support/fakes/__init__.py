"""Made-up inputs and stand-ins: rows and forms of returns, files, ledgers, desks, and functions of services."""
