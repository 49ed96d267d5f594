//! Checks the server's surroundings: its address, secret, disk, fonts, and time zone data.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::{DoctorFinding, DoctorVerdict};
use crate::core::time::{Moment, Zone};
use crate::db::DatabaseUrl;
use crate::documents::pdf;
use crate::documents::pdf::script::{self, MissingScript};
use crate::server::config::ServeArgs;
use crate::server::tls::Tls;
use crate::store::private_link::address::LinkKey;

/// Bytes of free space below which the doctor warns, and below which writing is about to fail.
const LITTLE_SPACE: u64 = 1 << 30;
const HARDLY_ANY_SPACE: u64 = 64 << 20;
/// Days before its end in which a certificate should have been renewed: those who renew by a program do so at thirty.
const CERTIFICATE_DAYS: i64 = 14;
/// The release of the time zone data in `chrono-tz`, and the day it came out (<https://data.iana.org/time-zones/tzdb/NEWS>).
const ZONE_DATA: (&str, NaiveDate) = match NaiveDate::from_ymd_opt(2025, 3, 22) {
    Some(day) => ("2025b", day),
    None => ("2025b", NaiveDate::MIN),
};
/// Days after which some country has probably changed its clocks: there were three to five releases in most years.
const ZONE_DATA_KEEPS: i64 = 366;
/// Where Debian and others say what data the machine has.
const ZONES_OF_THE_MACHINE: &str = "/usr/share/zoneinfo/tzdata.zi";

pub(super) fn public_url(args: &ServeArgs) -> Vec<DoctorFinding> {
    const SET: &str = "set --public-url (IIKURA_PUBLIC_URL) to the address people type, as https://iikura.example";
    let Some(url) = &args.public_url else {
        let words = "none is set: links in letters open on this machine only";
        return vec![DoctorFinding::warning("public address", words, SET)];
    };
    let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    vec![if url.scheme() != "https" && !is_local {
        let words = format!("{url} is not HTTPS: browsers will not keep users signed in");
        DoctorFinding::fault("public address", words, SET)
    } else if url.path() != "/" {
        let words = format!("{url} has a path; pages are served at the root");
        DoctorFinding::fault("public address", words, SET)
    } else {
        DoctorFinding::ok("public address", url.as_str())
    }]
}

/// HTTPS outside and plain HTTP inside mean that a proxy is in between.
pub(super) fn proxies(args: &ServeArgs) -> Option<DoctorFinding> {
    let is_https = args
        .public_url
        .as_ref()
        .is_some_and(|url| url.scheme() == "https");
    (is_https && args.tls_cert.is_none() && args.trusted_proxies.is_empty()).then(|| {
        DoctorFinding::warning(
            "proxy",
            "none is trusted: all clients behind it are rate limited as one",
            "set --trusted-proxies (IIKURA_TRUSTED_PROXIES) to the proxy's address, as 127.0.0.1",
        )
    })
}

/// When the certificate of our own listener ends. One that cannot be read is a fault of the configuration.
pub(super) fn certificate(args: &ServeArgs, now: Moment) -> Option<DoctorFinding> {
    let (certificate, key) = (args.tls_cert.as_ref()?, args.tls_key.as_ref()?);
    let end = Tls::read(certificate, key).ok()?.ends()?;
    Some(certificate_end(end, now))
}

fn certificate_end(end: Moment, now: Moment) -> DoctorFinding {
    const CHECK: &str = "certificate";
    const NEXT: &str =
        "renew it; a running server reads the new one within a minute, or at once on SIGHUP";
    let day = end.utc().format("%-d %B %Y");
    match end.seconds() - now.seconds() {
        ..=0 => DoctorFinding::fault(CHECK, format!("ended on {day}: browsers refuse it"), NEXT),
        left if left < CERTIFICATE_DAYS * 24 * 3600 => {
            DoctorFinding::warning(CHECK, format!("ends on {day}"), NEXT)
        }
        _ => DoctorFinding::ok(CHECK, format!("until {day}")),
    }
}

