//! `iikura demo`: the ninth meeting, as it took place, on a fresh database.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;

use super::output::say;
use super::{Failure, serve};
use crate::auth::account::{self, Profile};
use crate::auth::password::NewPassword;
use crate::change::event_file;
use crate::core::event::EventId;
use crate::core::text::{Email, TextLine};
use crate::core::time::Moment;
use crate::core::user::{Actor, EventRole};
use crate::db::{Conn, DatabaseUrl, Db};
use crate::runtime::clock::Clock;
use crate::server::app::App;
use crate::server::client::Proxies;
use crate::server::config::Config;
use crate::server::connection::ClientLimits;
use crate::server::log;
use crate::store::private_link::address::LinkKey;
use crate::store::programme_cache::ProgrammeCache;

/// The meeting of 24 December 2022, from the press releases of the Ministry of Foreign Affairs of Japan.
pub const NINTH_MEETING: &str = include_str!("demo/ca-jad-9.toml");

/// A folder that holds this file may be wiped by the next demo.
const MARK: &str = "iikura-demo";

/// Flags of `iikura demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Folder for the demo's data; by default a fresh temporary one
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address to listen on
    #[arg(
        long,
        env = "IIKURA_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDR"
    )]
    listen: SocketAddr,
}

impl DemoArgs {
    /// Makes the data, prints the address and three sign-ins, and serves.
    ///
    /// # Errors
    /// When the folder is not a demo's, or the address is taken.
    pub fn run(self) -> Result<(), Failure> {
        log::start(log::LogFormat::Text);
        let folder = fresh_folder(self.data)?;
        let mut config = config(&folder, self.listen)?;
        let listener = serve::listen(&config)?;
        config.listen = listener.local_addr()?;
        let db = Db::open(&config.database)?;
        db.migrate()?;
        let clock = Clock::system();
        let sign_ins = fill(&db, &config.mail_from, clock.now())?;
        say!("http://{}/", config.listen);
        for (role, email, password) in sign_ins {
            say!("{role} {email} {password}");
        }
        say!(
            "Mail goes to {}; stop with Ctrl-C.",
            config.outbox.display()
        );
        serve::until_stopped(App::new(db, clock, config), listener)
    }
}

/// An empty folder that says it is a demo's. One that holds anything else is left alone.
fn fresh_folder(asked: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let folder = asked.unwrap_or_else(|| {
        std::env::temp_dir().join(format!(
            "iikura-demo-{:013x}",
            crate::runtime::random::fresh_id()
        ))
    });
    let fault = |error: std::io::Error| {
        Failure::one(format!("cannot prepare {}: {error}", folder.display()))
    };
    std::fs::create_dir_all(&folder).map_err(fault)?;
    let used = std::fs::read_dir(&folder).map_err(fault)?.next().is_some();
    if used && !folder.join(MARK).is_file() {
        return Err(Failure::one(format!(
            "{} has files that are not a demo's; name an empty folder with --data, or leave --data out",
            folder.display()
        )));
    }
    for name in ["iikura.db", "iikura.db-wal", "iikura.db-shm"] {
        let old = folder.join(name);
        if old.exists() {
            std::fs::remove_file(old).map_err(fault)?;
        }
    }
    let outbox = folder.join("outbox");
    if outbox.exists() {
        std::fs::remove_dir_all(outbox).map_err(fault)?;
    }
    std::fs::write(
        folder.join(MARK),
        "The data of 'iikura demo': created again at every start.\n",
    )
    .map_err(fault)?;
    Ok(folder)
}

fn config(folder: &Path, listen: SocketAddr) -> Result<Config, Failure> {
    Ok(Config {
        database: DatabaseUrl::Sqlite(folder.join("iikura.db").display().to_string()),
        listen,
        public_url: None,
        smtp_url: None,
        mailbox: None,
        imap_every: 30,
        bounces: None,
        mail_from: Email::parse("protocol@iikura.example").map_err(Failure::one)?,
        outbox: folder.join("outbox"),
        mail_keep_days: 90,
        key: LinkKey::at(&folder.join("secret.key")).map_err(Failure::one)?,
        breached: None,
        sign_on: None,
        tls: None,
        proxies: Proxies::default(),
        metrics_listen: None,
        workers: None,
        client_limits: ClientLimits::default(),
        is_demo: true,
    })
}

type SignIn = (&'static str, String, String);

/// Imports the meeting and adds one user per role, each with a fresh random password.
fn fill(db: &Db, office: &Email, now: Moment) -> Result<Vec<SignIn>, Failure> {
    let actor = Actor {
        user: None,
        name: "demo".to_owned(),
        way: String::new(),
    };
    db.write_here(|conn| {
        let imported = event_file::import(
            conn,
            &ProgrammeCache::default(),
            NINTH_MEETING,
            office,
            &actor,
            now,
        )?;
        let mut sign_ins = Vec::new();
        for (word, role) in [
            ("admin", None),
            ("officer", Some(EventRole::Officer)),
            ("observer", Some(EventRole::Observer)),
        ] {
            sign_ins.push(add_user(conn, &actor, word, role, imported.event, now)?);
        }
        Ok(sign_ins)
    })
}

fn add_user(
    conn: &mut Conn,
    actor: &Actor,
    word: &'static str,
    role: Option<EventRole>,
    event: EventId,
    now: Moment,
) -> Result<SignIn, Failure> {
    let email = Email::parse(&format!("{word}@iikura.example")).map_err(Failure::one)?;
    let password = NewPassword::generate();
    let profile = Profile {
        name: TextLine::parse(&format!("Demo {word}"))?,
        admin: role.is_none(),
        roles: role.map(|role| (event, role)).into_iter().collect(),
    };
    account::add(conn, &email, &profile, &password.hash_here()?, actor, now)?;
    Ok((word, email.to_string(), password.reveal().to_owned()))
}
