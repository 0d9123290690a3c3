"""The proof: the pipeline run again from nothing, in a copy, and compared with the record."""
