//! Rust's channels behind the functions of channel.h.

mod block_on;
mod std_mpsc;
mod tokio_broadcast;
mod tokio_mpsc;
mod tokio_oneshot;
mod with_deadlines;

use sluice_channel::{export_broadcast, export_channel};

export_channel!(sluice_rust_std, std_mpsc::Unbounded);
export_channel!(sluice_rust_std_sync, std_mpsc::Bounded);
export_channel!(sluice_crossbeam, with_deadlines::crossbeam::Mpmc);
export_channel!(sluice_flume, with_deadlines::flume::Mpmc);
export_channel!(sluice_tokio, tokio_mpsc::Tokio);
export_broadcast!(sluice_tokio_broadcast, tokio_broadcast::Tokio);
export_channel!(sluice_tokio_oneshot, tokio_oneshot::Tokio);
