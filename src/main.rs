//! The `iikura` program.

fn main() -> std::process::ExitCode {
    iikura::cli::main()
}
