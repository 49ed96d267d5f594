//! Whether this machine's clock is the database's.

use super::DoctorFinding;
use crate::db::{self, DatabaseUrl};
use crate::runtime::clock::Clock;
use crate::server::clock_difference::{REFUSED_SECONDS, TOLERATED_SECONDS, difference};

/// Compares the clocks; finds nothing with one clock, or without a database, which other checks report.
pub(super) fn examine(url: &DatabaseUrl, clock: &Clock) -> Option<DoctorFinding> {
    if matches!(url, DatabaseUrl::Sqlite(_)) {
        return None;
    }
    let compared = db::connect(url).and_then(|mut conn| difference(&mut conn, clock));
    compared.ok().flatten().map(finding)
}

fn finding(seconds: i64) -> DoctorFinding {
    const CHECK: &str = "clock";
    const NEXT: &str = "let this machine and the database's use the same time servers (timedatectl set-ntp true), and \
                        check both with 'timedatectl'";
    let way = if seconds > 0 { "ahead of" } else { "behind" };
    let words = format!("{} s {way} the database's", seconds.abs());
    match seconds.abs() {
        0..=TOLERATED_SECONDS => DoctorFinding::ok(CHECK, "agrees with the database's"),
        ..=REFUSED_SECONDS => DoctorFinding::warning(CHECK, words, NEXT),
        _ => DoctorFinding::fault(CHECK, format!("{words}: servers report not ready"), NEXT),
    }
}

#[cfg(test)]
mod tests {
    use super::super::DoctorVerdict;
    use super::*;

    #[test]
    fn clocks_apart_are_a_warning_and_beyond_a_minute_a_fault() {
        for (seconds, verdict) in [
            (0, DoctorVerdict::Ok),
            (-5, DoctorVerdict::Ok),
            (6, DoctorVerdict::Warning),
            (-60, DoctorVerdict::Warning),
            (61, DoctorVerdict::Fault),
            (-3600, DoctorVerdict::Fault),
        ] {
            assert_eq!(finding(seconds).verdict, verdict, "{seconds}");
        }
        assert_eq!(finding(-7).words, "7 s behind the database's");
    }
}
