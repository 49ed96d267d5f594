//! What a monitor may know of the process: its memory, its open files, its connections, and whether its threads stall.

use std::time::Instant;

use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::tls::Tls;
use crate::server::app::App;

/// Bytes of memory that are in use right now, where the system says so.
#[must_use]
pub fn resident_memory() -> Option<i64> {
    let facts = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = facts.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: i64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// How many files and connections the process may have open; `None`: as many as the system has.
#[must_use]
pub fn open_files_limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// Asks the system for this many open files and connections, as far as this process may have them without privileges,
/// and returns how many it has.
///
/// Most systems begin with 1024 and let a process have many more.
#[must_use]
pub fn allow_open_files(wanted: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current.unwrap_or(u64::MAX);
    let most = limit.maximum.unwrap_or(u64::MAX);
    let raised = Rlimit {
        current: Some(wanted.min(most)),
        maximum: limit.maximum,
    };
    if current < wanted && setrlimit(Resource::Nofile, raised).is_ok() {
        return wanted.min(most);
    }
    current
}

fn open_files() -> Option<i64> {
    let files = std::fs::read_dir("/proc/self/fd").ok()?.count();
    i64::try_from(files).ok()
}

/// The metrics that every process has under the same names.
pub(super) fn registry() -> Registry {
    let mut registry = Registry::default();
    let mut gauge = |name: &str, help: &str, unit: Option<Unit>, value: Option<i64>| {
        let Some(value) = value else { return };
        match unit {
            Some(unit) => registry.register_with_unit(name, help, unit, ConstGauge::new(value)),
            None => registry.register(name, help, ConstGauge::new(value)),
        }
    };
    gauge(
        "process_resident_memory",
        "Memory of the process",
        Some(Unit::Bytes),
        resident_memory(),
    );
    gauge(
        "process_open_fds",
        "Files and connections that are open",
        None,
        open_files(),
    );
    gauge(
        "process_max_fds",
        "Files and connections that may be open",
        None,
        open_files_limit().and_then(|limit| i64::try_from(limit).ok()),
    );
    registry
}

/// Adds what clients have taken, and how late the threads are.
pub(super) fn register(registry: &mut Registry, app: &App) {
    let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let (limits, most) = (&app.limits, &app.config.client_limits);
    registry.register(
        "connections",
        "Open connections of clients",
        ConstGauge::new(number(limits.connections.taken())),
    );
    registry.register(
        "connections_limit",
        "Connections that clients may have open",
        ConstGauge::new(number(most.connections)),
    );
    registry.register_with_unit(
        "body_memory",
        "Memory for bodies of requests that are being read or answered",
        Unit::Bytes,
        ConstGauge::new(number(limits.body_bytes.taken())),
    );
    registry.register_with_unit(
        "worker_delay",
        "How late the latest thread that answers requests is right now",
        Unit::Seconds,
        ConstGauge::new(app.heartbeats.delay(Instant::now()).as_secs_f64()),
    );
    registry.register(
        "worker_stalls",
        "Times that such a thread was late by more than a second",
        ConstCounter::new(app.heartbeats.stalls()),
    );
    if let Some(end) = app.config.tls.as_ref().and_then(Tls::ends) {
        registry.register_with_unit(
            "tls_certificate_end",
            "When our own certificate ends, in seconds since 1970",
            Unit::Seconds,
            ConstGauge::new(end.seconds()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_open_files_are_counted_by_the_system() {
        let before = resident_memory().unwrap();
        let block = vec![7_u8; 64 << 20];
        let after = resident_memory().unwrap();
        assert!(after - before > 48 << 20, "{before} {after}");
        assert!(block.iter().all(|&byte| byte == 7));
        let (open, most) = (
            open_files().unwrap(),
            open_files_limit().unwrap_or(u64::MAX),
        );
        assert!(open > 2 && u64::try_from(open).unwrap() <= most, "{open}");
    }

    #[test]
    fn open_files_are_allowed_as_far_as_the_system_lets_them() {
        let hard = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
        let before = open_files_limit().unwrap_or(u64::MAX);
        assert_eq!(allow_open_files(1), before, "never fewer than before");
        let wanted = before.saturating_add(1);
        assert_eq!(allow_open_files(wanted), wanted.min(hard).max(before));
        assert_eq!(
            open_files_limit().unwrap_or(u64::MAX),
            wanted.min(hard).max(before)
        );
    }
}
