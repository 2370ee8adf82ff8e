"""What was made of people's files, kept on disk: whole folders, and corpora mapped into memory."""
