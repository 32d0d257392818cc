# ETCD_ADDR, ETCD_USERNAME and ETCD_PASSWORD may say who and where as well.
storage "etcd" {
  address       = "https://etcd1:2379,https://etcd2:2379,https://etcd3:2379"
  tls_ca_file   = "/etc/arca/tls/ca.pem"
  tls_cert_file = "/etc/arca/tls/node.pem"
  tls_key_file  = "/etc/arca/tls/node.key"
}
