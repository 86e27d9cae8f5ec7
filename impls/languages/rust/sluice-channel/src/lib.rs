//! What a channel written in Rust needs to run under sluice's checks: implement [`Channel`] or [`Broadcast`], and export it
//! with [`export_channel!`] or [`export_broadcast!`] from a static library.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::{Cell, UnsafeCell};
use std::ffi::c_void;
use std::marker::PhantomData;
use std::num::NonZeroU64;
use std::os::raw::c_int;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A message. It belongs to the harness, which learns when it is dropped.
pub struct Message {
    number: u64,
    destroy: Destroy,
}

impl Message {
    fn into_number(self) -> u64 {
        let number = self.number;
        std::mem::forget(self);
        number
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        (self.destroy)(self.number)
    }
}

/// How long an operation waits for room or for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    Not,
    Until(Instant),
    ForEver,
}

impl Wait {
    fn of(nanoseconds: i64) -> Wait {
        match u64::try_from(nanoseconds) {
            Ok(0) => Wait::Not,
            Ok(time) => Instant::now()
                .checked_add(Duration::from_nanos(time))
                .map_or(Wait::ForEver, Wait::Until),
            Err(_) => Wait::ForEver,
        }
    }
}

/// Why a message was not sent, with the message.
pub enum Unsent {
    Disconnected(Message),
    NotNow(Message),
}

/// Why no message was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreceived {
    Disconnected,
    NotNow,
}

/// A channel as the harness uses it: one object for both sides. The harness counts the handles.
pub trait Channel: Send + Sync {
    /// `None`: unbounded.
    fn make(capacity: Option<usize>) -> Self;
    fn send(&self, message: Message, wait: Wait) -> Result<(), Unsent>;
    fn recv(&self, wait: Wait) -> Result<Message, Unreceived>;
    /// Drops the sender. No send runs, and none follows.
    fn close_senders(&self);
    /// Drops the receiver. No receive runs, and none follows.
    fn close_receivers(&self);
    /// How many messages it holds, 0 if it cannot tell.
    fn len(&self) -> usize {
        0
    }
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A message of a broadcast. It is not `Sync`: a copy may change what it copies.
pub struct CopiedMessage {
    message: Message,
    copy: CopyFn,
    not_sync: PhantomData<Cell<()>>,
}

impl Clone for CopiedMessage {
    fn clone(&self) -> Self {
        CopiedMessage {
            message: Message {
                number: (self.copy)(self.message.number),
                destroy: self.message.destroy,
            },
            copy: self.copy,
            not_sync: PhantomData,
        }
    }
}

/// Why no message was received from a broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// How many messages were overwritten before this receiver read them.
    Missed(NonZeroU64),
    Disconnected,
    NotNow,
}

/// A broadcast as the harness uses it: one object for all senders, and one for each receiver.
pub trait Broadcast: Send + Sync {
    type Receiver: BroadcastReceiver;

    fn make(capacity: usize) -> Self;
    /// Returns the number of receivers, or the message if there is none.
    fn send(&self, message: CopiedMessage) -> Result<usize, CopiedMessage>;
    /// A receiver of what is sent from now on.
    fn subscribe(&self) -> Self::Receiver;
    /// Drops the sender. No send and no subscribe runs, and none follows.
    fn close_senders(&self);
    /// How many messages it keeps, at least as many as were asked for.
    fn capacity(&self) -> usize;
}

pub trait BroadcastReceiver: Send {
    fn recv(&mut self, wait: Wait) -> Result<CopiedMessage, Unread>;
}

/// One side's handle, until it is closed.
pub struct Side<H> {
    handle: UnsafeCell<Option<H>>,
    closing: Mutex<()>,
}

// Only `open` and `look` share a handle among threads, and ask for it.
unsafe impl<H: Send> Sync for Side<H> {}

impl<H> Side<H> {
    pub fn new(handle: H) -> Self {
        Side {
            handle: UnsafeCell::new(Some(handle)),
            closing: Mutex::new(()),
        }
    }

    /// The handle, for an operation of its side.
    pub fn open(&self) -> &H
    where
        H: Sync,
    {
        // `close` promises that no operation runs then.
        unsafe { (*self.handle.get()).as_ref() }.expect("a closed side is not used")
    }

