"""What is kept of a call and who is told: redaction, the resource, the export to an OTLP receiver."""
