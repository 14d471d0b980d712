"""Results as text, table, JSON, SARIF, JUnit, Markdown. Pure."""
