"""What commands share: the project's git history and folder of reports, read and written as the model's types."""
