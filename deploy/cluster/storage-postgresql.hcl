# The URL comes from VAULT_PG_CONNECTION_URL: it holds a password.
storage "postgresql" {
  connection_url = ""
  # Connections that read; one more writes. Nodes times this must stay below the server's max_connections.
  max_parallel = "32"
  # The database may start after the nodes.
  max_connect_retries = "60"
}
