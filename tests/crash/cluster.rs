//! A PostgreSQL server of one test's own, that may be killed at any moment.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use tempfile::TempDir;

/// Far above what a start or a recovery takes here.
const PATIENCE: Duration = Duration::from_mins(1);

/// A cluster in a folder of its own, on a free port of the loopback.
pub struct Cluster {
    folder: TempDir,
    port: u16,
    server: Option<Child>,
}

impl Cluster {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut cluster = Self {
            port: free.local_addr().unwrap().port(),
            folder,
            server: None,
        };
        drop(free);
        if as_root() {
            let path = cluster.folder.path();
            run(Command::new("chown").arg("postgres:").arg(path));
        }
        let folder = cluster.data();
        let mut initdb = cluster.program("initdb");
        initdb.arg("--pgdata").arg(folder).args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]);
        run(initdb.stdout(Stdio::null()));
        cluster.start_again();
        cluster
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it, and waits until it has mended what the last end left.
    pub fn start_again(&mut self) {
        let begun = Instant::now();
        while PgConnection::establish(&self.url()).is_err() {
            assert!(begun.elapsed() < PATIENCE, "PostgreSQL does not start");
            let gone = match &mut self.server {
                // It refuses as long as a child of the one before is there.
                Some(server) => server.try_wait().unwrap().is_some(),
                None => true,
            };
            if gone {
                self.server = Some(self.launch());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn launch(&self) -> Child {
        let mut postgres = self.program("postgres");
        postgres.arg("-D").arg(self.data());
        postgres.arg("-k").arg(self.folder.path());
        postgres.args(["-c", "listen_addresses=127.0.0.1"]);
        postgres.args(["-p", &self.port.to_string()]);
        let quiet = postgres.stdout(Stdio::null()).stderr(Stdio::null());
        quiet.spawn().unwrap()
    }

    /// Kills the server and every process of it, as when the power goes.
    pub fn kill(&mut self) {
        let Some(mut server) = self.server.take() else {
            return;
        };
        let first = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let first: u32 = first.lines().next().unwrap().parse().unwrap();
        let mut all = vec![first.to_string()];
        all.extend(children(first).iter().map(ToString::to_string));
        // Some have ended by themselves meanwhile.
        let _ = Command::new("kill")
            .arg("-KILL")
            .args(all)
            .stderr(Stdio::null())
            .status();
        server.wait().unwrap();
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// One of PostgreSQL's programs, which do not run as root.
    fn program(&self, name: &str) -> Command {
        let path = programs().join(name);
        let mut command = if as_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
            command.arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kill();
    }
}

fn as_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Where Debian puts them, by version.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").unwrap();
    versions
        .map(|version| version.unwrap().path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .max()
        .expect("PostgreSQL is installed by tests/run")
}

fn children(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap();
    processes
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|process| parent_of(*process) == Some(parent))
        .collect()
}

/// By proc_pid_stat(5): number, name in brackets, state, parent.
fn parent_of(process: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(1)?.parse().ok()
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}
