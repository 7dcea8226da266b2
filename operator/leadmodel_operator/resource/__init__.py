"""The LeadModel resource as users write and read it: spec, status, vocabulary, formats, the CRD and printer columns.

Pure declarations and their conversion to and from documents. Decisions live in `planning`, access to a cluster in `kubernetes`.
"""
