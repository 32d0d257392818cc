//! The chapters on KV, and Cubbyhole.

use std::collections::HashMap;

use serde_json::{Value, json};
use vaultrs::api::kv2::requests::{
    SetConfigurationRequest, SetSecretMetadataRequest, SetSecretRequestOptions,
};
use vaultrs::api::sys::requests::EnableEngineRequest;
use vaultrs::client::VaultClient;
use vaultrs::error::ClientError;
use vaultrs::sys::mount;
use vaultrs::{cubbyhole as hole, kv1, kv2};

use crate::check::{Known, Told, connect, holds, refused, same, token_of};

pub fn first() -> Value {
    json!({ "user": "ann", "pass": "one" })
}

pub fn second() -> Value {
    json!({ "user": "ann", "pass": "two" })
}

pub fn third() -> Value {
    json!({ "user": "ann", "pass": "three" })
}

async fn enable(client: &VaultClient, path: &str, version: &str) -> Told {
    let mut request = EnableEngineRequest::builder();
    let options = HashMap::from([("version".to_string(), version.to_string())]);
    Ok(mount::enable(client, path, "kv", Some(request.options(options))).await?)
}

pub async fn kv1(known: &mut Known) {
    let told = enable(&known.client, "kv1", "1").await;
    known.tell("kv1-enable", told);
    let told = kv1_write(&known.client).await;
    known.tell("kv1-write-read", told);
    let told = kv1_overwrite(&known.client).await;
    known.tell("kv1-overwrite", told);
    let told = kv1_list(&known.client).await;
    known.tell("kv1-list", told);
    let told = kv1_delete(&known.client).await;
    known.tell("kv1-delete", told);
    let told = kv1_delete_last(&known.client).await;
    known.tell("kv1-delete-last", told);
}

async fn kv1_write(client: &VaultClient) -> Told {
    kv1::set(
        client,
        "kv1",
        "app",
        &HashMap::from([("user", json!("ann")), ("count", json!(7))]),
    )
    .await?;
    let reply = kv1::get_raw(client, "kv1", "app").await?;
    same(reply.data, json!({ "user": "ann", "count": 7 }))?;
    same(
        (reply.lease_duration, reply.lease_id.as_str()),
        (2764800, ""),
    )
}

async fn kv1_overwrite(client: &VaultClient) -> Told {
    kv1::set(client, "kv1", "app", &HashMap::from([("user", "bob")])).await?;
    same(
        kv1::get::<Value>(client, "kv1", "app").await?,
        json!({ "user": "bob" }),
    )
}

async fn kv1_list(client: &VaultClient) -> Told {
    kv1::set(client, "kv1", "dir/inner", &HashMap::from([("a", "b")])).await?;
    same(
        kv1::list(client, "kv1", "").await?.data.keys,
        ["app", "dir/"],
    )
}

async fn kv1_delete(client: &VaultClient) -> Told {
    kv1::delete(client, "kv1", "app").await?;
    refused(404, kv1::get::<Value>(client, "kv1", "app").await, "")?;
    same(kv1::list(client, "kv1", "").await?.data.keys, ["dir/"])
}

async fn kv1_delete_last(client: &VaultClient) -> Told {
    kv1::delete(client, "kv1", "dir/inner").await?;
    refused(404, kv1::list(client, "kv1", "").await, "")
}

pub async fn data(client: &VaultClient, path: &str) -> Result<Value, ClientError> {
    kv2::read(client, "secret", path).await
}

async fn version(client: &VaultClient, path: &str, number: u64) -> Result<Value, ClientError> {
    kv2::read_version(client, "secret", path, number).await
}

async fn put(client: &VaultClient, path: &str, data: &Value) -> Result<u64, ClientError> {
    Ok(kv2::set(client, "secret", path, data).await?.version)
}

async fn put_cas(
    client: &VaultClient,
    path: &str,
    data: &Value,
    cas: u32,
) -> Result<u64, ClientError> {
    let options = SetSecretRequestOptions { cas };
    Ok(kv2::set_with_options(client, "secret", path, data, options)
        .await?
        .version)
}

async fn absent(client: &VaultClient, path: &str, number: u64) -> Told {
    refused(404, version(client, path, number).await, "")
}

