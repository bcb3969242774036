"""One machine at one time, wherever it is: this host, a folder, a sosreport, a StarOS capture."""