pub(super) fn secret_file(path: &Path) -> DoctorFinding {
    const CHECK: &str = "secret file";
    let place = path.display();
    match LinkKey::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => DoctorFinding::warning(
            CHECK,
            format!(
                "{place} is missing: the next start creates a new key, and links in letters already sent become invalid"
            ),
            "nothing before the first start; later, restore it from the backup",
        ),
        Err(error) => DoctorFinding::fault(
            CHECK,
            format!("{place}: {error}"),
            "correct it, or set --secret-file (IIKURA_SECRET_FILE)",
        ),
        Ok(_) if is_open_to_all(path) => DoctorFinding::fault(
            CHECK,
            format!("other users of this machine can read {place} and sign links with it"),
            format!("chmod 600 {place}"),
        ),
        Ok(_) => DoctorFinding::ok(CHECK, format!("{place}, readable by its owner only")),
    }
}

pub(super) fn sign_on_secret(args: &ServeArgs) -> Option<DoctorFinding> {
    let path = args.sign_on.oidc_client_secret_file.as_ref()?;
    let place = path.display();
    is_open_to_all(path).then(|| {
        DoctorFinding::fault(
            "single sign-on: secret",
            format!("other users of this machine can read {place}"),
            format!("chmod 600 {place}"),
        )
    })
}

/// True when more than its owner may read or write a file.
pub(super) fn is_open_to_all(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|facts| facts.mode() & 0o077 != 0)
}

/// Free space where the server writes.
pub(super) fn disks(args: &ServeArgs) -> Vec<DoctorFinding> {
    let mut folders = Vec::new();
    if let Ok(DatabaseUrl::Sqlite(path)) = args.database.url() {
        let folder = Path::new(&path).parent().map(Path::to_owned);
        folders.push(("disk of the database", folder.unwrap_or_default()));
    }
    if args.mail.smtp_url.is_none() {
        folders.push(("disk of the outbox", args.mail.outbox.clone()));
    }
    let look = |(check, folder): (&str, PathBuf)| disk(check, &folder);
    folders.into_iter().map(look).collect()
}

fn disk(check: &str, folder: &Path) -> DoctorFinding {
    let there = folder.ancestors().find(|part| part.exists());
    let there = there.unwrap_or(Path::new("."));
    match rustix::fs::statvfs(there) {
        Ok(facts) => space(check, facts.f_bavail.saturating_mul(facts.f_frsize)),
        Err(error) => DoctorFinding::fault(
            check,
            format!("{}: {error}", there.display()),
            "check that this user may access the folder",
        ),
    }
}

fn space(check: &str, free: u64) -> DoctorFinding {
    let (verdict, next) = match free {
        0..HARDLY_ANY_SPACE => (
            DoctorVerdict::Fault,
            "free space now: when the disk is full nothing can be saved, only read",
        ),
        HARDLY_ANY_SPACE..LITTLE_SPACE => (
            DoctorVerdict::Warning,
            "free space: old backups and logs first, never the files beside the database",
        ),
        _ => (DoctorVerdict::Ok, ""),
    };
    DoctorFinding {
        check: check.to_owned(),
        verdict,
        words: format!("{} MiB free", free >> 20),
        next: next.to_owned(),
    }
}

/// The fonts, for Japanese and for the scripts that events need.
pub(super) fn fonts(needed: &[MissingScript]) -> Vec<DoctorFinding> {
    let missing =
        script::in_words(needed).map(|(words, next)| DoctorFinding::warning("fonts", words, next));
    [japanese()].into_iter().chain(missing).collect()
}

fn japanese() -> DoctorFinding {
    match pdf::japanese_font() {
        Some(family) => DoctorFinding::ok("fonts", format!("Japanese is rendered in {family}")),
        None => DoctorFinding::warning(
            "fonts",
            "none for Japanese: documents leave out Japanese names",
            "apt install fonts-noto-cjk, then restart the server",
        ),
    }
}

pub(super) fn time_zones(now: Moment) -> DoctorFinding {
    let machines = std::fs::read_to_string(ZONES_OF_THE_MACHINE).unwrap_or_default();
    let machines = machines
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("# version "));
    zone_data(machines, now.utc().date_naive())
}

