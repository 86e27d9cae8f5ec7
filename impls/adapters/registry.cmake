# Third-party channels and queues. Those that are not installed are left out, with a message.
function(_sluice_adapter name found)
  if(NOT ${found})
    message(STATUS "sluice: ${name} is not installed: its adapter is left out")
    return()
  endif()
  # Fences, and code that is not compiled here, look like races to it.
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=thread" AND NOT name STREQUAL "atomic_queue")
    message(STATUS "sluice: ThreadSanitizer cannot see how ${name} synchronizes: its adapter is left out")
    return()
  endif()
  sluice_channel(${name} HEADER ${name}.hpp TYPE sluice::adapters::${name} ROLE third_party ${ARGN})
endfunction()

find_path(ATOMIC_QUEUE_INCLUDE_DIR atomic_queue/atomic_queue.h)
find_path(CONCURRENTQUEUE_INCLUDE_DIR concurrentqueue/blockingconcurrentqueue.h)
find_path(READERWRITERQUEUE_INCLUDE_DIR readerwriterqueue/readerwriterqueue.h)
mark_as_advanced(ATOMIC_QUEUE_INCLUDE_DIR CONCURRENTQUEUE_INCLUDE_DIR READERWRITERQUEUE_INCLUDE_DIR)
find_package(TBB QUIET)
find_package(Boost QUIET COMPONENTS fiber)

# A sender that stalls between two steps for a whole lap of the ring sends out of order.
_sluice_adapter(atomic_queue ATOMIC_QUEUE_INCLUDE_DIR MODELS SHADOWED KNOWN_VIOLATIONS model/exhaustive
                model/two_producers model/batches_sent_by_two model/reuse_by_two model/append_by_two model/tried_by_two)
_sluice_adapter(moodycamel CONCURRENTQUEUE_INCLUDE_DIR MODELS SHADOWED)
_sluice_adapter(readerwriterqueue READERWRITERQUEUE_INCLUDE_DIR MODELS SHADOWED)
_sluice_adapter(readerwriterqueue_adapted READERWRITERQUEUE_INCLUDE_DIR MODELS SHADOWED BENCHMARKS OFF)
# In C++20, a node that is used again forgets its tag against ABA.
_sluice_adapter(boost_lockfree Boost_FOUND MODELS SHADOWED
                KNOWN_VIOLATIONS model/append_by_two model/reuse_by_two)
_sluice_adapter(boost_spsc Boost_FOUND MODELS SHADOWED)
# They wait inside compiled libraries, where no model sees them.
_sluice_adapter(tbb_bounded TBB_FOUND MODELS OFF LIBRARIES TBB::tbb)
# Its timed receives lose wake-ups.
_sluice_adapter(boost_fiber Boost_FIBER_FOUND MODELS OFF LIBRARIES Boost::fiber KNOWN_VIOLATIONS
                property/linearizable property/small_scenarios property/monitored)
