//! `iikura doctor`: checks what the server depends on, and says what to type next.

use clap::Args;

use super::Failure;
use super::output::say;
use crate::cli::checks::{DoctorFinding, DoctorVerdict, examine};
use crate::runtime::clock::Clock;
use crate::server::config::ServeArgs;

/// Flags of `doctor`: those of the server, which it looks at as the server would.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    serve: ServeArgs,
    /// For programs
    #[arg(long)]
    json: bool,
}

impl DoctorArgs {
    /// Prints what it finds; a fault makes it fail.
    pub fn run(self) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let found = runtime.block_on(examine(&self.serve, Clock::system().now()));
        let faults = found.iter().filter(|it| it.verdict == DoctorVerdict::Fault);
        let faults = faults.count();
        if self.json {
            let report = serde_json::json!({ "ok": faults == 0, "findings": found });
            say!("{report:#}");
        } else {
            found.iter().for_each(print);
        }
        match faults {
            0 => Ok(()),
            1 => Err(Failure::one("1 fault")),
            faults => Err(Failure::one(format!("{faults} faults"))),
        }
    }
}

fn print(finding: &DoctorFinding) {
    let word = match finding.verdict {
        DoctorVerdict::Ok => "ok",
        DoctorVerdict::Warning => "warning",
        DoctorVerdict::Fault => "FAULT",
    };
    say!("{word:<8} {}: {}", finding.check, finding.words);
    if !finding.next.is_empty() {
        say!("{:8} next: {}", "", finding.next);
    }
}
