"""What is kept: files, ledger and index, on blocking threads."""
