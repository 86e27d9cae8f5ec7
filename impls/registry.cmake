# The registered channels: sluice_channel() makes property, model and benchmark runners for each.

sluice_channel(mutex HEADER sluice/cores/mutex.hpp TYPE sluice::cores::mutex ROLE baseline)
sluice_channel(lock_free HEADER sluice/cores/lock_free.hpp TYPE sluice::cores::lock_free)
sluice_channel(mpsc_list HEADER sluice/cores/lock_free.hpp TYPE sluice::cores::mpsc_list)
sluice_channel(sync HEADER sluice/cores/sync.hpp TYPE sluice::cores::sync)
sluice_channel(spsc_ring HEADER sluice/cores/spsc_ring.hpp TYPE sluice::cores::spsc_ring)
sluice_channel(spsc_list HEADER sluice/cores/spsc_list.hpp TYPE sluice::cores::spsc_list)
sluice_channel(rendezvous HEADER sluice/cores/rendezvous.hpp TYPE sluice::cores::rendezvous)
# Facades: one type for every capacity.
sluice_channel(mpmc HEADER sluice/mpmc.hpp TYPE sluice::cores::mpmc ROLE facade)
sluice_channel(mpsc HEADER sluice/mpsc.hpp TYPE sluice::cores::mpsc ROLE facade)
sluice_channel(spsc HEADER sluice/spsc.hpp TYPE sluice::cores::spsc_by_capacity ROLE facade)
sluice_channel(broadcast HEADER sluice/broadcast.hpp TYPE sluice::cores::broadcast KIND broadcast ROLE facade)
sluice_channel(oneshot HEADER sluice/oneshot.hpp TYPE sluice::cores::oneshot KIND oneshot ROLE facade)

# A queue of P0260, as any that models its concepts.
sluice_channel(bounded_queue HEADER sluice/bounded_queue.hpp TYPE sluice::bounded_queue BENCHMARKS OFF)

# Third-party channels, where installed: adapters/README.md says what each promises and what was found.
if(SLUICE_PROPERTIES)
  include(${CMAKE_CURRENT_LIST_DIR}/adapters/registry.cmake)
  include(${CMAKE_CURRENT_LIST_DIR}/languages/registry.cmake)
endif()

# Faulty channels, with one known mistake each: the named checks must catch them.
sluice_channel(silent_try_send HEADER faulty/condvar.hpp TYPE sluice::faulty::silent_try_send
               CAUGHT_BY property/linearizable property/receiver_wakes model/woken_by_try)
sluice_channel(if_for_while HEADER faulty/condvar.hpp TYPE sluice::faulty::if_for_while
               CAUGHT_BY property/linearizable model/handoff)
sluice_channel(one_for_all HEADER faulty/condvar.hpp TYPE sluice::faulty::one_for_all
               CAUGHT_BY property/linearizable property/senders_disconnected_wakes model/sender_leaves_two)
sluice_channel(rearmed_timeout HEADER faulty/condvar.hpp TYPE sluice::faulty::rearmed_timeout
               CAUGHT_BY property/spurious_wakeups)
sluice_channel(gives_up_late HEADER faulty/condvar.hpp TYPE sluice::faulty::gives_up_late
               CAUGHT_BY model/late_receiver)
sluice_channel(unlocked_size HEADER faulty/condvar.hpp TYPE sluice::faulty::unlocked_size
               CAUGHT_BY model/sized_after_send)
sluice_channel(compared_positions HEADER faulty/capacity.hpp TYPE sluice::faulty::compared_positions
               CAUGHT_BY property/exact_capacity model/room_for_four)
sluice_channel(stale_disconnect HEADER faulty/condvar.hpp TYPE sluice::faulty::stale_disconnect
               CAUGHT_BY model/emptied_by_two)
sluice_channel(one_wake_per_batch HEADER faulty/batches.hpp TYPE sluice::faulty::one_wake_per_batch
               CAUGHT_BY model/batch_wakes_two)
sluice_channel(one_wake_per_room HEADER faulty/batches.hpp TYPE sluice::faulty::one_wake_per_room
               CAUGHT_BY model/batch_makes_room_for_two)
sluice_channel(lost_rest HEADER faulty/batches.hpp TYPE sluice::faulty::lost_rest
               CAUGHT_BY property/linearizable model/batch_handoff)
sluice_channel(half_close HEADER faulty/conqueue.hpp TYPE sluice::faulty::half_close
               CAUGHT_BY property/linearizable model/receiver_leaves_two model/close_among_senders)
sluice_channel(drop_under_lock HEADER faulty/condvar.hpp TYPE sluice::faulty::drop_under_lock
               CAUGHT_BY property/busy_messages)
sluice_channel(stranded_send HEADER faulty/condvar.hpp TYPE sluice::faulty::stranded_send
               CAUGHT_BY property/linearizable)
sluice_channel(rounded_capacity HEADER faulty/capacity.hpp TYPE sluice::faulty::rounded_capacity
               CAUGHT_BY property/sequential property/exact_capacity model/room_for_four)
sluice_channel(one_too_many HEADER faulty/capacity.hpp TYPE sluice::faulty::one_too_many
               CAUGHT_BY property/linearizable property/exact_capacity)
