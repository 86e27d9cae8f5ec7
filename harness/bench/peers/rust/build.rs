//! Passes the versions of the compiler and the crates to the runner.

use std::{env, fs, path::Path, process::Command};

fn main() {
    let rustc = env::var("RUSTC").expect("cargo sets RUSTC");
    let version = Command::new(rustc).arg("--version").output().expect("rustc runs");
    let version = String::from_utf8_lossy(&version.stdout).trim().to_string();
    println!("cargo:rustc-env=PEERS_RUSTC={}", version);

    let lock = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("Cargo.lock");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", lock.display());
    let lock = fs::read_to_string(lock).unwrap_or_default();
    for (name, variable) in [("crossbeam-channel", "PEERS_CROSSBEAM"), ("flume", "PEERS_FLUME")] {
        println!("cargo:rustc-env={}={} {}", variable, name, locked_version(&lock, name));
    }
}

/// A package's version, which the lock names on the line after the package's name.
fn locked_version<'a>(lock: &'a str, name: &str) -> &'a str {
    let this = format!("name = \"{}\"", name);
    let mut lines = lock.lines().skip_while(|line| *line != this).skip(1);
    lines
        .next()
        .and_then(|line| line.split('"').nth(1))
        .unwrap_or("of unknown version")
}
