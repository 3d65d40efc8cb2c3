"""
Readers of sequencing results, each into the same plain tables.

A variant table has the columns `onearm.data.assays.genomes.variants.SCHEMA`; what was looked at is a table of its own,
`onearm.data.assays.genomes.profile`, because a gene that was not sequenced is not a gene without mutation.
"""