fn zone_data(machines: Option<&str>, today: NaiveDate) -> DoctorFinding {
    const CHECK: &str = "time zone data";
    const NEXT: &str = "see at https://data.iana.org/time-zones/tzdb/NEWS whether a zone of your event has changed since, and \
                        install a newer iikura if so, or build this one after 'cargo update -p chrono-tz'; until then its times are \
                        shown by the old rule";
    let (version, released) = (Zone::data_version(), ZONE_DATA.1);
    let age = (today - released).num_days();
    let words = format!(
        "IANA {version} of {}, {age} days old",
        released.format("%-d %B %Y")
    );
    // Releases sort as they follow one another: 2025b, 2025c, 2026a.
    let newer = machines.filter(|machines| *machines > version);
    if let Some(newer) = newer {
        let words = format!("{words}; this machine has {newer}");
        return DoctorFinding::warning(CHECK, words, NEXT);
    }
    if age > ZONE_DATA_KEEPS {
        return DoctorFinding::warning(CHECK, words, NEXT);
    }
    DoctorFinding::ok(CHECK, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::ClockTime;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    #[test]
    fn the_day_of_the_zone_data_is_that_of_the_data_we_carry() {
        assert_eq!(Zone::data_version(), ZONE_DATA.0, "look up its day, too");
        assert_eq!(ZONE_DATA.1, day(2025, 3, 22));
    }

    /// Kazakhstan went over to one zone on 1 March 2024 (IANA 2024a): data older than that is an hour wrong.
    #[test]
    fn kazakhstan_has_utc_6_before_march_2024_and_utc_5_after() {
        let almaty: Zone = "Asia/Almaty".parse().unwrap();
        let noon: ClockTime = "12:00".parse().unwrap();
        for (date, offset) in [
            (day(2022, 12, 24), "UTC+6"),
            (day(2024, 2, 29), "UTC+6"),
            (day(2024, 3, 2), "UTC+5"),
            (day(2026, 7, 1), "UTC+5"),
        ] {
            let label = almaty.label(almaty.instant(date, noon).unwrap());
            assert_eq!(label, offset, "{date}");
        }
    }

    #[test]
    fn old_zone_data_is_a_warning_and_so_is_older_than_the_machines() {
        let verdict = |machines, today| zone_data(machines, today).verdict;
        assert_eq!(verdict(None, day(2025, 12, 24)), DoctorVerdict::Ok);
        assert_eq!(verdict(Some("2025b"), day(2025, 12, 24)), DoctorVerdict::Ok);
        assert_eq!(
            verdict(Some("2025c"), day(2025, 12, 24)),
            DoctorVerdict::Warning
        );
        assert_eq!(
            verdict(Some("2024b"), day(2026, 12, 24)),
            DoctorVerdict::Warning
        );
    }

    #[test]
    fn a_certificate_that_ends_is_a_warning_first_and_then_a_fault() {
        let end = Moment::from_seconds(1_803_772_800);
        for (days, verdict) in [
            (30, DoctorVerdict::Ok),
            (14, DoctorVerdict::Ok),
            (13, DoctorVerdict::Warning),
            (1, DoctorVerdict::Warning),
            (0, DoctorVerdict::Fault),
            (-1, DoctorVerdict::Fault),
        ] {
            let found = certificate_end(end, end.plus(-days * 24 * 3600));
            assert_eq!(found.verdict, verdict, "{days}");
            assert!(found.words.contains("28 February 2027"), "{}", found.words);
        }
    }

    #[test]
    fn space_runs_out_in_two_steps() {
        let verdict = |free| space("disk", free).verdict;
        assert_eq!(verdict(HARDLY_ANY_SPACE - 1), DoctorVerdict::Fault);
        assert_eq!(verdict(HARDLY_ANY_SPACE), DoctorVerdict::Warning);
        assert_eq!(verdict(LITTLE_SPACE), DoctorVerdict::Ok);
    }
}
