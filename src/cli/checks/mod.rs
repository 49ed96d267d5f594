//! The doctor: checks everything that a server depends on, changes nothing, and says for every fault what to type next.

mod around;
mod clock;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "openid-connect")]
mod sign_on;
mod store;

use serde::Serialize;

use crate::core::time::Moment;
use crate::mail::health::{Ways, examine as examine_mail};
use crate::mail::transport::Transport;
use crate::runtime::clock::Clock;
use crate::server::config::ServeArgs;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DoctorVerdict {
    /// As it should be.
    Ok,
    /// It works, but not for long or not for all.
    Warning,
    /// It does not work, or cannot be trusted.
    Fault,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoctorFinding {
    /// Name of the check, as `secret file`.
    pub check: String,
    /// How bad it is.
    pub verdict: DoctorVerdict,
    /// What was found.
    pub words: String,
    /// What to type or do next; empty where all is well.
    pub next: String,
}

impl DoctorFinding {
    fn ok(check: impl Into<String>, words: impl Into<String>) -> Self {
        Self {
            check: check.into(),
            verdict: DoctorVerdict::Ok,
            words: words.into(),
            next: String::new(),
        }
    }

    fn warning(check: &str, words: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            verdict: DoctorVerdict::Warning,
            next: next.into(),
            ..Self::ok(check, words)
        }
    }

    fn fault(check: &str, words: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            verdict: DoctorVerdict::Fault,
            next: next.into(),
            ..Self::ok(check, words)
        }
    }
}

/// Looks at everything in turn; what one finding makes pointless is left out.
pub async fn examine(args: &ServeArgs, now: Moment) -> Vec<DoctorFinding> {
    let mut found = configuration(args);
    found.extend(around::public_url(args));
    found.extend(around::proxies(args));
    found.extend(around::certificate(args, now));
    found.push(around::secret_file(&args.secret_file));
    if let Ok(url) = args.database.url() {
        found.extend(store::examine(&url));
        found.extend(clock::examine(&url, &Clock::system()));
    }
    found.extend(around::disks(args));
    found.extend(mail(args, now).await);
    found.extend(around::sign_on_secret(args));
    #[cfg(feature = "openid-connect")]
    found.extend(sign_on::examine(args).await);
    let needed = args.database.url().map(|url| store::missing_scripts(&url));
    found.extend(around::fonts(&needed.unwrap_or_default()));
    found.push(around::time_zones(now));
    found
}

/// How old the data on time zones is; for the start of a server, too.
#[must_use]
pub fn zone_data(now: Moment) -> DoctorFinding {
    around::time_zones(now)
}

fn configuration(args: &ServeArgs) -> Vec<DoctorFinding> {
    let faults = args.faults();
    if faults.is_empty() {
        return vec![DoctorFinding::ok(
            "configuration",
            "a server would start with it",
        )];
    }
    let finding = |fault: &String| {
        let (words, next) = fault
            .split_once("; ")
            .unwrap_or((fault, "see 'iikura help configuration'"));
        DoctorFinding::fault("configuration", words, next)
    };
    faults.iter().map(finding).collect()
}

async fn mail(args: &ServeArgs, now: Moment) -> Vec<DoctorFinding> {
    let (mail, smtp) = (&args.mail, args.mail.smtp_url.as_ref());
    let (Ok(from), Ok(mailbox)) = (mail.from(), mail.mailbox()) else {
        return Vec::new();
    };
    let Ok(transport) = Transport::configured(smtp, mail.outbox.clone()) else {
        return Vec::new();
    };
    let ways = Ways {
        transport: &transport,
        mailbox: mailbox.as_ref(),
        from: &from,
    };
    // Without a relay there is no way to go, and trying the folder would make it.
    let steps = match smtp {
        Some(_) => examine_mail(&ways, None, now).await,
        None => Vec::new(),
    };
    let mut found: Vec<DoctorFinding> = steps
        .into_iter()
        .map(|step| {
            let check = format!("mail: {}", step.step);
            if step.ok {
                DoctorFinding::ok(check, step.words)
            } else {
                DoctorFinding::fault(&check, step.words, step.advice)
            }
        })
        .collect();
    if smtp.is_none() {
        found.push(DoctorFinding::warning(
            "mail: relay",
            "none is configured: mail goes into files and is not delivered",
            "set --smtp-url (IIKURA_SMTP_URL) to smtps://USER:PASSWORD@HOST",
        ));
    } else if from.domain().ends_with(".example") {
        found.push(DoctorFinding::warning(
            "mail: sender",
            format!("the sender is {from}, which cannot receive answers"),
            "set --mail-from (IIKURA_MAIL_FROM) to the protocol office's address",
        ));
    }
    found
}
