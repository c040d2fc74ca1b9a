"""What keeps participants up to date without the log: presence rows, and the document for those who do not fold."""
