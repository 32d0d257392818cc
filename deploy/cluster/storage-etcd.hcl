# ETCD_ADDR, ETCD_USERNAME and ETCD_PASSWORD may say who and where as well.
storage "etcd" {
  address = "http://etcd1:2379,http://etcd2:2379,http://etcd3:2379"
}