sluice_channel(unpublished HEADER faulty/capacity.hpp TYPE sluice::faulty::unpublished
               CAUGHT_BY property/sequential)
sluice_channel(undestroyed HEADER faulty/storage.hpp TYPE sluice::faulty::undestroyed
               CAUGHT_BY property/linearizable property/aligned_messages)
sluice_channel(subqueues HEADER faulty/storage.hpp TYPE sluice::faulty::subqueues CAUGHT_BY property/linearizable)
sluice_channel(ghost_receiver HEADER faulty/line.hpp TYPE sluice::faulty::ghost_receiver
               CAUGHT_BY property/linearizable)
sluice_channel(stale_wake_token HEADER faulty/line.hpp TYPE sluice::faulty::stale_wake_token
               CAUGHT_BY property/linearizable)
sluice_channel(kept_buffer HEADER faulty/lifetime.hpp TYPE sluice::faulty::kept_buffer
               CAUGHT_BY property/linearizable property/receivers_disconnected)
sluice_channel(late_free HEADER faulty/lifetime.hpp TYPE sluice::faulty::late_free CAUGHT_BY model/both_leave)
sluice_channel(double_discard HEADER faulty/lifetime.hpp TYPE sluice::faulty::double_discard
               CAUGHT_BY model/sent_into_the_void)
sluice_channel(overflowed_deadline HEADER faulty/overflowed_deadline.hpp TYPE sluice::faulty::overflowed_deadline
               CAUGHT_BY property/linearizable property/deadlines)
sluice_channel(tail_before_head HEADER faulty/list.hpp TYPE sluice::faulty::tail_before_head
               CAUGHT_BY property/linearizable)
sluice_channel(reused_node HEADER faulty/list.hpp TYPE sluice::faulty::reused_node CAUGHT_BY property/linearizable)
sluice_channel(loser_destroys HEADER faulty/list.hpp TYPE sluice::faulty::loser_destroys
               CAUGHT_BY property/linearizable)
sluice_channel(block_edge_empty HEADER faulty/list.hpp TYPE sluice::faulty::block_edge_empty
               CAUGHT_BY property/sequential)
sluice_channel(weak_publish HEADER faulty/weak_publish.hpp TYPE sluice::faulty::weak_publish CAUGHT_BY model/handoff)
sluice_channel(select_rendezvous HEADER faulty/select.hpp TYPE sluice::faulty::select_rendezvous
               CAUGHT_BY model/selects_meet model/selects_cross)
sluice_channel(forgotten_arm HEADER faulty/select.hpp TYPE sluice::faulty::forgotten_arm
               CAUGHT_BY model/loser_is_sent_to model/recv_stopped model/stop_passed_on)
sluice_channel(barging HEADER faulty/barging.hpp TYPE sluice::faulty::barging
               CAUGHT_BY property/bounded_bypass model/sender_overtaken model/receiver_overtaken)
sluice_channel(close_takes_slot HEADER faulty/broadcast.hpp TYPE sluice::faulty::close_takes_slot KIND broadcast
               CAUGHT_BY property/linearizable model/end_after_last)
sluice_channel(lag_of_two_looks HEADER faulty/broadcast.hpp TYPE sluice::faulty::lag_of_two_looks KIND broadcast
               CAUGHT_BY property/every_message_or_missed model/overtaken)
sluice_channel(copies_concurrently HEADER faulty/broadcast.hpp TYPE sluice::faulty::copies_concurrently KIND broadcast
               CAUGHT_BY property/one_copy_at_a_time)
sluice_channel(empty_after_message HEADER faulty/oneshot.hpp TYPE sluice::faulty::empty_after_message KIND oneshot
               CAUGHT_BY property/sequential property/linearizable)
sluice_channel(leaked_block HEADER faulty/lifetime.hpp TYPE sluice::faulty::leaked_block
               CAUGHT_BY property/leaves_nothing model/sent_into_the_void)
sluice_channel(destroyed_again HEADER faulty/storage.hpp TYPE sluice::faulty::destroyed_again
               CAUGHT_BY property/lifetime model/handoff)
sluice_channel(copied_if_possible HEADER faulty/storage.hpp TYPE sluice::faulty::copied_if_possible
               CAUGHT_BY property/lifetime)
sluice_channel(ghost_sender HEADER faulty/line.hpp TYPE sluice::faulty::ghost_sender
               CAUGHT_BY property/linearizable model/room_passed_on)
sluice_channel(room_given_back HEADER faulty/line.hpp TYPE sluice::faulty::room_given_back
               CAUGHT_BY model/late_sender)
sluice_channel(erased_while_walking HEADER faulty/line.hpp TYPE sluice::faulty::erased_while_walking
               CAUGHT_BY property/senders_disconnected_wakes model/sender_leaves_two)
sluice_channel(late_sender_gives_up HEADER faulty/timeouts.hpp TYPE sluice::faulty::late_sender_gives_up
               CAUGHT_BY property/linearizable model/send_expires)
sluice_channel(late_receiver_gives_up HEADER faulty/timeouts.hpp TYPE sluice::faulty::late_receiver_gives_up
               CAUGHT_BY property/linearizable model/recv_expires)
sluice_channel(stub_in_list_twice HEADER faulty/stub.hpp TYPE sluice::faulty::stub_in_list_twice
               CAUGHT_BY model/reuse)
