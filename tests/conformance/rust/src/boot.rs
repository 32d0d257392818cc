//! The chapters Boot and Keys.

use vaultrs::api::sys::responses::UnsealResponse;
use vaultrs::client::{Client, VaultClient};
use vaultrs::error::ClientError;
use vaultrs::sys::{self, ServerStatus};

use crate::check::{Known, Told, dead, holds, refused, same};
use crate::kv::{data, third};

async fn unseal(client: &VaultClient, share: &str) -> Result<UnsealResponse, ClientError> {
    sys::unseal(client, Some(share.to_string()), None, None).await
}

pub async fn boot(known: &mut Known) {
    let told = init(known).await;
    known.tell("init", told);
    let again = sys::start_initialization(&known.client, 5, 3, None).await;
    known.tell("init-twice", refused(400, again, "already initialized"));
    let told = wrong_share(known).await;
    known.tell("unseal-wrong-share", told);
    let told = reset(known).await;
    known.tell("unseal-reset", told);
    let told = open(known).await;
    known.tell("unseal", told);
    let told = health(known).await;
    known.tell("health", told);
}

async fn init(known: &mut Known) -> Told {
    let reply = sys::start_initialization(&known.client, 5, 3, None).await?;
    known.client.set_token(&reply.root_token);
    known.root = reply.root_token;
    known.shares = reply.keys;
    same((known.shares.len(), reply.keys_base64.len()), (5, 5))
}

async fn wrong_share(known: &Known) -> Told {
    unseal(&known.client, &known.shares[0]).await?;
    same(unseal(&known.client, &known.shares[1]).await?.progress, 2)?;
    let right = &known.shares[2];
    let wrong = format!(
        "{}{}",
        if right.starts_with("00") { "01" } else { "00" },
        &right[2..]
    );
    refused(400, unseal(&known.client, &wrong).await, "")
}

async fn reset(known: &Known) -> Told {
    same(unseal(&known.client, &known.shares[4]).await?.progress, 1)?;
    same(
        sys::unseal(&known.client, None, Some(true), None)
            .await?
            .progress,
        0,
    )
}

async fn open(known: &Known) -> Told {
    let first = unseal(&known.client, &known.shares[1]).await?;
    let second = unseal(&known.client, &known.shares[2]).await?;
    let third = unseal(&known.client, &known.shares[3]).await?;
    same((first.progress, second.progress), (1, 2))?;
    same(
        (first.sealed, second.sealed, third.sealed),
        (true, true, false),
    )?;
    same((third.threshold, third.n_shares), (3, 5))
}

async fn health(known: &Known) -> Told {
    let health = sys::health(&known.client).await?;
    same(
        (health.initialized, health.sealed, health.standby),
        (true, false, false),
    )
}

pub async fn end(known: &mut Known) {
    let told = seal(known).await;
    known.tell("seal", told);
    let told = unseal_again(known).await;
    known.tell("unseal-again", told);
    let told = revoke_self(known).await;
    known.tell("token-revoke-self", told);
}

async fn seal(known: &Known) -> Told {
    sys::seal(&known.client).await?;
    let status = sys::status(&known.client).await?;
    holds(
        matches!(status, ServerStatus::SEALED),
        format!("SEALED, got {status:?}"),
    )?;
    refused(503, data(&known.client, "app").await, "")
}

async fn unseal_again(known: &Known) -> Told {
    for share in &known.shares[1..4] {
        unseal(&known.client, share).await?;
    }
    same(data(&known.client, "app").await?, third())
}

async fn revoke_self(known: &Known) -> Told {
    known.client.revoke().await?;
    dead(&known.root).await
}
