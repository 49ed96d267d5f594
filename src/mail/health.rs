//! The health of mail: the way to the relay step by step, a test mail, and what the sender's domain has to publish.

use lettre::message::{Mailbox, Message, SinglePart};

use super::inbox::{self, ImapUrl};
use super::transport::{SendOutcome, SmtpStep, Transport};
use crate::core::text::Email;
use crate::core::time::Moment;
use crate::runtime::random::fresh_id;

/// One step in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsFinding {
    /// What was done, as `reach relay.example:587`.
    pub step: String,
    /// It went well.
    pub ok: bool,
    /// How it went.
    pub words: String,
    /// What to do next; empty where all is well.
    pub advice: &'static str,
}

/// Settings of outgoing and incoming mail.
#[derive(Debug, Clone, Copy)]
pub struct Ways<'a> {
    /// Out.
    pub transport: &'a Transport,
    /// In, where answers are read.
    pub mailbox: Option<&'a ImapUrl>,
    /// Whom mail comes from.
    pub from: &'a Email,
}

/// Checks the relay and, where `to` is given, sends a test mail; then checks the mailbox.
pub async fn examine(ways: &Ways<'_>, to: Option<&Email>, now: Moment) -> Vec<DnsFinding> {
    let Ways {
        transport, from, ..
    } = *ways;
    let mut steps = transport.check().await;
    let sound = steps.iter().all(|step| step.result.is_ok());
    if let Some(to) = to.filter(|_| sound) {
        let result = match test_mail(from, to, now) {
            Ok(raw) => {
                let name = format!("test-{:013x}", fresh_id());
                taken(
                    transport
                        .deliver(from.as_str(), to.as_str(), &name, &raw)
                        .await,
                )
            }
            Err(reason) => Err(SendOutcome::Permanent { code: None, reason }),
        };
        steps.push(SmtpStep {
            name: format!("send a test mail to {to}"),
            result,
        });
    }
    let mut findings: Vec<DnsFinding> = steps.into_iter().map(finding).collect();
    if let Some(url) = ways.mailbox {
        let mut looked = finding(inbox::check(url).await);
        if !looked.ok {
            looked.advice = "Correct IIKURA_IMAP_URL (user, password, folder, the name in the certificate). Until \
                             then answers of calendar programs are not read; answers by the links in letters are.";
        }
        findings.push(looked);
    }
    findings
}

fn taken(outcome: SendOutcome) -> Result<String, SendOutcome> {
    match outcome {
        SendOutcome::Sent { code: Some(code) } => {
            Ok(format!("accepted ({code}); check whether it arrives"))
        }
        SendOutcome::Sent { code: None } => Ok("written".to_owned()),
        fault => Err(fault),
    }
}

fn finding(SmtpStep { name, result }: SmtpStep) -> DnsFinding {
    let advice = match &result {
        Ok(_) | Err(SendOutcome::Sent { .. }) => "",
        Err(SendOutcome::Transient { .. }) => {
            "Check that the relay runs, that its name and port in IIKURA_SMTP_URL are right, and that this machine \
             can reach it. Mail waits and is retried automatically."
        }
        Err(SendOutcome::Permanent { .. }) => {
            "The relay accepts the connection but not this mail: check the address, and that the relay lets \
             IIKURA_MAIL_FROM send."
        }
        Err(SendOutcome::Configuration { .. }) => {
            "Correct IIKURA_SMTP_URL (user, password, tls=required, the name in the certificate) and restart the \
             server. All mail is held until then; nothing is lost."
        }
    };
    let words = match &result {
        Ok(words) => words.clone(),
        Err(SendOutcome::Sent { .. }) => "taken".to_owned(),
        Err(
            SendOutcome::Transient { code, reason }
            | SendOutcome::Permanent { code, reason }
            | SendOutcome::Configuration { code, reason },
        ) => match code {
            Some(code) if !reason.contains(&code.to_string()) => format!("{reason} ({code})"),
            _ => reason.clone(),
        },
    };
    DnsFinding {
        step: name,
        ok: result.is_ok(),
        words,
        advice,
    }
}