pub async fn kv2(known: &mut Known) {
    let told = enable(&known.client, "secret", "2").await;
    known.tell("kv2-enable", told);
    let told = config(&known.client).await;
    known.tell("kv2-config", told);
    let told = write(&known.client).await;
    known.tell("kv2-write", told);
    let told = read_version(&known.client).await;
    known.tell("kv2-read-version", told);
    let told = missing(&known.client).await;
    known.tell("kv2-missing", told);
    let told = cas(&known.client).await;
    known.tell("kv2-cas", told);
    let told = delete_latest(&known.client).await;
    known.tell("kv2-delete-latest", told);
    let told = undelete(&known.client).await;
    known.tell("kv2-undelete", told);
    let told = delete_versions(&known.client).await;
    known.tell("kv2-delete-versions", told);
    let told = destroy(&known.client).await;
    known.tell("kv2-destroy", told);
    metadata_chapter(known).await;
}

async fn metadata_chapter(known: &mut Known) {
    let told = metadata(&known.client).await;
    known.tell("kv2-metadata", told);
    let told = custom_metadata(&known.client).await;
    known.tell("kv2-custom-metadata", told);
    let told = max_versions(&known.client).await;
    known.tell("kv2-max-versions", told);
    let told = cas_required(&known.client).await;
    known.tell("kv2-cas-required", told);
    let told = big_number(&known.client).await;
    known.tell("kv2-big-number", told);
    let told = list(&known.client).await;
    known.tell("kv2-list", told);
    let told = delete_metadata(&known.client).await;
    known.tell("kv2-delete-metadata", told);
}

async fn config(client: &VaultClient) -> Told {
    let mut request = SetConfigurationRequest::builder();
    kv2::config::set(client, "secret", Some(request.max_versions(5u64))).await?;
    let found = kv2::config::read(client, "secret").await?;
    same(
        (
            found.max_versions,
            found.cas_required,
            found.delete_version_after.as_str(),
        ),
        (5, false, "0s"),
    )
}

async fn write(client: &VaultClient) -> Told {
    let found = kv2::set(client, "secret", "app", &first()).await?;
    same(
        (found.version, found.deletion_time.as_str(), found.destroyed),
        (1, "", false),
    )?;
    holds(!found.created_time.is_empty(), "a created_time")
}

async fn read_version(client: &VaultClient) -> Told {
    same(put(client, "app", &second()).await?, 2)?;
    same(
        (data(client, "app").await?, version(client, "app", 1).await?),
        (second(), first()),
    )
}

async fn missing(client: &VaultClient) -> Told {
    refused(404, data(client, "nothing").await, "")?;
    absent(client, "app", 9).await
}

async fn cas(client: &VaultClient) -> Told {
    let mismatch = "did not match the current version";
    refused(400, put_cas(client, "app", &third(), 1).await, mismatch)?;
    same(put_cas(client, "app", &third(), 2).await?, 3)?;
    same(put_cas(client, "fresh", &first(), 0).await?, 1)?;
    refused(400, put_cas(client, "fresh", &first(), 0).await, mismatch)
}

async fn delete_latest(client: &VaultClient) -> Told {
    // vaultrs has no patch: versions 4 and 5 are written whole.
    same(put(client, "app", &second()).await?, 4)?;
    same(put(client, "app", &third()).await?, 5)?;
    kv2::delete_latest(client, "secret", "app").await?;
    refused(404, data(client, "app").await, "deletion_time")?;
    same(version(client, "app", 4).await?, second())
}

async fn undelete(client: &VaultClient) -> Told {
    kv2::undelete_versions(client, "secret", "app", vec![5]).await?;
    same(data(client, "app").await?, third())
}

async fn delete_versions(client: &VaultClient) -> Told {
    kv2::delete_versions(client, "secret", "app", vec![3, 4]).await?;
    absent(client, "app", 3).await?;
    absent(client, "app", 4).await?;
    let versions = kv2::read_metadata(client, "secret", "app").await?.versions;
    let deleted =
        ["1", "2", "3", "4", "5"].map(|number| !versions[number].deletion_time.is_empty());
    same(deleted, [false, false, true, true, false])
}

