//! The chapter Tokens.

use std::collections::HashMap;

use vaultrs::api::AuthInfo;
use vaultrs::api::token::requests::{
    CreateOrphanTokenRequest, CreateRoleTokenRequest, CreateTokenRequest,
    CreateTokenRequestBuilder, SetTokenRoleRequest,
};
use vaultrs::client::{Client, VaultClient};
use vaultrs::token;

use crate::check::{Known, Problem, Told, connect, dead, holds, refused, same, token_of};
use crate::kv::{data, third};

fn reader() -> CreateTokenRequestBuilder {
    let mut request = CreateTokenRequest::builder();
    request.policies(vec!["reader".to_string()]);
    request
}

pub async fn tokens(known: &mut Known) {
    let client = connect(&known.root);
    let made = create(&client).await;
    let one = made
        .as_ref()
        .map(|auth| (auth.client_token.clone(), auth.accessor.clone()))
        .unwrap_or_default();
    known.tell("token-create", made.map(|_| ()));
    known.tell(
        "token-lookup-accessor",
        lookup_accessor(&client, &one.1).await,
    );
    known.tell("token-renew", renew(&client, &one.0).await);
    known.tell("token-revoke", revoke(&client, &one.0).await);
    known.tell("token-revoke-accessor", revoke_accessor(&client).await);
    known.tell("token-child", child(&client).await);
    known.tell("token-orphan", orphan(&client).await);
    known.tell("token-revoke-orphan", revoke_orphan(&client).await);
    known.tell("token-use-limit", use_limit(&client).await);
    known.tell("token-periodic", periodic(&client).await);
    known.tell("token-explicit-max", explicit_max(&client).await);
    known.tell("token-batch", batch(&client).await);
    known.tell("token-role", role(&client).await);
    known.tell("token-role-delete", role_delete(&client).await);
}

async fn create(client: &VaultClient) -> Result<AuthInfo, Problem> {
    let mut request = reader();
    let meta = HashMap::from([("for".to_string(), "story".to_string())]);
    let auth = token::new(
        client,
        Some(request.ttl("1h").display_name("story").meta(meta.clone())),
    )
    .await?;
    let found = token::lookup(client, &auth.client_token).await?;
    same(found.policies, ["default", "reader"])?;
    same(
        (found.path.as_str(), found.orphan),
        ("auth/token/create", false),
    )?;
    same(
        (found.display_name.as_str(), found.meta),
        ("token-story", Some(meta)),
    )?;
    same((found.creation_ttl, found.num_uses), (3600, 0))?;
    holds((3590..=3600).contains(&found.ttl), "a ttl of an hour")?;
    Ok(auth)
}

async fn lookup_accessor(client: &VaultClient, accessor: &str) -> Told {
    let found = token::lookup_accessor(client, accessor).await?;
    same(
        (
            found.id.as_str(),
            found.accessor.as_str(),
            found.display_name.as_str(),
        ),
        ("", accessor, "token-story"),
    )
}

async fn renew(client: &VaultClient, value: &str) -> Told {
    same(
        token::renew(client, value, Some("2h"))
            .await?
            .lease_duration,
        7200u64,
    )
}

async fn revoke(client: &VaultClient, value: &str) -> Told {
    token::revoke(client, value).await?;
    dead(value).await
}

async fn revoke_accessor(client: &VaultClient) -> Told {
    let auth = token::new(client, Some(&mut reader())).await?;
    token::revoke_accessor(client, &auth.accessor).await?;
    dead(&auth.client_token).await
}

/// A root token and a reader token below it.
async fn family(client: &VaultClient) -> Result<(String, String), Problem> {
    let parent = token_of(client, "root").await?;
    let child = token_of(&connect(&parent), "reader").await?;
    Ok((parent, child))
}

async fn child(client: &VaultClient) -> Told {
    let (parent, child) = family(client).await?;
    connect(&child).lookup().await?;
    token::revoke(client, &parent).await?;
    dead(&child).await
}

async fn orphan(client: &VaultClient) -> Told {
    let mut request = CreateOrphanTokenRequest::builder();
    let auth =
        token::new_orphan(client, Some(request.policies(vec!["reader".to_string()]))).await?;
    same(
        (
            auth.orphan,
            connect(&auth.client_token).lookup().await?.orphan,
        ),
        (true, true),
    )
}

async fn revoke_orphan(client: &VaultClient) -> Told {
    let (parent, child) = family(client).await?;
    token::revoke_orphan(client, &parent).await?;
    dead(&parent).await?;
    same(connect(&child).lookup().await?.orphan, true)
}

async fn use_limit(client: &VaultClient) -> Told {
    let limited = token::new(client, Some(reader().num_uses(2u64)))
        .await?
        .client_token;
    // The last use of a token shows as num_uses -1, which the client cannot parse: the uses are reads instead.
    same(data(&connect(&limited), "app").await?, third())?;
    same(data(&connect(&limited), "app").await?, third())?;
    dead(&limited).await
}

async fn periodic(client: &VaultClient) -> Told {
    let auth = token::new(client, Some(reader().period("1h"))).await?;
    same(auth.lease_duration, 3600u64)?;
    same(
        token::renew(client, &auth.client_token, Some("10h"))
            .await?
            .lease_duration,
        3600u64,
    )
}

async fn explicit_max(client: &VaultClient) -> Told {
    let mut request = reader();
    let auth = token::new(client, Some(request.ttl("1h").explicit_max_ttl("30m"))).await?;
    same(auth.lease_duration, 1800u64)
}

async fn batch(client: &VaultClient) -> Told {
    let mut request = reader();
    let auth = token::new(client, Some(request.token_type("batch").ttl("1h"))).await?;
    same(
        (
            auth.renewable,
            auth.token_type.as_str(),
            auth.accessor.as_str(),
        ),
        (false, "batch", ""),
    )?;
    same(
        connect(&auth.client_token).lookup().await?.policies,
        ["default", "reader"],
    )?;
    refused(
        400,
        token::revoke(client, &auth.client_token).await,
        "batch tokens cannot be revoked",
    )
}

async fn role(client: &VaultClient) -> Told {
    let mut request = SetTokenRoleRequest::builder();
    request
        .allowed_policies(vec!["reader".to_string()])
        .orphan(true)
        .path_suffix("v1.0");
    token::role::set(client, "deployer", Some(&mut request)).await?;
    let mut wanted = CreateRoleTokenRequest::builder();
    let auth = token::new_role(
        client,
        "deployer",
        Some(wanted.policies(vec!["reader".to_string()])),
    )
    .await?;
    let found = connect(&auth.client_token).lookup().await?;
    same(found.policies, ["default", "reader"])?;
    same(
        (found.path.as_str(), found.orphan),
        ("auth/token/create/deployer/v1.0", true),
    )?;
    same(found.role.as_deref(), Some("deployer"))?;
    let mut other = CreateRoleTokenRequest::builder();
    let refusal = token::new_role(
        client,
        "deployer",
        Some(other.policies(vec!["other".to_string()])),
    )
    .await;
    refused(400, refusal, "")
}

async fn role_delete(client: &VaultClient) -> Told {
    same(token::role::list(client).await?.keys, ["deployer"])?;
    same(
        token::role::read(client, "deployer")
            .await?
            .allowed_policies,
        ["reader"],
    )?;
    token::role::delete(client, "deployer").await?;
    refused(404, token::role::read(client, "deployer").await, "")
}
