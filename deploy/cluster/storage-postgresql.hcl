# The URL comes from VAULT_PG_CONNECTION_URL: it holds a password.
storage "postgresql" {
  connection_url = ""
  # Connections that read; one more writes, and one listens. Nodes times all of them must stay below the server's max_connections,
  # which is 100 unless it was told otherwise.
  max_parallel = "28"
  # The database may start after the nodes.
  max_connect_retries = "60"
}
