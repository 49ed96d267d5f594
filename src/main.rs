//! The `iikura` program.

fn main() {}
