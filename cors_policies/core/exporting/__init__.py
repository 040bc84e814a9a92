"""The same policies in the words of others: nginx, S3 and Google Cloud Storage."""
