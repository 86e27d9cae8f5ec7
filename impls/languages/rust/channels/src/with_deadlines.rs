//! crossbeam-channel and flume: two libraries with the same names.

macro_rules! channel_with_deadlines {
    ($module:ident, $library:ident) => {
        pub mod $module {
            use sluice_channel::{Channel, Message, Side, Unreceived, Unsent, Wait};
            use $library::{
                bounded, unbounded, Receiver, RecvTimeoutError, SendTimeoutError, Sender, TryRecvError, TrySendError,
            };

            pub struct Mpmc {
                sender: Side<Sender<Message>>,
                receiver: Side<Receiver<Message>>,
            }

            impl Channel for Mpmc {
                fn make(capacity: Option<usize>) -> Self {
                    let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
                    Mpmc {
                        sender: Side::new(sender),
                        receiver: Side::new(receiver),
                    }
                }

                fn send(&self, message: Message, wait: Wait) -> Result<(), Unsent> {
                    let sender = self.sender.open();
                    match wait {
                        Wait::Not => sender.try_send(message).map_err(|error| match error {
                            TrySendError::Full(message) => Unsent::NotNow(message),
                            TrySendError::Disconnected(message) => Unsent::Disconnected(message),
                        }),
                        Wait::Until(deadline) => sender
                            .send_deadline(message, deadline)
                            .map_err(|error| match error {
                                SendTimeoutError::Timeout(message) => Unsent::NotNow(message),
                                SendTimeoutError::Disconnected(message) => Unsent::Disconnected(message),
                            }),
                        Wait::ForEver => sender
                            .send(message)
                            .map_err(|error| Unsent::Disconnected(error.0)),
                    }
                }

                fn recv(&self, wait: Wait) -> Result<Message, Unreceived> {
                    let receiver = self.receiver.open();
                    match wait {
                        Wait::Not => receiver.try_recv().map_err(|error| match error {
                            TryRecvError::Empty => Unreceived::NotNow,
                            TryRecvError::Disconnected => Unreceived::Disconnected,
                        }),
                        Wait::Until(deadline) => receiver.recv_deadline(deadline).map_err(|error| match error {
                            RecvTimeoutError::Timeout => Unreceived::NotNow,
                            RecvTimeoutError::Disconnected => Unreceived::Disconnected,
                        }),
                        Wait::ForEver => receiver.recv().map_err(|_| Unreceived::Disconnected),
                    }
                }

                fn close_senders(&self) {
                    unsafe { self.sender.close() }
                }

                fn close_receivers(&self) {
                    unsafe { self.receiver.close() }
                }

                fn len(&self) -> usize {
                    let of_receiver = || self.receiver.look(Receiver::len);
                    self.sender.look(Sender::len).or_else(of_receiver).unwrap_or(0)
                }
            }
        }
    };
}

channel_with_deadlines!(crossbeam, crossbeam_channel);
channel_with_deadlines!(flume, flume);
