"""One module a symptom: case and thresholds to a finding, to nothing, or to why it cannot say."""
