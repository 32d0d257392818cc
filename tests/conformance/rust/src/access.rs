//! The chapters Login, Policies, Wrapping and Mounts.

use std::collections::HashMap;

use serde_json::{Value, json};
use vaultrs::api::auth::approle::requests::{GenerateNewSecretIDRequest, SetAppRoleRequest};
use vaultrs::api::auth::userpass::requests::CreateUserRequest;
use vaultrs::api::kv2::requests::ReadSecretRequest;
use vaultrs::api::sys::requests::{
    EnableAuthDataConfigBuilder, EnableAuthRequest, EnableEngineRequest,
};
use vaultrs::api::{self, WrapInfo};
use vaultrs::auth::{approle, userpass};
use vaultrs::client::{Client, VaultClient};
use vaultrs::sys::{auth, mount, policy, remount, wrapping as sys_wrapping};
use vaultrs::{kv1, kv2};

use crate::check::{Known, Told, connect, dead, holds, refused, same};
use crate::kv::{data, first, third};

const READER: &str = "path \"secret/data/app\" {\n  capabilities = [\"read\"]\n}\n";

pub async fn login(known: &mut Known) {
    let told = token_self(known).await;
    known.tell("token-self", told);
    let told = dead("hvs.CAESIJ0000000000000000000000000").await;
    known.tell("token-unknown", told);
    let told = auth_enable(&known.client).await;
    known.tell("auth-enable", told);
    let told = auth_list(&known.client).await;
    known.tell("auth-list", told);
    let told = userpass_user(&known.client).await;
    known.tell("userpass-user", told);
    let told = userpass_login(known).await;
    known.tell("userpass-login", told);
    let wrong = userpass::login(&known.client, "userpass", "ann", "wrong").await;
    known.tell(
        "userpass-wrong-password",
        refused(400, wrong, "invalid username or password"),
    );
    let told = userpass_users(&known.client).await;
    known.tell("userpass-users", told);
    approles(known).await;
}

async fn token_self(known: &Known) -> Told {
    let found = known.client.lookup().await?;
    same(found.policies, ["root"])?;
    same(
        (found.path.as_str(), found.ttl, found.orphan),
        ("auth/token/root", 0, true),
    )?;
    same(&found.id, &known.root)
}

async fn auth_enable(client: &VaultClient) -> Told {
    // vaultrs cannot tune: the hour and the two that auth-tune sets are given here.
    let config = EnableAuthDataConfigBuilder::default()
        .default_lease_ttl("1h")
        .max_lease_ttl("2h")
        .build();
    let mut people = EnableAuthRequest::builder();
    people
        .description("people")
        .config(config.expect("a configuration"));
    auth::enable(client, "userpass", "userpass", Some(&mut people)).await?;
    let mut programs = EnableAuthRequest::builder();
    Ok(auth::enable(
        client,
        "approle",
        "approle",
        Some(programs.description("programs")),
    )
    .await?)
}

async fn auth_list(client: &VaultClient) -> Told {
    let found = auth::list(client).await?;
    let of = |path: &str| {
        (
            found[path].mount_type.clone(),
            found[path].description.clone(),
        )
    };
    same(of("token/").0, "token")?;
    same(
        of("userpass/"),
        ("userpass".to_string(), "people".to_string()),
    )?;
    same(
        of("approle/"),
        ("approle".to_string(), "programs".to_string()),
    )
}

async fn userpass_user(client: &VaultClient) -> Told {
    let mut request = CreateUserRequest::builder();
    request.token_policies(vec!["reader".to_string()]);
    userpass::user::set(client, "userpass", "ann", "pw-ann", Some(&mut request)).await?;
    same(
        userpass::user::read(client, "userpass", "ann")
            .await?
            .token_policies,
        ["reader"],
    )
}

async fn userpass_login(known: &mut Known) -> Told {
    let auth = userpass::login(&connect(""), "userpass", "ann", "pw-ann").await?;
    known.ann = auth.client_token;
    same(auth.policies, ["default", "reader"])?;
    same(
        auth.metadata,
        Some(HashMap::from([("username".to_string(), "ann".to_string())])),
    )?;
    same((auth.lease_duration, auth.renewable), (3600, true))?;
    same(
        connect(&known.ann).lookup().await?.display_name,
        "userpass-ann",
    )
}

