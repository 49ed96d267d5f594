//! PostgreSQL itself is killed, again and again, under a server that goes on: nothing that was promised is lost,
//! nothing else is there, and nobody has to help.

use std::io::{BufRead as _, BufReader};
use std::time::{Duration, Instant};

use crate::cluster::Cluster;
use crate::installation::TestInstallation;
use support::chance::Chance;
use support::relay::{Relay, Scene};

const ROUNDS: usize = 8;
/// The longest that it lives on after a booking, in milliseconds.
const LAST_MOMENTS: u64 = 60;
/// The longest that the office waits for the program once the database is there again.
const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn killed_database_recovers_all_commits_by_itself() {
    let mut cluster = Cluster::start();
    let relay = Relay::playing(&[Scene::Accept]);
    let mut installation = TestInstallation::furnish(&cluster.url(), &relay.url());
    let mut chance = Chance(iikura::runtime::random::fresh_id().unsigned_abs());
    let server = installation.start();
    let mut page = BufReader::new(installation.watch());
    let mut refused = 0;
    for _ in 0..ROUNDS {
        for _ in 0..5 {
            assert_eq!(installation.book_and_confirm(), 303);
        }
        let last_moments = Duration::from_millis(chance.below(LAST_MOMENTS));
        let killing = std::thread::spawn(move || {
            std::thread::sleep(last_moments);
            cluster.kill();
            // At once, so that whoever asks meanwhile only has to wait.
            cluster.start_again();
            cluster
        });
        while !killing.is_finished() {
            refused += usize::from(book(&mut installation) != 303);
        }
        cluster = killing.join().unwrap();
        let begun = Instant::now();
        while book(&mut installation) != 303 {
            assert!(begun.elapsed() < PATIENCE, "{}", installation.log());
        }
    }
    println!("{refused} were refused while it died");
    // As long as it stays away the office is told so.
    cluster.kill();
    let begun = Instant::now();
    while book(&mut installation) != 503 {
        assert!(begun.elapsed() < PATIENCE, "{}", installation.log());
    }
    cluster.start_again();
    while book(&mut installation) != 303 {
        assert!(begun.elapsed() < 2 * PATIENCE, "{}", installation.log());
    }
    // A page that watched all the while still hears what is done.
    let latest = installation.programme().event.revision;
    let mut line = String::new();
    while !line.contains(&latest.to_string()) {
        line.clear();
        assert!(page.read_line(&mut line).unwrap() > 0, "the page was left");
    }
    server.stop();
    installation.send_the_rest(&relay.transport());
    crate::check(&installation, &relay);
}

/// Books and confirms: it is done, or the database is not to be had; that is no fault of the program's.
fn book(installation: &mut TestInstallation) -> u16 {
    let status = installation.book_and_confirm();
    assert!(
        matches!(status, 303 | 503),
        "{status}: {}",
        installation.log()
    );
    status
}
