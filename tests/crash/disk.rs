//! The disk below SQLite: the power goes, and what the disk then holds is all there is; or the disk is full.
//!
//! Mounting wants root: `IIKURA_TEST_DISKS=mount` says that it works here, `none` that it does not; `tests/run` finds out.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::installation::TestInstallation;
use support::chance::Chance;
use support::relay::{Relay, Scene};

const CUTS: usize = 8;
/// The memory for the images of all disks, of [`SIZE`] each at most.
const ROOM: &str = "size=700m";
const SIZE: &str = "64M";
/// A disk that is soon full.
const SMALL: &str = "size=4m";

/// Folders at which something is mounted, in a folder of their own.
struct Mounts {
    folder: TempDir,
    mounted: Vec<PathBuf>,
}

impl Mounts {
    /// `None` where nothing can be mounted.
    fn possible() -> Option<Self> {
        match std::env::var("IIKURA_TEST_DISKS").as_deref() {
            Ok("mount") => Some(Self {
                folder: tempfile::tempdir().unwrap(),
                mounted: Vec::new(),
            }),
            Ok("none") => {
                println!("not played: nothing can be mounted here");
                None
            }
            other => {
                panic!("IIKURA_TEST_DISKS is {other:?}: set it to mount or none, or run tests/run")
            }
        }
    }

    /// Mounts at a new folder of that name.
    fn mount(&mut self, name: &str, what: &[&str]) -> PathBuf {
        let place = self.folder.path().join(name);
        std::fs::create_dir(&place).unwrap();
        run(Command::new("mount").args(what).arg(&place));
        self.mounted.push(place.clone());
        place
    }
}

impl Drop for Mounts {
    fn drop(&mut self) {
        for place in self.mounted.iter().rev() {
            unplug(place);
        }
    }
}

/// Of a disk that loses power, what was asked for and had not yet reached it is gone: ext4 on an image of a disk, of
/// which a copy is made while everything that was not forced onto it is still in the memory of the kernel.
#[test]
fn no_promise_is_lost_when_the_power_goes() {
    let Some(mut mounts) = Mounts::possible() else {
        return;
    };
    let room = mounts.mount("room", &["-t", "tmpfs", "-o", ROOM, "tmpfs"]);
    let mut disk = room.join("disk-0");
    run(Command::new("truncate").args(["--size", SIZE]).arg(&disk));
    run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&disk));
    let mut place = plug_in(&mut mounts, &disk, 0);
    let relay = Relay::playing(&[Scene::Accept]);
    let mut installation = TestInstallation::furnish(&database(&place), &relay.url());
    let mut chance = Chance(iikura::runtime::random::fresh_id().unsigned_abs());
    for cut in 1..=CUTS {
        let server = installation.start();
        for _ in 0..4 + chance.below(4) {
            assert_eq!(installation.book_and_confirm(), 303);
        }
        server.kill_after(Duration::ZERO);
        let left = room.join(format!("disk-{cut}"));
        std::fs::copy(&disk, &left).unwrap();
        disk = left;
        let before = place;
        place = plug_in(&mut mounts, &disk, cut);
        installation.moves_to(&database(&place));
        unplug(&before);
        mounts.mounted.retain(|place| *place != before);
        let whole = installation.count(
            "SELECT count(*) AS count FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
        );
        assert_eq!(whole, 0);
    }
    installation.send_the_rest(&relay.transport());
    crate::check(&installation, &relay);
}

fn plug_in(mounts: &mut Mounts, disk: &Path, number: usize) -> PathBuf {
    let name = format!("place-{number}");
    mounts.mount(&name, &["-o", "loop", disk.to_str().unwrap()])
}

/// Lazily: a pool of connections may still be closing.
fn unplug(place: &Path) {
    let _ = Command::new("umount").arg("--lazy").arg(place).status();
}

/// Also when the server is killed while the disk is full.
#[test]
fn a_full_disk_refuses_clearly_and_is_mended_by_room_alone() {
    let Some(mut mounts) = Mounts::possible() else {
        return;
    };
    let place = mounts.mount("small", &["-t", "tmpfs", "-o", SMALL, "tmpfs"]);
    let ballast = place.join("ballast");
    let relay = Relay::playing(&[Scene::Accept]);
    let mut installation = TestInstallation::furnish(&database(&place), &relay.url());
    for _ in 0..3 {
        let server = installation.start();
        assert_eq!(installation.book_and_confirm(), 303);
        fill(&ballast);
        let refused = (0..1000)
            .map(|_| installation.book_and_confirm())
            .find(|status| *status != 303);
        assert_eq!(refused, Some(507));
        assert_eq!(installation.get("/events/crash?view=list"), 200);
        server.kill_after(Duration::ZERO);
        std::fs::remove_file(&ballast).unwrap();
    }
    let server = installation.start();
    assert_eq!(installation.book_and_confirm(), 303);
    server.stop();
    installation.send_the_rest(&relay.transport());
    crate::check(&installation, &relay);
}

/// Writes until nothing more fits.
fn fill(ballast: &Path) {
    use std::io::Write as _;
    let mut file = std::fs::File::create(ballast).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
}

fn database(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("iikura.db").display())
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}