async fn userpass_users(client: &VaultClient) -> Told {
    userpass::user::set(client, "userpass", "bob", "pw-bob", None).await?;
    same(
        userpass::user::list(client, "userpass").await?.keys,
        ["ann", "bob"],
    )?;
    userpass::user::delete(client, "userpass", "bob").await?;
    same(
        userpass::user::list(client, "userpass").await?.keys,
        ["ann"],
    )
}

async fn approles(known: &mut Known) {
    let client = connect(&known.root);
    let told = approle_role(&client).await;
    known.tell("approle-role", told);
    let mut pair = (String::new(), String::new());
    let told = approle_login(&client, &mut pair).await;
    known.tell("approle-login", told);
    let again = approle::login(&connect(""), "approle", &pair.0, &pair.1).await;
    known.tell(
        "approle-secret-id-spent",
        refused(400, again, "invalid role or secret ID"),
    );
    let told = approle_destroy(&client).await;
    known.tell("approle-secret-id-destroy", told);
}

async fn approle_role(client: &VaultClient) -> Told {
    let mut request = SetAppRoleRequest::builder();
    request
        .token_policies(vec!["reader".to_string()])
        .token_ttl("20m")
        .secret_id_num_uses(1u64);
    approle::role::set(client, "approle", "app", Some(&mut request)).await?;
    let found = approle::role::read(client, "approle", "app").await?;
    same(found.token_policies, ["reader"])?;
    same(
        (
            found.token_ttl,
            found.secret_id_num_uses,
            found.bind_secret_id,
        ),
        (1200, 1, true),
    )
}

async fn approle_login(client: &VaultClient, pair: &mut (String, String)) -> Told {
    let mut request = GenerateNewSecretIDRequest::builder();
    request.metadata("{\"host\":\"one\"}");
    let made =
        approle::role::secret::generate(client, "approle", "app", Some(&mut request)).await?;
    *pair = (
        approle::role::read_id(client, "approle", "app")
            .await?
            .role_id,
        made.secret_id,
    );
    let auth = approle::login(&connect(""), "approle", &pair.0, &pair.1).await?;
    same(auth.policies, ["default", "reader"])?;
    same(auth.lease_duration, 1200u64)?;
    same(
        auth.metadata
            .unwrap_or_default()
            .get("role_name")
            .map(String::as_str),
        Some("app"),
    )?;
    same(
        connect(&auth.client_token).lookup().await?.display_name,
        "approle",
    )
}

async fn approle_destroy(client: &VaultClient) -> Told {
    use approle::role::secret;
    let accessor = secret::generate(client, "approle", "app", None)
        .await?
        .secret_id_accessor;
    same(
        secret::list(client, "approle", "app").await?.keys,
        [accessor.clone()],
    )?;
    same(
        &secret::read_accessor(client, "approle", "app", &accessor)
            .await?
            .secret_id_accessor,
        &accessor,
    )?;
    secret::delete_accessor(client, "approle", "app", &accessor).await?;
    refused(404, secret::list(client, "approle", "app").await, "")
}

pub async fn policies(known: &mut Known) {
    let told = policy_write(&known.client).await;
    known.tell("policy-write", told);
    let told = policy_list(&known.client).await;
    known.tell("policy-list", told);
    let ann = connect(&known.ann);
    let told = policy_allows(&ann).await;
    known.tell("policy-allows", told);
    let told = policy_denies(&ann).await;
    known.tell("policy-denies", told);
    let told = policy_invalid(&known.client).await;
    known.tell("policy-invalid", told);
    let told = policy_delete(&known.client).await;
    known.tell("policy-delete", told);
}

async fn policy_write(client: &VaultClient) -> Told {
    policy::set(client, "reader", READER).await?;
    same(policy::read(client, "reader").await?.rules, READER)
}

async fn policy_list(client: &VaultClient) -> Told {
    same(
        policy::list(client).await?.policies,
        ["default", "reader", "root"],
    )
}

async fn policy_allows(ann: &VaultClient) -> Told {
    same(data(ann, "app").await?, third())
}

async fn policy_denies(ann: &VaultClient) -> Told {
    refused(
        403,
        kv2::set(ann, "secret", "app", &first()).await,
        "permission denied",
    )?;
    refused(403, data(ann, "bounded").await, "permission denied")
}

