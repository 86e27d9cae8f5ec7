# One line an implementation: sluice_channel() makes of it a property, a model and a benchmark program.

sluice_channel(mutex HEADER sluice/cores/mutex.hpp TYPE sluice::cores::mutex)
sluice_channel(lock_free HEADER sluice/cores/lock_free.hpp TYPE sluice::cores::lock_free)
sluice_channel(sync HEADER sluice/cores/sync.hpp TYPE sluice::cores::sync)
sluice_channel(rendezvous HEADER sluice/cores/rendezvous.hpp TYPE sluice::cores::rendezvous)
sluice_channel(broadcast HEADER sluice/broadcast.hpp TYPE sluice::cores::broadcast KIND broadcast)
sluice_channel(oneshot HEADER sluice/oneshot.hpp TYPE sluice::cores::oneshot KIND oneshot)

# Channels with one known mistake each: the named checks must catch them.
sluice_channel(silent_try_send HEADER faulty/condvar.hpp TYPE sluice::faulty::silent_try_send
               CAUGHT_BY property/receiver_wakes model/woken_by_try)
sluice_channel(if_for_while HEADER faulty/condvar.hpp TYPE sluice::faulty::if_for_while CAUGHT_BY model/handoff)
sluice_channel(one_for_all HEADER faulty/condvar.hpp TYPE sluice::faulty::one_for_all
               CAUGHT_BY property/senders_gone_wakes model/sender_leaves_two)
sluice_channel(rounded_capacity HEADER faulty/condvar.hpp TYPE sluice::faulty::rounded_capacity
               CAUGHT_BY property/exact_capacity property/sequential model/room_for_four)
sluice_channel(kept_buffer HEADER faulty/kept_buffer.hpp TYPE sluice::faulty::kept_buffer
               CAUGHT_BY property/receivers_gone)
sluice_channel(overflowed_deadline HEADER faulty/overflowed_deadline.hpp TYPE sluice::faulty::overflowed_deadline
               CAUGHT_BY property/deadlines)
sluice_channel(weak_publish HEADER faulty/weak_publish.hpp TYPE sluice::faulty::weak_publish CAUGHT_BY model/handoff)
sluice_channel(select_rendezvous HEADER faulty/select.hpp TYPE sluice::faulty::select_rendezvous
               CAUGHT_BY model/selects_meet model/selects_cross)
sluice_channel(forgotten_arm HEADER faulty/select.hpp TYPE sluice::faulty::forgotten_arm
               CAUGHT_BY model/loser_is_sent_to)
sluice_channel(close_takes_slot HEADER faulty/broadcast.hpp TYPE sluice::faulty::close_takes_slot KIND broadcast
               CAUGHT_BY model/end_after_last)
sluice_channel(lag_of_two_looks HEADER faulty/broadcast.hpp TYPE sluice::faulty::lag_of_two_looks KIND broadcast
               CAUGHT_BY model/overtaken)
