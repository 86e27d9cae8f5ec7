//! The processors, their clocks and the state they are in. Linux only, by the few calls of libc that it takes.

use std::hint::spin_loop;
use std::os::raw::{c_int, c_long};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

const CPU_SET_WORDS: usize = 16;
type CpuSet = [u64; CPU_SET_WORDS];

const RUSAGE_SELF: c_int = 0;
const CLOCK_THREAD_CPUTIME_ID: c_int = 3;

#[repr(C)]
#[derive(Default)]
struct Timeval {
    seconds: c_long,
    microseconds: c_long,
}

#[repr(C)]
#[derive(Default)]
struct Rusage {
    user: Timeval,
    system: Timeval,
    /// Maximal and other sizes, faults, blocks, messages, signals.
    other: [c_long; 12],
    voluntary_switches: c_long,
    involuntary_switches: c_long,
}

#[repr(C)]
#[derive(Default)]
struct Timespec {
    seconds: c_long,
    nanoseconds: c_long,
}

extern "C" {
    fn sched_getaffinity(pid: c_int, size: usize, set: *mut CpuSet) -> c_int;
    fn sched_setaffinity(pid: c_int, size: usize, set: *const CpuSet) -> c_int;
    fn getrusage(who: c_int, usage: *mut Rusage) -> c_int;
    fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int;
}

/// The processors that threads are pinned to; none if they are not pinned.
#[derive(Clone)]
pub struct Processors(Arc<[usize]>);

impl Processors {
    /// Those that this process may use, in ascending order.
    pub fn allowed() -> Processors {
        let mut set = [0; CPU_SET_WORDS];
        // SAFETY: the kernel writes at most as many bytes as the set has.
        let size = std::mem::size_of::<CpuSet>();
        if unsafe { sched_getaffinity(0, size, &mut set) } != 0 {
            return Processors::unpinned();
        }
        let has = |&cpu: &usize| set[cpu / 64] >> (cpu % 64) & 1 == 1;
        Processors((0..64 * CPU_SET_WORDS).filter(has).collect())
    }

    pub fn unpinned() -> Processors {
        Processors(Arc::new([]))
    }

    /// Keeps the calling thread on the n-th, modulo their number.
    pub fn pin(&self, n: usize) {
        if !self.0.is_empty() {
            run_on(&[self.0[n % self.0.len()]]);
        }
    }

    /// Lets the calling thread run on all of them again.
    pub fn unpin(&self) {
        if !self.0.is_empty() {
            run_on(&self.0);
        }
    }
}

fn run_on(cpus: &[usize]) {
    let mut set = [0; CPU_SET_WORDS];
    for cpu in cpus {
        set[cpu / 64] |= 1 << (cpu % 64);
    }
    // SAFETY: the kernel reads as many bytes as the set has.
    let failed = unsafe { sched_setaffinity(0, std::mem::size_of::<CpuSet>(), &set) };
    assert!(failed == 0, "cannot pin a thread to {:?}: use --no-pin", cpus);
}

/// Processor time and context switches of this process so far.
pub struct Usage {
    pub cpu_seconds: f64,
    pub context_switches: c_long,
}

impl Usage {
    pub fn now() -> Usage {
        let mut usage = Rusage::default();
        // SAFETY: the structure is laid out as Linux has it.
        unsafe { getrusage(RUSAGE_SELF, &mut usage) };
        let seconds = |time: &Timeval| time.seconds as f64 + 1e-6 * time.microseconds as f64;
        Usage {
            cpu_seconds: seconds(&usage.user) + seconds(&usage.system),
            context_switches: usage.voluntary_switches + usage.involuntary_switches,
        }
    }
}

/// Processor time of the calling thread so far.
pub fn thread_cpu_seconds() -> f64 {
    let mut time = Timespec::default();
    // SAFETY: the structure is laid out as Linux has it.
    unsafe { clock_gettime(CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.seconds as f64 + 1e-9 * time.nanoseconds as f64
}

/// The state of the machine, probed before and after each sample, so that outliers can be marked.
pub struct MachineState {
    /// A cache line to the second processor and back; 0 if there is none.
    pub round_trip_ns: f64,
    /// One spin-loop hint.
    pub pause_ns: f64,
}

#[repr(align(128))]
struct Line(AtomicU32);

/// Takes about ten milliseconds.
pub fn probe() -> MachineState {
    const PAUSES: u32 = 200_000;
    let start = Instant::now();
    for _ in 0..PAUSES {
        spin_loop();
    }
    let pause_ns = start.elapsed().as_nanos() as f64 / f64::from(PAUSES);
    MachineState {
        round_trip_ns: round_trip_ns(),
        pause_ns,
    }
}

fn round_trip_ns() -> f64 {
    const TRIPS: u32 = 20_000;
    static LINE: Line = Line(AtomicU32::new(0));
    let line = &LINE.0;
    let all = Processors::allowed();
    if all.0.len() < 2 {
        return 0.0;
    }
    let round_trip = move |trip: u32| {
        line.store(2 * trip + 1, Ordering::Release);
        while line.load(Ordering::Acquire) != 2 * trip + 2 {}
    };
    line.store(0, Ordering::Relaxed);
    let processors = all.clone();
    let peer = thread::spawn(move || {
        processors.pin(1);
        for trip in 0..TRIPS {
            while line.load(Ordering::Acquire) != 2 * trip + 1 {}
            line.store(2 * trip + 2, Ordering::Release);
        }
    });
    all.pin(0);
    round_trip(0);
    let start = Instant::now();
    (1..TRIPS).for_each(round_trip);
    let elapsed = start.elapsed();
    all.unpin();
    peer.join().expect("the peer does not panic");
    elapsed.as_nanos() as f64 / f64::from(TRIPS - 1)
}
