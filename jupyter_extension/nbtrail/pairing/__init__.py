"""Twins on disk: every notebook has a readable text beside it, and no edit of either is lost.

``sync`` says how a pair stands and brings it together, ``moves`` renames, copies and deletes
pairs, ``formats`` says where twins lie. What they rest on: ``look`` reads a pair and decides by
content (``decide``), ``merge`` merges cell by cell, ``convert`` is all that jupytext does.
Whatever converts or opens the ledger is imported when it is first needed.
"""
