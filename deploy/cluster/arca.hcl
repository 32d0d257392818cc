# One node of several. All nodes have the same file; what differs comes from the environment:
# ARCA_API_ADDR, and the connection to the store.
#
# Auto-unseal, so that a node that is restarted serves again without people: the key lies in a file that the machine protects
# (or use seal "transit", whose key never leaves another server). With Shamir leave the stanza out and unseal each node.
seal "static" {
  current_key_id = "2026-1"
  current_key    = "file:///etc/arca/seal.key"
}

listener "tcp" {
  address       = "0.0.0.0:8200"
  tls_cert_file = "/etc/arca/tls/node.pem"
  tls_key_file  = "/etc/arca/tls/node.key"
}

# Every request, before its reply; each node writes its own. `arca audit enable` adds others.
audit "file" "file" {
  options {
    file_path = "/var/log/arca/audit.log"
  }
}
