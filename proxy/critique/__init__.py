"""Whether self-critique helps an agent: from the record of its runs to how often it is given."""