async fn destroy(client: &VaultClient) -> Told {
    kv2::destroy_versions(client, "secret", "app", vec![4]).await?;
    kv2::undelete_versions(client, "secret", "app", vec![4]).await?;
    same(
        kv2::read_metadata(client, "secret", "app").await?.versions["4"].destroyed,
        true,
    )?;
    absent(client, "app", 4).await
}

async fn metadata(client: &VaultClient) -> Told {
    let found = kv2::read_metadata(client, "secret", "app").await?;
    same(
        (
            found.current_version,
            found.max_versions,
            found.cas_required,
        ),
        (5, 0, false),
    )?;
    same(found.versions.len(), 5)?;
    holds(found.created_time <= found.updated_time, "times in order")
}

async fn custom_metadata(client: &VaultClient) -> Told {
    let mut request = SetSecretMetadataRequest::builder();
    let owner = HashMap::from([("owner".to_string(), "ann".to_string())]);
    kv2::set_metadata(
        client,
        "secret",
        "app",
        Some(request.custom_metadata(owner.clone())),
    )
    .await?;
    same(
        kv2::read_metadata(client, "secret", "app")
            .await?
            .custom_metadata,
        Some(owner),
    )
}

async fn max_versions(client: &VaultClient) -> Told {
    for count in 0..6 {
        put(client, "bounded", &json!({ "count": count })).await?;
    }
    absent(client, "bounded", 1).await?;
    let found = kv2::read_metadata(client, "secret", "bounded").await?;
    let mut numbers: Vec<&String> = found.versions.keys().collect();
    numbers.sort();
    same(numbers, ["2", "3", "4", "5", "6"])?;
    same(found.oldest_version, 2u64)
}

async fn cas_required(client: &VaultClient) -> Told {
    let mut request = SetSecretMetadataRequest::builder();
    kv2::set_metadata(
        client,
        "secret",
        "guarded",
        Some(request.cas_required(true)),
    )
    .await?;
    refused(
        400,
        put(client, "guarded", &first()).await,
        "check-and-set parameter required",
    )?;
    same(put_cas(client, "guarded", &first(), 0).await?, 1)
}

async fn big_number(client: &VaultClient) -> Told {
    let big = json!({ "n": 9007199254740993u64, "deep": [12345678901234567890u64] });
    put(client, "number", &big).await?;
    let found = data(client, "number").await?;
    kv2::delete_metadata(client, "secret", "number").await?;
    same(found, big)
}

async fn list(client: &VaultClient) -> Told {
    put(client, "dir/inner", &first()).await?;
    same(
        kv2::list(client, "secret", "").await?,
        ["app", "bounded", "dir/", "fresh", "guarded"],
    )?;
    same(kv2::list(client, "secret", "dir").await?, ["inner"])
}

async fn delete_metadata(client: &VaultClient) -> Told {
    kv2::delete_metadata(client, "secret", "fresh").await?;
    refused(404, data(client, "fresh").await, "")?;
    same(
        kv2::list(client, "secret", "").await?,
        ["app", "bounded", "dir/", "guarded"],
    )
}

pub async fn cubbyhole(known: &mut Known) {
    let told = hole_use(&known.client).await;
    known.tell("cubbyhole", told);
    let told = hole_private(&known.client).await;
    known.tell("cubbyhole-private", told);
    let told = hole_delete(&known.client).await;
    known.tell("cubbyhole-delete", told);
}

async fn hole_use(client: &VaultClient) -> Told {
    hole::set(client, "cubbyhole", "mine", &HashMap::from([("a", "b")])).await?;
    same(
        hole::get::<Value>(client, "cubbyhole", "mine").await?,
        json!({ "a": "b" }),
    )?;
    same(
        hole::list(client, "cubbyhole", "").await?.data.keys,
        ["mine"],
    )
}

async fn hole_private(client: &VaultClient) -> Told {
    let other = connect(&token_of(client, "root").await?);
    refused(
        404,
        hole::get::<Value>(&other, "cubbyhole", "mine").await,
        "",
    )
}

async fn hole_delete(client: &VaultClient) -> Told {
    hole::delete(client, "cubbyhole", "mine").await?;
    refused(
        404,
        hole::get::<Value>(client, "cubbyhole", "mine").await,
        "",
    )
}
