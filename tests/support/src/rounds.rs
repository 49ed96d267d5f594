//! How often a benchmark measures: `cargo bench` says `--bench`, `cargo test` does not.

/// All rounds of a measurement; one of a test, which only shows that the benchmark still does what it says.
pub fn of(measured: usize) -> usize {
    if std::env::args().any(|flag| flag == "--bench") {
        measured
    } else {
        1
    }
}
