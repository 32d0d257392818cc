//! Steps, comparisons and refusals.

use std::fmt::{Debug, Display};

use vaultrs::client::{Client, VaultClient, VaultClientSettingsBuilder};
use vaultrs::error::ClientError;
use vaultrs::token;

pub type Told = Result<(), Problem>;

/// What went wrong, as one line.
#[derive(Debug)]
pub struct Problem(pub String);

impl From<ClientError> for Problem {
    fn from(error: ClientError) -> Self {
        Problem(format!("{error:?}"))
    }
}

/// What later steps need of earlier ones.
pub struct Known {
    pub client: VaultClient,
    pub shares: Vec<String>,
    pub root: String,
    pub ann: String,
    pub failed: bool,
}

impl Known {
    pub fn tell(&mut self, step: &str, told: Told) {
        match told {
            Ok(()) => println!("ok {step}"),
            Err(Problem(text)) => {
                self.failed = true;
                println!("FAIL {step}: {}", text.replace('\n', " "));
            }
        }
    }
}

/// Takes VAULT_ADDR and VAULT_CACERT from the environment.
pub fn connect(token: &str) -> VaultClient {
    let settings = VaultClientSettingsBuilder::default().token(token).build();
    VaultClient::new(settings.expect("settings")).expect("client")
}

pub fn same<T: PartialEq<U> + Debug, U: Debug>(got: T, want: U) -> Told {
    if got == want {
        return Ok(());
    }
    Err(Problem(format!("expected {want:?}, got {got:?}")))
}

pub fn holds(fact: bool, what: impl Display) -> Told {
    if fact {
        Ok(())
    } else {
        Err(Problem(format!("expected {what}")))
    }
}

/// Expects an error of the status, with the text in its body.
pub fn refused<T: Debug>(status: u16, result: Result<T, ClientError>, text: &str) -> Told {
    let error = match result {
        Ok(got) => return Err(Problem(format!("expected {status}, got {got:?}"))),
        Err(error) => error,
    };
    let found = match &error {
        ClientError::APIError { code, .. } => *code,
        ClientError::RestClientError { source } => match source {
            rustify::errors::ClientError::ServerResponseError { code, .. } => *code,
            _ => 0,
        },
        _ => 0,
    };
    holds(
        found == status && format!("{error:?}").contains(text),
        format!("{status} with {text:?}, got {error:?}"),
    )
}

/// Expects that the token may do nothing any more.
pub async fn dead(value: &str) -> Told {
    refused(403, connect(value).lookup().await, "permission denied")
}

/// Makes a token with the one policy.
pub async fn token_of(client: &VaultClient, policy: &str) -> Result<String, ClientError> {
    use vaultrs::api::token::requests::CreateTokenRequest;
    let mut request = CreateTokenRequest::builder();
    Ok(
        token::new(client, Some(request.policies(vec![policy.to_string()])))
            .await?
            .client_token,
    )
}
