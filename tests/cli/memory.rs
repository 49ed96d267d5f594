//! What a flood of sign-ins costs a server in memory, read from the system's own account of the process.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::TestInstallation;
use crate::serving::{EMAIL, Serving, agent, furnished};
use support::both::Scratch;

/// As many as may add up to the memory for hashing, the threads that wait and the connections.
const BOUND: u64 = 100 * 1024;

/// A line of `/proc/PID/status`, in kilobytes.
fn kilobytes(process: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn flood_of_sign_ins_keeps_memory_bounded() {
    let (installation, scratch) = (TestInstallation::new(), Scratch::sqlite());
    let password = furnished(&installation, scratch.url());
    let mut command = installation.command();
    command
        .env("IIKURA_DATABASE_URL", scratch.url())
        .env("IIKURA_TRUSTED_PROXIES", "127.0.0.1");
    let server = Serving::start(command);
    // The officer's own browser is known from now on.
    let entered = server.send("/sign-in", "", &[("email", EMAIL), ("password", &password)]);
    let cookies = entered.headers().get_all("set-cookie");
    let pairs = cookies.iter().map(|value| value.to_str().unwrap());
    let pairs: Vec<&str> = pairs
        .map(|value| value.split(';').next().unwrap())
        .collect();
    let cookies = pairs.join("; ");
    let idle = kilobytes(server.id(), "VmRSS:");

    let [begun, wrong, busy, late] = [const { AtomicUsize::new(0) }; 4];
    std::thread::scope(|scope| {
        for number in 0..250 {
            let (begun, wrong, busy, late) = (&begun, &wrong, &busy, &late);
            let address = &server.address;
            scope.spawn(move || {
                let agent = agent();
                for round in 0..2 {
                    begun.fetch_add(1, Ordering::Relaxed);
                    let answer = agent
                        .post(format!("http://{address}/sign-in"))
                        .header("sec-fetch-site", "same-origin")
                        .header("content-type", "application/x-www-form-urlencoded")
                        .header("x-forwarded-for", format!("2001:db8:{number:x}:{round}::1"))
                        .send(format!(
                            "email=nobody-{number}-{round}%40protocol.example&password=wrong"
                        ));
                    match answer.unwrap().status().as_u16() {
                        422 => wrong.fetch_add(1, Ordering::Relaxed),
                        503 => busy.fetch_add(1, Ordering::Relaxed),
                        // A machine with much else to do may read a request too late.
                        408 => late.fetch_add(1, Ordering::Relaxed),
                        other => panic!("{other}"),
                    };
                }
            });
        }
        while begun.load(Ordering::Relaxed) < 250 {
            std::thread::yield_now();
        }
        let fields = [("email", EMAIL), ("password", &*password)];
        let entered = server.send("/sign-in", &cookies, &fields);
        assert_eq!(entered.status(), 303, "the officer is in meanwhile");
    });
    let peak = kilobytes(server.id(), "VmHWM:");
    let [wrong, busy, late] = [wrong, busy, late].map(AtomicUsize::into_inner);
    let told = format!(
        "{wrong} wrong, {busy} refused at once, {late} late; idle {idle} kB, peak {peak} kB"
    );
    assert_eq!(wrong + busy + late, 500, "{told}");
    assert!(wrong > 0, "{told}");
    assert!(peak < idle + BOUND, "{told}");
    server.stop();
}