fn test_mail(from: &Email, to: &Email, now: Moment) -> Result<Vec<u8>, String> {
    let mailbox = |address: &Email| {
        let parsed = address.as_str().parse();
        parsed
            .map(|address| Mailbox::new(None, address))
            .map_err(|_| format!("'{address}' is invalid in a mail"))
    };
    let message = Message::builder()
        .from(mailbox(from)?)
        .to(mailbox(to)?)
        .subject("Test mail of Iikura")
        .date(now.utc().into())
        .message_id(Some(format!(
            "<test.{:013x}@{}>",
            fresh_id(),
            from.domain()
        )))
        .singlepart(SinglePart::plain(
            "This mail shows that mail from Iikura arrives. You need not do anything.\r\n\r\n\
             If it was filtered as spam, the records of the sender's domain are missing or wrong;\r\n\
             the page Mail health has them to copy.\r\n"
                .to_owned(),
        ));
    message
        .map(|message| message.formatted())
        .map_err(|error| error.to_string())
}

/// A record that receivers look up before they believe a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsRecord {
    /// What it is called among those who run mail.
    pub kind: &'static str,
    /// Its address.
    pub name: String,
    /// What it says; capitals are to be filled in.
    pub value: String,
    /// What it is for.
    pub why: &'static str,
}

/// The records that the sender's domain needs (Gmail and Yahoo since February 2024, Microsoft since 2025), as far as
/// they are known here; the relay signs, so that its key is the relay's.
#[must_use]
pub fn wanted_records(from: &Email, relay: Option<&str>) -> Vec<DnsRecord> {
    let domain = from.domain();
    let sender = relay.map_or_else(|| "mx".to_owned(), |host| format!("a:{host}"));
    vec![
        DnsRecord {
            kind: "SPF",
            name: domain.to_owned(),
            value: format!("v=spf1 {sender} -all"),
            why: "names the servers that may send for the domain; extend an existing record",
        },
        DnsRecord {
            kind: "DKIM",
            name: format!("SELECTOR._domainkey.{domain}"),
            value: "v=DKIM1; k=rsa; p=PUBLIC-KEY-OF-THE-RELAY".to_owned(),
            why: "lets receivers verify the relay's signature; 2048 bits, selector and key as configured at the relay",
        },
        DnsRecord {
            kind: "DMARC",
            name: format!("_dmarc.{domain}"),
            value: format!(
                "v=DMARC1; p=quarantine; adkim=s; aspf=s; rua=mailto:postmaster@{domain}"
            ),
            why: "tells receivers what to do with mail that passes neither check",
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_records_are_those_of_the_sender() {
        let from = Email::parse("protocol@iikura.example").unwrap();
        let values = |relay| -> Vec<(String, String)> {
            let records = wanted_records(&from, relay);
            records
                .into_iter()
                .map(|record| (record.name, record.value))
                .collect()
        };
        let named = values(Some("relay.example"));
        assert_eq!(
            named[0],
            (
                "iikura.example".to_owned(),
                "v=spf1 a:relay.example -all".to_owned()
            )
        );
        assert_eq!(named[1].0, "SELECTOR._domainkey.iikura.example");
        assert_eq!(named[2].0, "_dmarc.iikura.example");
        assert_eq!(values(None)[0].1, "v=spf1 mx -all");
    }

    #[test]
    fn a_test_mail_is_whole_and_for_one_reader() {
        let from = Email::parse("protocol@iikura.example").unwrap();
        let to = Email::parse("me@ministry.example").unwrap();
        let raw = test_mail(&from, &to, Moment::from_seconds(1_671_580_800)).unwrap();
        let raw = String::from_utf8(raw).unwrap();
        for line in [
            "From: protocol@iikura.example\r\n",
            "To: me@ministry.example\r\n",
            "Subject: Test mail of Iikura\r\n",
            "Date: Wed, 21 Dec 2022 00:00:00 +0000\r\n",
        ] {
            assert!(raw.contains(line), "{line} in {raw}");
        }
    }
}
