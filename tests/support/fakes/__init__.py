"""Made-up inputs and fakes: rows and forms of returns, files, ledgers, desks, and functions of services."""