    /// The handle, for an operation of the only thread of its side.
    ///
    /// # Safety
    ///
    /// The channel's traits declare one thread on this side, and nothing calls `look`.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn open_alone(&self) -> &mut H {
        (*self.handle.get()).as_mut().expect("a closed side is not used")
    }

    /// Looks at the handle, if it is still open, from any thread.
    pub fn look<R>(&self, look: impl FnOnce(&H) -> R) -> Option<R>
    where
        H: Sync,
    {
        let _guard = self.closing.lock().expect("no look panics");
        unsafe { (*self.handle.get()).as_ref() }.map(look)
    }

    /// Drops the handle.
    ///
    /// # Safety
    ///
    /// No operation of this side runs or follows, as of `close_senders` and `close_receivers`.
    pub unsafe fn close(&self) {
        let handle = {
            let _guard = self.closing.lock().expect("no look panics");
            (*self.handle.get()).take()
        };
        drop(handle);
    }
}

/// Rust's memory comes from the program, where the harness counts it.
struct Counted;

extern "C" {
    fn sluice_allocate(size: usize, alignment: usize) -> *mut u8;
    fn sluice_release(memory: *mut u8, alignment: usize);
}

unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        sluice_allocate(layout.size(), layout.align())
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        sluice_release(memory, layout.align())
    }
}

#[global_allocator]
static MEMORY: Counted = Counted;

type Destroy = extern "C" fn(u64);
type CopyFn = extern "C" fn(u64) -> u64;

/// The functions of channel.h.
#[repr(C)]
pub struct Functions {
    make: extern "C" fn(i64, Destroy) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
    send: unsafe extern "C" fn(*mut c_void, u64, i64) -> c_int,
    recv: unsafe extern "C" fn(*mut c_void, *mut u64, i64) -> c_int,
    close_senders: unsafe extern "C" fn(*mut c_void),
    close_receivers: unsafe extern "C" fn(*mut c_void),
    size: unsafe extern "C" fn(*mut c_void) -> u64,
}

impl Functions {
    pub const fn of<C: Channel>() -> Self {
        Functions {
            make: make::<C>,
            free: free::<C>,
            send: send::<C>,
            recv: recv::<C>,
            close_senders: close_senders::<C>,
            close_receivers: close_receivers::<C>,
            size: size::<C>,
        }
    }
}

/// Exports a channel to C++ under a name: `export_channel!(my_channel, MyChannel);`
#[macro_export]
macro_rules! export_channel {
    ($name:ident, $channel:ty) => {
        #[no_mangle]
        #[allow(non_upper_case_globals)]
        pub static $name: $crate::Functions = $crate::Functions::of::<$channel>();
    };
}

struct Shared<C> {
    channel: C,
    destroy: Destroy,
}

const OK: c_int = 0;
const DISCONNECTED: c_int = 1;
const NOT_NOW: c_int = 2;

unsafe fn shared<'a, C>(channel: *mut c_void) -> &'a Shared<C> {
    &*(channel as *const Shared<C>)
}

extern "C" fn make<C: Channel>(capacity: i64, destroy: Destroy) -> *mut c_void {
    let channel = C::make(usize::try_from(capacity).ok());
    Box::into_raw(Box::new(Shared { channel, destroy })) as *mut c_void
}

unsafe extern "C" fn free<C>(channel: *mut c_void) {
    drop(Box::from_raw(channel as *mut Shared<C>));
}

unsafe extern "C" fn send<C: Channel>(channel: *mut c_void, number: u64, wait: i64) -> c_int {
    let shared = shared::<C>(channel);
    let message = Message {
        number,
        destroy: shared.destroy,
    };
    let (back, why) = match shared.channel.send(message, Wait::of(wait)) {
        Ok(()) => return OK,
        Err(Unsent::Disconnected(message)) => (message, DISCONNECTED),
        Err(Unsent::NotNow(message)) => (message, NOT_NOW),
    };
    back.into_number();
    why
}

unsafe extern "C" fn recv<C: Channel>(channel: *mut c_void, number: *mut u64, wait: i64) -> c_int {
    match shared::<C>(channel).channel.recv(Wait::of(wait)) {
        Ok(message) => {
            *number = message.into_number();
            OK
        }
        Err(Unreceived::Disconnected) => DISCONNECTED,
        Err(Unreceived::NotNow) => NOT_NOW,
    }
}

unsafe extern "C" fn close_senders<C: Channel>(channel: *mut c_void) {
    shared::<C>(channel).channel.close_senders()
}

unsafe extern "C" fn close_receivers<C: Channel>(channel: *mut c_void) {
    shared::<C>(channel).channel.close_receivers()
}

