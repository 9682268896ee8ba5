"""The service: takes job specs over HTTP, keeps runs in PostgreSQL and tells what ails them. Never imports torch."""
