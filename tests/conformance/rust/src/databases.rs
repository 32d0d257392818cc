//! Credentials of a database. vaultrs hands out what a lease is for, but not the lease.

use std::env;

use vaultrs::api::database::requests::{
    PostgreSQLConnectionRequest, SetRoleRequest,
};
use vaultrs::client::VaultClient;
use vaultrs::database::{connection, role};
use vaultrs::sys::mount;

use crate::check::{Known, Told, holds, same};

const CREATION: &str =
    "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'";

/// Needs the PostgreSQL of STORY_DB.
pub async fn databases(known: &mut Known) {
    let Ok(place) = env::var("STORY_DB") else {
        return;
    };
    let told = configure(&known.client, &place).await;
    known.tell("db-configure", told);
    let told = credentials(&known.client).await;
    known.tell("db-credentials", told);
}

async fn configure(client: &VaultClient, place: &str) -> Told {
    mount::enable(client, "database", "database", None).await?;
    let mut postgres = PostgreSQLConnectionRequest::builder();
    postgres
        .plugin_name("postgresql-database-plugin")
        .allowed_roles(vec!["app-role".to_string()])
        .connection_url(format!(
            "postgresql://{{{{username}}}}:{{{{password}}}}@{place}/postgres"
        ))
        .username("root")
        .password("sesame");
    connection::postgres(client, "database", "postgres", Some(&mut postgres)).await?;
    let mut app = SetRoleRequest::builder();
    app.db_name("postgres")
        .creation_statements(vec![CREATION.to_string()])
        .default_ttl("4s")
        .max_ttl("6s");
    role::set(client, "database", "app-role", Some(&mut app)).await?;
    same(role::list(client, "database").await?.keys, ["app-role"])
}

async fn credentials(client: &VaultClient) -> Told {
    let made = role::creds(client, "database", "app-role").await?;
    holds(
        made.username.starts_with("v-root-app-role-") && made.password.len() == 20,
        format!("a user with a password, got {}", made.username),
    )
}