unsafe extern "C" fn size<C: Channel>(channel: *mut c_void) -> u64 {
    shared::<C>(channel).channel.len() as u64
}

/// The functions of a broadcast in channel.h.
#[repr(C)]
pub struct BroadcastFunctions {
    make: extern "C" fn(u64, CopyFn, Destroy) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
    send: unsafe extern "C" fn(*mut c_void, u64) -> u64,
    subscribe: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    unsubscribe: unsafe extern "C" fn(*mut c_void),
    recv: unsafe extern "C" fn(*mut c_void, *mut u64, *mut u64, i64) -> c_int,
    close_senders: unsafe extern "C" fn(*mut c_void),
    capacity: unsafe extern "C" fn(*mut c_void) -> u64,
}

impl BroadcastFunctions {
    pub const fn of<B: Broadcast>() -> Self {
        BroadcastFunctions {
            make: make_broadcast::<B>,
            free: free_broadcast::<B>,
            send: send_to_all::<B>,
            subscribe: subscribe::<B>,
            unsubscribe: unsubscribe::<B>,
            recv: recv_copy::<B>,
            close_senders: close_broadcast::<B>,
            capacity: capacity::<B>,
        }
    }
}

/// Exports a broadcast to C++ under a name: `export_broadcast!(my_broadcast, MyBroadcast);`
#[macro_export]
macro_rules! export_broadcast {
    ($name:ident, $broadcast:ty) => {
        #[no_mangle]
        #[allow(non_upper_case_globals)]
        pub static $name: $crate::BroadcastFunctions = $crate::BroadcastFunctions::of::<$broadcast>();
    };
}

struct SharedBroadcast<B> {
    broadcast: B,
    copy: CopyFn,
    destroy: Destroy,
}

unsafe fn shared_broadcast<'a, B>(broadcast: *mut c_void) -> &'a SharedBroadcast<B> {
    &*(broadcast as *const SharedBroadcast<B>)
}

extern "C" fn make_broadcast<B: Broadcast>(capacity: u64, copy: CopyFn, destroy: Destroy) -> *mut c_void {
    let broadcast = B::make(usize::try_from(capacity).expect("a capacity is a size"));
    Box::into_raw(Box::new(SharedBroadcast {
        broadcast,
        copy,
        destroy,
    })) as *mut c_void
}

unsafe extern "C" fn free_broadcast<B>(broadcast: *mut c_void) {
    drop(Box::from_raw(broadcast as *mut SharedBroadcast<B>));
}

unsafe extern "C" fn send_to_all<B: Broadcast>(broadcast: *mut c_void, number: u64) -> u64 {
    let shared = shared_broadcast::<B>(broadcast);
    let message = Message {
        number,
        destroy: shared.destroy,
    };
    let copied = CopiedMessage {
        message,
        copy: shared.copy,
        not_sync: PhantomData,
    };
    match shared.broadcast.send(copied) {
        Ok(receivers) => receivers as u64,
        Err(back) => {
            back.message.into_number();
            0
        }
    }
}

unsafe extern "C" fn subscribe<B: Broadcast>(broadcast: *mut c_void) -> *mut c_void {
    Box::into_raw(Box::new(shared_broadcast::<B>(broadcast).broadcast.subscribe())) as *mut c_void
}

unsafe extern "C" fn unsubscribe<B: Broadcast>(receiver: *mut c_void) {
    drop(Box::from_raw(receiver as *mut B::Receiver));
}

unsafe extern "C" fn recv_copy<B: Broadcast>(
    receiver: *mut c_void,
    number: *mut u64,
    missed: *mut u64,
    wait: i64,
) -> c_int {
    match (*(receiver as *mut B::Receiver)).recv(Wait::of(wait)) {
        Ok(copied) => {
            *number = copied.message.into_number();
            OK
        }
        Err(Unread::Missed(count)) => {
            *missed = count.get();
            OK
        }
        Err(Unread::Disconnected) => DISCONNECTED,
        Err(Unread::NotNow) => NOT_NOW,
    }
}

unsafe extern "C" fn close_broadcast<B: Broadcast>(broadcast: *mut c_void) {
    shared_broadcast::<B>(broadcast).broadcast.close_senders()
}

unsafe extern "C" fn capacity<B: Broadcast>(broadcast: *mut c_void) -> u64 {
    shared_broadcast::<B>(broadcast).broadcast.capacity() as u64
}
