"""``processor = "n8n"``: a workflow, and n8n's API."""
