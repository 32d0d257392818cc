//! STORY.md told by vaultrs. Steps for which it has no function are named in STORY.md.

mod access;
mod boot;
mod check;
mod databases;
mod kv;
mod tokens;

use std::process::exit;

use check::{Known, connect};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("a TLS provider");
    let (shares, root, ann) = (Vec::new(), String::new(), String::new());
    let mut known = Known {
        client: connect(""),
        shares,
        root,
        ann,
        failed: false,
    };
    boot::boot(&mut known).await;
    access::login(&mut known).await;
    kv::kv1(&mut known).await;
    kv::kv2(&mut known).await;
    access::policies(&mut known).await;
    access::wrapping(&mut known).await;
    tokens::tokens(&mut known).await;
    access::mounts(&mut known).await;
    databases::databases(&mut known).await;
    kv::cubbyhole(&mut known).await;
    boot::end(&mut known).await;
    exit(i32::from(known.failed));
}