async fn policy_invalid(client: &VaultClient) -> Told {
    let unknown = policy::set(client, "broken", "path \"a\" { capabilities = [\"fly\"] }").await;
    refused(400, unknown, "")?;
    refused(400, policy::set(client, "broken", "path {{{").await, "")
}

async fn policy_delete(client: &VaultClient) -> Told {
    policy::set(client, "other", READER).await?;
    policy::delete(client, "other").await?;
    refused(404, policy::read(client, "other").await, "")
}

pub async fn wrapping(known: &mut Known) {
    let wrapped = wrap(&known.client).await;
    let token = wrapped
        .as_ref()
        .map(|found| found.token.clone())
        .unwrap_or_default();
    known.tell("wrap", wrapped.map(|_| ()));
    let told = wrap_lookup(&known.client, &token).await;
    known.tell("wrap-lookup", told);
    let told = unwrap(&known.client, &token).await;
    known.tell("unwrap", told);
    let twice = sys_wrapping::unwrap::<Value>(&known.client, Some(&token)).await;
    known.tell(
        "unwrap-twice",
        refused(400, twice, "wrapping token is not valid or does not exist"),
    );
}

async fn wrap(client: &VaultClient) -> Result<WrapInfo, crate::check::Problem> {
    let read = ReadSecretRequest::builder()
        .mount("secret")
        .path("app")
        .build();
    // vaultrs wraps for ten minutes, always.
    let wrapped = api::wrap(client, read.expect("a request")).await?;
    same(
        (wrapped.info.ttl, wrapped.info.creation_path.as_str()),
        (600, "secret/data/app"),
    )?;
    Ok(wrapped.info)
}

async fn wrap_lookup(client: &VaultClient, token: &str) -> Told {
    let found = sys_wrapping::lookup(client, token).await?;
    same(
        (found.creation_ttl, found.creation_path.as_str()),
        (600, "secret/data/app"),
    )
}

async fn unwrap(client: &VaultClient, token: &str) -> Told {
    same(
        &sys_wrapping::unwrap::<Value>(client, Some(token)).await?["data"],
        &third(),
    )
}

pub async fn mounts(known: &mut Known) {
    let client = connect(&known.root);
    known.tell("mount-enable", enable(&client, "box").await);
    let told = mount_list(&client).await;
    known.tell("mount-list", told);
    let taken = mount::enable(&client, "box", "kv", None).await;
    known.tell(
        "mount-taken",
        refused(400, taken, "path is already in use at box/"),
    );
    let told = mount_remount(&client).await;
    known.tell("mount-remount", told);
    let told = mount_disable(&client).await;
    known.tell("mount-disable", told);
}

async fn enable(client: &VaultClient, path: &str) -> Told {
    let mut request = EnableEngineRequest::builder();
    Ok(mount::enable(client, path, "kv", Some(request.description("a box"))).await?)
}

async fn mount_list(client: &VaultClient) -> Told {
    let found = mount::list(client).await?;
    same(
        (
            found["box/"].mount_type.as_str(),
            found["box/"].description.as_str(),
        ),
        ("kv", "a box"),
    )?;
    holds(!found["box/"].accessor.is_empty(), "an accessor")?;
    let always = ["sys/", "cubbyhole/", "identity/"]
        .iter()
        .all(|path| found.contains_key(*path));
    holds(always, "the mounts that are always there")?;
    same(
        mount::get_configuration_of_a_secret_engine(client, "box")
            .await?
            .mount_type,
        "kv",
    )
}

async fn mount_remount(client: &VaultClient) -> Told {
    kv1::set(client, "box", "thing", &HashMap::from([("a", "b")])).await?;
    let migration = remount::remount(client, "box", "crate").await?.migration_id;
    let mut status = "in-progress".to_string();
    while status == "in-progress" {
        status = remount::remount_status(client, &migration)
            .await?
            .migration_info
            .status;
    }
    same(status, "success")?;
    same(
        kv1::get::<Value>(client, "crate", "thing").await?,
        json!({ "a": "b" }),
    )?;
    refused(404, kv1::get::<Value>(client, "box", "thing").await, "")
}

async fn mount_disable(client: &VaultClient) -> Told {
    mount::disable(client, "crate").await?;
    refused(404, kv1::get::<Value>(client, "crate", "thing").await, "")?;
    enable(client, "crate").await?;
    refused(404, kv1::get::<Value>(client, "crate", "thing").await, "")?;
    Ok(mount::disable(client, "crate").await?)
}
