//! `iikura mail test`: checks mail delivery step by step, and says what to correct.

use clap::{Args, Subcommand};

use super::Failure;
use super::output::say;
use crate::core::text::Email;
use crate::mail::health::{Ways, examine};
use crate::mail::transport::Transport;
use crate::runtime::clock::Clock;
use crate::server::config::MailArgs;

/// What can be done about mail.
#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Check the relay step by step and send a test mail
    Test(TestArgs),
}

/// Flags of `mail test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    #[command(flatten)]
    mail: MailArgs,
    /// Recipient of the test mail
    address: String,
}

impl MailCommand {
    /// Prints each step and how it went.
    pub fn run(self) -> Result<(), Failure> {
        let Self::Test(TestArgs { mail, address }) = self;
        let to =
            Email::parse(&address).map_err(|error| Failure::one(format!("'{address}' {error}")))?;
        let from = mail.from().map_err(Failure::one)?;
        let mailbox = mail.mailbox().map_err(Failure::one)?;
        let transport = Transport::configured(mail.smtp_url.as_ref(), mail.outbox)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let now = Clock::system().now();
        let ways = Ways {
            transport: &transport,
            mailbox: mailbox.as_ref(),
            from: &from,
        };
        let findings = runtime.block_on(examine(&ways, Some(&to), now));
        let mut faults = Vec::new();
        for finding in findings {
            let word = if finding.ok { "ok" } else { "FAILED" };
            say!("{word:<7} {}: {}", finding.step, finding.words);
            if !finding.ok {
                faults.push(finding.advice.to_owned());
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Failure(faults))
        }
    }
}
